package detect

import (
	"net/netip"
	"testing"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// socketRST is a reset in the place of the server's first answer, one round trip after
// a whole hello, with the server's clock and window.
func socketRST(with func(*fact.Flow, *fact.Reset)) func() *fact.Flow {
	return func() *fact.Flow {
		f := tlsFlow(40)
		f.Names.JA4 = "t13d1516h2_8daaf6152771_02713d6af862"
		f.Sides[fact.Up].TSOK, f.Sides[fact.Down].TSOK = true, true
		f.Sides[fact.Down].LastTSval, f.Sides[fact.Down].LastTSvalAt = fact.Some(uint32(7000)), f.SYNACK.Time
		r := serverRST(f, 5, 90)
		r.TSval, r.OptsLen = fact.Some(uint32(7050)), 12
		with(f, &r)
		f.Resets = []fact.Reset{r}
		return f
	}
}

func beyond(by int32) func(*fact.Flow, *fact.Reset) {
	return func(_ *fact.Flow, r *fact.Reset) { r.Ack, r.AckAhead = r.Ack+uint32(by), fact.Some(by) }
}

// onlySYN has the reset acknowledge the SYN alone.
func onlySYN(_ *fact.Flow, r *fact.Reset) {
	r.Ack, r.AckAhead, r.Covers, r.CoverAge = clientISN+1, fact.Some(int32(-helloLen)), fact.Mark{}, fact.Opt[time.Duration]{}
}

// rewrittenSYNACK is F8: a SYN/ACK that came as RST|ACK, and so often again.
func rewrittenSYNACK(times int) *fact.Flow {
	f := synFlow()
	at := 40.0
	for i := range times {
		r := refusal(f, uint64(2+i), at)
		r.Seq, r.Window, r.OptsLen, r.MSS = 0x9e3779b9, 65160, 20, true
		r.TSval = fact.Some(uint32(7000 + at))
		f.Resets = append(f.Resets, r)
		at += 1000 * float64(int(1)<<i)
	}
	return f
}

func TestRewrittenPackets(t *testing.T) {
	injected, seen := finding.ResetInjected, finding.ResetSeen
	for _, tc := range []resetCaseTest{
		{name: "F7 acknowledges more than was said", flow: socketRST(beyond(700)), verdict: finding.Likely, kind: injected, how: "rewrite",
			counts: "R8/M R8/M R8/S", packets: []uint64{5, 4}},
		{name: "F7 the same without options: a clock is nobody's", flow: socketRST(func(f *fact.Flow, r *fact.Reset) {
			beyond(700)(f, r)
			r.TSval = fact.Opt[uint32]{}
		}), verdict: finding.Suspected, kind: injected, how: "rewrite", counts: "R8/M R8/S", packets: []uint64{5, 4}},
		{name: "F7 acknowledges the SYN alone, but echoes the hello", flow: socketRST(func(f *fact.Flow, r *fact.Reset) {
			onlySYN(f, r)
			r.Heard = f.Hello.First
		}), verdict: finding.Likely, kind: injected, how: "rewrite", counts: "R8/M R8/M R8/S", packets: []uint64{5, 4}},
		{name: "F7 acknowledges the SYN alone, a round trip after a late hello", flow: socketRST(func(f *fact.Flow, r *fact.Reset) {
			onlySYN(f, r)
			r.Time, r.TSval = f.Hello.First.Time+int64(dur(41)), fact.Opt[uint32]{}
		}), verdict: finding.Suspected, kind: injected, how: "race", counts: "R8/M R8/M", packets: []uint64{5, 4}},
		{name: "B2 acknowledges the SYN alone, the hello came with the handshake", flow: socketRST(func(f *fact.Flow, r *fact.Reset) {
			onlySYN(f, r)
			f.Hello.First.Time = f.SYNACK.Time + int64(dur(1))
			r.Time = f.Hello.First.Time + int64(dur(40))
		}), verdict: finding.Unexplained, kind: seen, packets: []uint64{5}},
		{name: "B15 acknowledges more than the capture has of a hello that is not whole", flow: socketRST(func(f *fact.Flow, r *fact.Reset) {
			beyond(700)(f, r)
			f.Names.JA4 = ""
			r.TSval = fact.Opt[uint32]{}
		}), verdict: finding.Unexplained, kind: seen, packets: []uint64{5}},
		{name: "B18 a well-formed reset of a socket when the first answer is due", flow: socketRST(func(*fact.Flow, *fact.Reset) {}),
			verdict: finding.Unexplained, kind: seen, packets: []uint64{5}},
		{name: "B38 ahead in both directions", flow: socketRST(func(f *fact.Flow, r *fact.Reset) {
			beyond(700)(f, r)
			r.Seq, r.SeqAhead = r.Seq+9000, fact.Some(int32(9000))
		}), verdict: finding.Unexplained, kind: seen, packets: []uint64{5}},
		{name: "F8 a refusal with the options of a SYN/ACK", flow: func() *fact.Flow { return rewrittenSYNACK(1) },
			verdict: finding.Suspected, kind: injected, how: "rewrite", counts: "R8/M R8/S", packets: []uint64{2, 1}},
		{name: "F8 which comes again as SYN/ACKs do", flow: func() *fact.Flow { return rewrittenSYNACK(3) },
			verdict: finding.Likely, kind: injected, how: "rewrite", counts: "R8/M R8/S R8/S", packets: []uint64{2, 3, 4, 1}},
		{name: "B3 a refusal with a number of its own and nothing else", flow: func() *fact.Flow {
			f := rewrittenSYNACK(1)
			f.Resets[0].MSS, f.Resets[0].OptsLen, f.Resets[0].Window = false, 0, 0
			return f
		}, verdict: finding.Unexplained, kind: seen, counts: "R8/M", packets: []uint64{2, 1}},
	} {
		t.Run(tc.name, tc.run)
	}
}

// unread is B1 on a busy host: the server aborts, and its kernel answers each of the
// client's packets under way, half a second late.
func unread(bareOnes int, late uint32) *fact.Flow {
	f := tlsFlow(40)
	serverSends(f, 6, 5, 90)
	a := serverRST(f, 20, 400)
	a.Covers, a.PrevOtherNum, a.Offenders = fact.Mark{Num: 12}, 19, 0 // a pure ACK was the last
	f.Resets = []fact.Reset{a}
	for i := range bareOnes {
		r := bareRST(f, uint64(21+i), 410+float64(i), fact.Down)
		r.SeqAhead, r.Offenders, r.Late, r.UpPackets, r.RSTBefore[fact.Down] = fact.Some(int32(0)), 0, late, a.UpPackets, true
		f.Resets = append(f.Resets, r)
	}
	return f
}

func TestRepliesOfABusyHostAreNoTrain(t *testing.T) {
	seen := finding.ResetSeen
	for _, tc := range []resetCaseTest{
		{name: "B1 one reply to each packet", flow: func() *fact.Flow { return unread(4, 4) }, verdict: finding.Unexplained, kind: seen, packets: []uint64{20, 21, 22, 23, 24}},
		{name: "B1 more packets had passed than are remembered", flow: func() *fact.Flow {
			f := unread(4, 0)
			for i := range f.Resets {
				f.Resets[i].Forgotten = true
			}
			return f
		}, verdict: finding.Unexplained, kind: seen, packets: []uint64{20, 21, 22, 23, 24}},
		{name: "R5 more replies than packets", flow: func() *fact.Flow { return unread(4, 1) }, verdict: finding.Suspected, kind: finding.ResetInjected, how: "train",
			counts: "R5/S", packets: []uint64{20, 21, 22, 23, 24}},
		{name: "R5 two kinds, and the first had everything", flow: func() *fact.Flow {
			f := unread(1, 1)
			f.Resets[0].Covers.Num = f.Resets[0].PrevOtherNum
			return f
		}, verdict: finding.Suspected, kind: finding.ResetInjected, how: "train", counts: "R5/S", packets: []uint64{20, 21}},
	} {
		if tc.name == "R5 two kinds, and the first had everything" {
			flow := tc.flow
			tc.flow = func() *fact.Flow { f := flow(); f.Resets[1].Seq++; return f }
		}
		t.Run(tc.name, tc.run)
	}
}

func TestCountsAloneAreNotLifted(t *testing.T) {
	judge := func(f *fact.Flow) *finding.Finding { return &(ResetInjected{}).Judge(f, &fact.World{}).Findings[0] }
	if x := judge(unread(4, 1)); x.Verdict != finding.Suspected || Liftable(x) {
		t.Errorf("%s by %s may be lifted", x.Verdict, counting(x))
	}
	if x := judge(rewrittenSYNACK(1)); x.Verdict != finding.Suspected || !Liftable(x) {
		t.Errorf("%s by %s may not be lifted", x.Verdict, counting(x))
	}
}

// inWindow is F9: a reset 9000 bytes ahead of the client, its challenge, and after so
// many ms three more segments.
func inWindow(later float64) *fact.Flow {
	f := tlsFlow(40)
	serverSends(f, 3, 5, 90)
	r := bareRST(f, 8, 100, fact.Down)
	r.Seq, r.SeqAhead, r.AckEchoes, r.Fit, r.PrevSame = r.Seq+9000, fact.Some(int32(9000)), false, fact.FitInside, ms(90)
	f.Resets, f.ResetCount = []fact.Reset{r}, [2]uint32{0, 1}
	f.AfterReset[fact.Down] = fact.After{ChallengeAck: fact.Mark{Num: 9, Time: ms(100.2)}, NewData: 3, NewPackets: []uint64{10, 11, 12},
		FirstNew: fact.Mark{Num: 10, Time: ms(100 + later), SeqEnd: serverISN + 1 + 4*1460}, LastNew: fact.Mark{Num: 12, Time: ms(100 + later), SeqEnd: serverISN + 1 + 6*1460}}
	up := &f.Sides[fact.Up]
	up.MaxAck, up.LastAny = serverISN+1+6*1460, ms(101+later)
	return f
}

// confirmedReset is the same challenge, answered by an exact reset and nothing else.
func confirmedReset() *fact.Flow {
	f := inWindow(300)
	challenge := f.AfterReset[fact.Down].ChallengeAck
	f.AfterReset[fact.Down] = fact.After{ChallengeAck: challenge}
	r := bareRST(f, 10, 140, fact.Down)
	r.Seq, r.SeqAhead, r.Fit, r.RSTBefore[fact.Down], r.UpPackets = f.Sides[fact.Up].MaxAck, fact.Some(int32(0)), fact.FitExact, true, 9
	f.Resets, f.ResetCount = append(f.Resets, r), [2]uint32{0, 2}
	return f
}

func TestChallengedResets(t *testing.T) {
	for _, tc := range []struct {
		resetCaseTest
		survived bool
	}{
		{resetCaseTest{name: "F9 challenged, and its sender goes on", flow: func() *fact.Flow { return inWindow(300) }, verdict: finding.Confirmed,
			kind: finding.ResetInjected, how: "race", counts: "R9/C", packets: []uint64{8, 9, 10, 11, 12}}, true},
		{resetCaseTest{name: "B12 what its sender sent was under way", flow: func() *fact.Flow { return inWindow(20) }, verdict: finding.Unexplained,
			kind: finding.ResetSeen, counts: "R1/M", packets: []uint64{8, 10, 11, 12}}, false},
		{resetCaseTest{name: "B14 challenged, and confirmed by an exact one", flow: func() *fact.Flow { return confirmedReset() }, verdict: finding.Benign,
			kind: finding.ResetSeen, cause: "peer_lost_state", counts: "R4/M", packets: []uint64{8}}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.run(t)
			if x := (ResetInjected{}).Judge(tc.flow(), &fact.World{}).Findings[0]; x.Survived != tc.survived {
				t.Errorf("survived: %t", x.Survived)
			}
		})
	}
}

