package detect

import (
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// lone is a hello answered one RTT later by one reset, changed by with.
func lone(rtt float64, with func(*fact.Flow, *fact.Reset)) func() *fact.Flow {
	return func() *fact.Flow {
		f := tlsFlow(rtt)
		r := serverRST(f, 5, 2*rtt+12)
		with(f, &r)
		f.Resets = []fact.Reset{r}
		return f
	}
}

func b1() *fact.Flow {
	f := tlsFlow(40)
	serverSends(f, 4, 5, 90)
	r := serverRST(f, 9, 91)
	r.PrevSame, r.CoverAge = ms(90), fact.Some(dur(41))
	f.Resets = []fact.Reset{r}
	return f
}

func b2(f *fact.Flow, r *fact.Reset) {
	r.Time = f.Hello.First.Time + int64(5*time.Millisecond)
	r.Ack, r.AckAhead, r.Covers, r.CoverAge = clientISN+1, fact.Some(int32(-helloLen)), fact.Mark{}, fact.Opt[time.Duration]{}
}

func b3() *fact.Flow {
	f := synFlow()
	f.Sides[fact.Up].SYNCount, f.Sides[fact.Up].Packets = 3, 3
	for i := range 3 {
		r := refusal(f, uint64(2+2*i), 40+500*float64(i))
		r.RSTBefore[fact.Down], r.UpPackets = i > 0, uint32(i+1)
		f.Resets = append(f.Resets, r)
	}
	return f
}

// b4: the client is killed while five segments are under way; each is answered.
func b4() *fact.Flow {
	f := tlsFlow(40)
	serverSends(f, 5, 5, 90)
	for i := range 5 {
		r := bareRST(f, uint64(10+i), 91+float64(i)/10, fact.Up)
		r.Offenders, r.DownPackets, r.SeqAhead = uint32(5), 6, fact.Some(int32(0))
		f.Resets = append(f.Resets, r)
	}
	return f
}

func b5() *fact.Flow {
	f := tlsFlow(40)
	f.Handshake, f.Hello = false, fact.Hello{}
	f.Sides[fact.Up].Packets, f.Sides[fact.Up].Payload, f.Sides[fact.Up].NextSeq = 1, 0, clientISN+1
	r := bareRST(f, 3, 41, fact.Up)
	r.HandshakeOK, r.UpBytes, r.UpPackets = false, 0, 1
	f.Resets = []fact.Reset{r}
	return f
}

func b6() *fact.Flow {
	f := b4()
	f.Names.AlertUp = fact.Some(uint8(42))
	f.Resets = f.Resets[:1]
	f.Resets[0].FINBefore[fact.Up] = true
	f.FINs = []fact.FIN{{Num: 7, Time: ms(90), Dir: fact.Up, Seq: helloEnd, Flags: capture.FIN | capture.ACK, TTL: 63}}
	return f
}

// idleThen is a flow that worked, was silent for some seconds, then was reset.
func idleThen(seconds float64, ttl uint8, resumed bool) func() *fact.Flow {
	return func() *fact.Flow {
		f := tlsFlow(40)
		serverSends(f, 3, 5, 90)
		at := 90 + seconds*1000
		r := bareRST(f, 9, at, fact.Down)
		r.TTL, r.PrevSame, r.PrevOther, r.SeqAhead, r.Offenders = ttl, ms(90), ms(91), fact.Some(int32(0)), 0
		if resumed {
			r.PrevOther, r.Offenders = ms(at-40), 1
		}
		f.Resets = []fact.Reset{r}
		return f
	}
}

func b10(f *fact.Flow, r *fact.Reset) {
	down := &f.Sides[fact.Down]
	down.TTL, down.TTLs, down.TTLMin, down.TTLMax = fact.Some(uint8(52)), [4]uint8{52, 51, 53}, 51, 53
	r.TTL = 51
}

// b38: behind a router that offloads flows the reset is the first that is seen of
// either direction for long.
func b38() *fact.Flow {
	f := tlsFlow(40)
	r := bareRST(f, 9, 500, fact.Down)
	r.HasAck, r.Seq, r.Ack = true, r.Seq+46303, f.Sides[fact.Up].NextSeq+1016
	r.SeqAhead, r.Offenders = fact.Some(int32(46303)), 0
	f.Resets = []fact.Reset{r}
	return f
}

// b11: another site of an anycast address resets while four segments of the
// first are under way.
func b11() *fact.Flow {
	f := tlsFlow(40)
	serverSends(f, 6, 5, 90)
	r := bareRST(f, 11, 130, fact.Down)
	r.TTL, r.SeqAhead, r.PrevSame, r.Offenders = 53, fact.Some(int32(0)), ms(90), 2
	f.Resets = []fact.Reset{r}
	f.AfterReset[fact.Down] = fact.After{NewData: 4, NewPackets: []uint64{12, 13, 14, 15}, TSLater: true,
		FirstNew: fact.Mark{Num: 12, Time: ms(160), SeqEnd: r.Seq + 1460}, LastNew: fact.Mark{Num: 15, Time: ms(161), SeqEnd: r.Seq + 5840}}
	return f
}

func b14(f *fact.Flow, r *fact.Reset) {
	r.SeqAhead, r.Seq = fact.Some(int32(1)), r.Seq+1
	f.AfterReset[fact.Down].ChallengeAck = fact.Mark{Num: 6, Time: r.Time + 1000}
}

func withExact(f *fact.Flow) *fact.Flow {
	r := bareRST(f, 7, 140, fact.Down)
	r.Seq, r.SeqAhead, r.RSTBefore[fact.Down], r.UpPackets = f.Sides[fact.Up].MaxAck, fact.Some(int32(0)), true, 4
	f.Resets = append(f.Resets, r)
	return f
}

func b15(f *fact.Flow, r *fact.Reset) {
	r.Seq, r.SeqAhead, r.GapBefore = r.Seq+2920, fact.Some(int32(2920)), true
	f.Blind |= fact.BlindGap
}

// b16: one frame of 44 segments under way, each answered; packets count segments.
func b16() *fact.Flow {
	f := tlsFlow(40)
	f.Blind |= fact.BlindSnaplen
	f.Sides[fact.Up].Packets += 44
	for i := range 8 {
		r := bareRST(f, uint64(6+i), 92+float64(i)/10, fact.Down)
		r.Offenders, r.UpPackets, r.SeqAhead = 44, 47, fact.Some(int32(0))
		f.Resets = append(f.Resets, r)
	}
	return f
}

func scan(with func(*fact.Side)) func() *fact.Flow {
	return func() *fact.Flow {
		f := synFlow()
		up := &f.Sides[fact.Up]
		up.MSS, up.SACKOK, up.WScale = fact.Opt[uint16]{}, false, fact.Opt[uint8]{}
		with(up)
		f.Resets = []fact.Reset{refusal(f, 2, 40)}
		return f
	}
}

func TestInnocentResetsStayBelowTheirCeiling(t *testing.T) {
	seen := finding.ResetSeen
	none := func(*fact.Flow, *fact.Reset) {}
	for _, tc := range []resetCaseTest{
		{name: "a lone well-formed reset one RTT after the hello", flow: lone(40, none), verdict: finding.Unexplained, kind: seen, packets: []uint64{5}},
		{name: "B1 the server aborts in the middle of a response", flow: b1, verdict: finding.Unexplained, kind: seen, packets: []uint64{9}},
		{name: "B2 the server aborts right after accept", flow: lone(40, b2), verdict: finding.Unexplained, kind: seen, counts: "R2/M", packets: []uint64{5, 4}},
		{name: "B3 a closed port, three tries", flow: b3, verdict: finding.Benign, kind: seen, cause: "refused", packets: []uint64{2, 4, 6}},
		{name: "B4 the client is killed with data under way", flow: b4},
		{name: "B5 the loser of a race of connections", flow: b5},
		{name: "B6 the client aborts on a bad certificate", flow: b6},
		{name: "B7 a load balancer's idle timeout", flow: idleThen(60, 50, false), verdict: finding.Benign, kind: seen, cause: "idle_timeout",
			counts: "R6/M", packets: []uint64{9}},
		{name: "B8 a NAT forgot the connection over two hours", flow: idleThen(7200, 63, true), verdict: finding.Benign, kind: seen, cause: "idle_timeout",
			counts: "R6/S", packets: []uint64{9}},
		{name: "B9 another initial TTL at the same distance", flow: lone(40, func(f *fact.Flow, r *fact.Reset) { r.TTL = 47 + 64 }),
			verdict: finding.Unexplained, kind: seen, packets: []uint64{5}},
		{name: "B10 routes that alternate", flow: lone(40, b10), verdict: finding.Unexplained, kind: seen, packets: []uint64{5}},
		{name: "B38 a router offloads the flow", flow: b38, verdict: finding.Unexplained, kind: finding.ResetSeen, packets: []uint64{9}},
		{name: "B11 an anycast route flaps", flow: b11, verdict: finding.Likely, kind: finding.ResetInjected, how: "race",
			counts: "R1/S R6/S", packets: []uint64{11, 12, 13, 14, 15}},
		{name: "B12 the last data was overtaken by the reset", flow: lone(40, func(f *fact.Flow, r *fact.Reset) { f.AfterReset[fact.Down].Guarded = 1 }),
			verdict: finding.Unexplained, kind: seen, packets: []uint64{5}},
		{name: "B13 the 4-tuple was used again", flow: func() *fact.Flow { f := lone(40, none)(); f.End = fact.EndReuse; return f },
			verdict: finding.Unexplained, kind: seen, packets: []uint64{5}},
		{name: "B14 the peer lost its state and says so", flow: func() *fact.Flow { return withExact(lone(40, b14)()) },
			verdict: finding.Benign, kind: seen, cause: "peer_lost_state", packets: []uint64{5, 7}},
		{name: "B15 the capture lost the data before it", flow: lone(40, b15), verdict: finding.Inconclusive, kind: seen, packets: []uint64{5}},
		{name: "B16 merged frames and a short snaplen", flow: b16, verdict: finding.Unexplained, kind: seen, packets: []uint64{6, 7, 8, 9, 10, 11, 12, 13}},
		{name: "B17 a scan without TCP options", flow: scan(func(*fact.Side) {}), verdict: finding.Benign, kind: seen, cause: "scanner", packets: []uint64{2}},
		{name: "B17 a ZMap scan", flow: scan(func(s *fact.Side) { s.MSS, s.LastIPID = fact.Some(uint16(1460)), fact.Some(uint16(zmapIPID)) }),
			verdict: finding.Benign, kind: seen, cause: "scanner", packets: []uint64{2}},
		{name: "B17 an nmap scan", flow: scan(func(s *fact.Side) { s.MSS, s.Window = fact.Some(uint16(1460)), fact.Some(int64(3072)) }),
			verdict: finding.Benign, kind: seen, cause: "scanner", packets: []uint64{2}},
		{name: "B26 the first round trip was a radio's promotion", flow: b26, verdict: finding.Unexplained, kind: seen, packets: []uint64{7}},
		{name: "B27 a proxy answers the handshake", flow: lone(1, func(f *fact.Flow, r *fact.Reset) { r.Time, r.CoverAge = ms(56), fact.Some(dur(45)) }),
			verdict: finding.Unexplained, kind: seen, packets: []uint64{5}},
		{name: "B34 an MPTCP subflow", flow: lone(40, func(f *fact.Flow, r *fact.Reset) { r.MPTCPRST, r.OptsLen = true, 4 }),
			verdict: finding.Benign, kind: seen, cause: "mptcp", packets: []uint64{5}},
		{name: "B35 keepalive probes after the reset", flow: lone(40, func(f *fact.Flow, r *fact.Reset) { f.AfterReset[fact.Down].Repeats = 3 }),
			verdict: finding.Unexplained, kind: seen, counts: "R1/M", packets: []uint64{5}},
	} {
		t.Run(tc.name, tc.run)
	}
}

// b26: 900 ms for the handshake, 60 ms since; a reset 70 ms after the second
// request.
func b26() *fact.Flow {
	f := tlsFlow(900)
	serverSends(f, 1, 5, 970)
	f.Sides[fact.Up].RTT = fact.RTT{Handshake: fact.Some(dur(900)), Min: fact.Some(dur(60)), Samples: 2}
	r := serverRST(f, 7, 1170)
	r.CoverAge, r.PrevSame, r.PrevOther = fact.Some(dur(70)), ms(970), ms(1100)
	f.Resets = []fact.Reset{r}
	return f
}

func TestOneInflatedHandshakeDoesNotConvict(t *testing.T) {
	resetCaseTest{name: "the only sample is a radio's promotion", verdict: finding.Unexplained, kind: finding.ResetSeen, counts: "R2/M", packets: []uint64{5, 4},
		flow: lone(900, func(f *fact.Flow, r *fact.Reset) {
			r.Time, r.CoverAge = f.Hello.First.Time+int64(dur(300)), fact.Some(dur(300))
		})}.runAs(t)
	resetCaseTest{name: "a factor of thirty on a quick path", verdict: finding.Confirmed, kind: finding.ResetInjected, how: "race", counts: "R2/C", packets: []uint64{5, 4},
		flow: lone(60, func(f *fact.Flow, r *fact.Reset) {
			r.Time, r.CoverAge = f.Hello.First.Time+int64(dur(2)), fact.Some(dur(2))
		})}.runAs(t)
}

func TestWhoeverCapturesDoesNotAccuseItself(t *testing.T) {
	up := func(vantage string) *fact.Flow {
		f := f2()
		f.Vantage = vantage
		return f
	}
	if j := (ResetInjected{}).Judge(up("server"), &fact.World{}); len(j.Findings) != 0 || j.Stopped[0].Code != "local_side" {
		t.Errorf("a server's capture accuses its own reset: %v", j.Findings)
	}
	if j := (ResetInjected{}).Judge(up("host"), &fact.World{}); len(j.Findings) != 1 || j.Findings[0].Verdict != finding.Confirmed {
		t.Errorf("a client's capture must judge the server's reset: %v", j.Stopped)
	}
}

func TestEverydayEndsMakeNoFinding(t *testing.T) {
	for _, tc := range []resetCaseTest{
		{name: "no reset at all", flow: func() *fact.Flow { return tlsFlow(40) }},
		{name: "both sides had closed", flow: lone(40, func(f *fact.Flow, r *fact.Reset) { r.FINBefore = [2]bool{true, true} })},
		{name: "the client had reset before", flow: lone(40, func(f *fact.Flow, r *fact.Reset) { r.RSTBefore[fact.Up] = true })},
		{name: "an alert had said why", flow: lone(40, func(f *fact.Flow, r *fact.Reset) { f.Names.AlertDown = fact.Some(uint8(40)) })},
		{name: "DNS over TCP, answered", flow: lone(40, func(f *fact.Flow, r *fact.Reset) {
			f.Hello.Kind, f.DNS = "dns", []fact.DNS{{QName: "example.com", Answers: []fact.DNSAnswer{{Num: 4}}}}
		})},
		{name: "after a close, somewhere else, and too many", flow: func() *fact.Flow {
			f := climbing(0, 0, 0)
			for i := range f.Resets {
				f.Resets[i].FINBefore[fact.Down], f.Resets[i].TTL = true, 60
			}
			return f
		}},
		{name: "nothing but a reset", flow: func() *fact.Flow {
			f := &fact.Flow{Key: tlsFlow(1).Key, Blind: fact.BlindMidstream | fact.BlindOneWay}
			f.Sides[fact.Down].Packets = 1
			f.Resets = []fact.Reset{{Num: 1, Dir: fact.Down}}
			return f
		}},
		{name: "a FIN that was repeated", flow: func() *fact.Flow {
			f := finFlow()
			f.AfterFIN[fact.Down] = fact.After{NewData: 1, LastNew: fact.Mark{Num: 8, SeqEnd: f.FINs[0].Seq + 1}}
			return f
		}},
		{name: "UDP", flow: func() *fact.Flow { f := f2(); f.Key.Proto = capture.ProtoUDP; return f }},
	} {
		t.Run(tc.name, tc.run)
	}
}