func TestWhoIsResetDidNotSurvive(t *testing.T) {
	f := inWindow(300)
	f.Sides[fact.Up].MaxAck = serverISN + 1 + 3*1460 // nothing new was acknowledged
	if (ResetInjected{}).Judge(f, &fact.World{}).Findings[0].Survived {
		t.Error("a client that acknowledges nothing more went on")
	}
	if (ResetInjected{}).Judge(f2(), &fact.World{}).Findings[0].Survived {
		t.Error("a client that was reset went on")
	}
}

// knownWorld has seen handshakes of 40 ms with the server.
func knownWorld(n int) *fact.World {
	return &fact.World{Now: ms(60_000), Servers: map[netip.Addr]*fact.Server{
		netip.MustParseAddr("157.240.1.60"): {TTL: 47, Count: n, RTT: int64(dur(40)), RTTs: n, LastAt: ms(1000)}}}
}

func TestRefusalsThatCannotHaveBeenThere(t *testing.T) {
	early := func(at float64, ttl uint8) *fact.Flow {
		f := synFlow()
		r := refusal(f, 2, at)
		r.TTL = ttl
		f.Resets = []fact.Reset{r}
		return f
	}
	for _, tc := range []struct {
		name    string
		flow    *fact.Flow
		known   int
		verdict finding.Verdict
	}{
		{"R2 refused after 3 ms where handshakes take 40", early(3, 47), 2, finding.Suspected},
		{"R2 one other handshake is no baseline", early(3, 47), 1, finding.Benign},
		{"B3 refused after a round trip", early(40, 47), 5, finding.Benign},
		{"B19 refused by one's own router", early(3, 63), 5, finding.Benign},
	} {
		if x := (ResetInjected{}).Judge(tc.flow, knownWorld(tc.known)).Findings[0]; x.Verdict != tc.verdict {
			t.Errorf("%s: %s by %s", tc.name, x.Verdict, counting(&x))
		}
	}
}

func TestResetsRightAfterTheHandshake(t *testing.T) {
	phone := func(handshake, after float64) func() *fact.Flow {
		return func() *fact.Flow { // its VPN app answers data itself, at once
			f := tlsFlow(handshake)
			f.Hello.First.Time = f.SYNACK.Time + 1000
			f.Sides[fact.Up].RTT.Min, f.Sides[fact.Up].RTT.Samples = fact.Some(dur(0.02)), 3
			f.Blind |= fact.BlindSynthetic
			r := serverRST(f, 5, handshake+after)
			f.Resets = []fact.Reset{r}
			return f
		}
	}
	for _, tc := range []resetCaseTest{
		{name: "B26 4 ms after the only handshake with that server", flow: phone(42, 4), verdict: finding.Unexplained, kind: finding.ResetSeen,
			counts: "R2/M", packets: []uint64{5, 2}},
		{name: "B39 a server's own reset, a round trip later", flow: phone(42, 43), verdict: finding.Unexplained, kind: finding.ResetSeen, packets: []uint64{5}},
		{name: "B26 the radio slept before the handshake", flow: phone(300, 30), verdict: finding.Unexplained, kind: finding.ResetSeen, packets: []uint64{5}},
	} {
		t.Run(tc.name, tc.run)
	}
}

// F2, B39: handshakes of 40 ms with that server are the rule.
func TestAPhoneSeesTheRace(t *testing.T) {
	f := tlsFlow(42)
	f.Hello.First.Time = f.SYNACK.Time + 1000
	f.Sides[fact.Up].RTT.Min, f.Sides[fact.Up].RTT.Samples = fact.Some(dur(0.02)), 3
	f.Blind |= fact.BlindSynthetic
	f.Resets = []fact.Reset{serverRST(f, 5, 46)}
	if x := (ResetInjected{}).Judge(f, knownWorld(2)).Findings[0]; x.Verdict != finding.Suspected || counting(&x) != "R2/S" {
		t.Errorf("%s by %q", x.Verdict, counting(&x))
	}
	w := knownWorld(2)
	w.Servers[f.Key.DstAddr()].RTT = int64(dur(8))
	if x := (ResetInjected{}).Judge(f, w).Findings[0]; x.Verdict != finding.Unexplained {
		t.Errorf("others were there in 8 ms: %s by %q", x.Verdict, counting(&x))
	}
}

func TestBothSidesAreReset(t *testing.T) {
	both := func(apart float64) *fact.Flow {
		f := tlsFlow(40)
		f.Sides[fact.Down].RTT.Handshake = fact.Some(dur(2))
		down := serverRST(f, 5, 92)
		up := serverRST(f, 6, 92+apart)
		up.Dir, up.TTL, up.SeqAhead, up.Seq, up.Ack, up.AckAhead = fact.Up, 63, fact.Some(int32(0)), helloEnd, serverISN+1, fact.Some(int32(0))
		up.Covers, up.CoverAge = fact.Mark{}, fact.Opt[time.Duration]{}
		f.Resets = []fact.Reset{down, up}
		return f
	}
	judge := func(f *fact.Flow) finding.Finding { return ResetInjected{}.Judge(f, &fact.World{}).Findings[0] }
	if x := judge(both(1)); x.Verdict != finding.Suspected || counting(&x) != "R11/S" {
		t.Errorf("R11 to both sides at once: %s by %q", x.Verdict, counting(&x))
	}
	if x := judge(both(500)); x.Verdict != finding.Unexplained {
		t.Errorf("half a second apart: %s by %q", x.Verdict, counting(&x))
	}
	host := both(1)
	host.Vantage = "host"
	if x := judge(host); x.Verdict != finding.Unexplained {
		t.Errorf("the client's own reset counts: %s by %q", x.Verdict, counting(&x))
	}
}

func TestFamiliesAreLabels(t *testing.T) {
	for _, tc := range []struct {
		name string
		flow *fact.Flow
		want string
	}{
		{"F1", f1(), "the GFW's answer to SYN and SYN/ACK (net4people 285, 511: three in lockstep)"},
		{"F2", f2(), ""},
		{"F3", climbing(0, 1460, 4380), "the GFW of 2006 (Clayton: +1460, +4380)"},
		{"F4", f4(), "Sandvine (Weaver 2009: +12503)"},
		{"F6", climbing(0, 0, 1460, 2920, 3437), "in-path rewriting (as reported of the TSPU)"},
		{"F10", f10(), "the Henan injector (XTLS 2426: ten bytes 01 to 09 and 00)"},
		{"B1", b1(), ""},
	} {
		x := ResetInjected{}.Judge(tc.flow, &fact.World{}).Findings[0]
		if x.ConsistentWith != tc.want {
			t.Errorf("%s: consistent with %q, want %q", tc.name, x.ConsistentWith, tc.want)
		}
	}
	x := ResetInjected{}.Judge(f2(), &fact.World{}).Findings[0]
	if x.Stage != fact.StagePostPSH || x.Signature != "PSH+ACK -> RST+ACK" {
		t.Errorf("stage %q, signature %q", x.Stage, x.Signature)
	}
}
