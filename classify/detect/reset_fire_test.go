package detect

import (
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// f1: three refusals in 8 ms with TTL and window in lockstep, the real SYN/ACK
// at 248 ms, the client's own reset, three more in lockstep.
func f1() *fact.Flow {
	f := synFlow()
	f.SYNACK = fact.Mark{Num: 5, Time: ms(248), SeqEnd: serverISN + 1}
	f.Sides[fact.Up].RTT = fact.RTT{Handshake: fact.Some(dur(248)), Samples: 1}
	f.Sides[fact.Down].Packets = 1
	for i, v := range [][2]uint16{{65, 4229}, {67, 4231}, {66, 4230}} {
		r := refusal(f, uint64(2+i), 8)
		r.TTL, r.Window = uint8(v[0]), v[1]
		f.Resets = append(f.Resets, r)
	}
	f.Resets = append(f.Resets, fact.Reset{Num: 6, Time: ms(249), Dir: fact.Up, Flags: capture.RST, Seq: clientISN + 1,
		TTL: 63, DF: true, SeqAhead: fact.Some(int32(0)), AckEchoes: true, Offenders: 1, RSTBefore: [2]bool{false, true}})
	f.Sides[fact.Up].Packets++
	for i, v := range [][2]uint16{{191, 162}, {192, 163}, {193, 164}} {
		f.Resets = append(f.Resets, fact.Reset{Num: uint64(7 + i), Time: ms(250), Dir: fact.Down, Flags: capture.RST | capture.ACK,
			Seq: serverISN + 1, Ack: clientISN + 1, HasAck: true, TTL: uint8(v[0]), Window: v[1], DF: true,
			SeqAhead: fact.Some(int32(0)), Offenders: 1, UpPackets: 2, RSTBefore: [2]bool{true, true}})
		f.Sides[fact.Down].Packets++
	}
	f.AfterReset[fact.Down] = fact.After{SYNACK: f.SYNACK}
	return f
}

// f2: a reset acknowledging the hello after 2 ms of a 40 ms path, then the real
// ServerHello.
func f2() *fact.Flow {
	f := tlsFlow(40)
	f.Resets = []fact.Reset{serverRST(f, 5, 52)}
	serverSends(f, 3, 6, 92)
	f.AfterReset[fact.Down] = fact.After{NewData: 3, NewPackets: []uint64{6, 7, 8}, TSLater: true,
		FirstNew: fact.Mark{Num: 6, Time: ms(92), SeqEnd: serverISN + 1461}, LastNew: fact.Mark{Num: 8, Time: ms(92), SeqEnd: serverISN + 4381}}
	return f
}

// climbing is a hello answered one RTT later by resets at the given offsets.
func climbing(offsets ...uint32) *fact.Flow {
	f := tlsFlow(40)
	for i, off := range offsets {
		r := serverRST(f, uint64(5+i), 90+float64(i)/10)
		r.Seq += off
		r.SeqAhead = fact.Some(int32(off))
		r.RSTBefore[fact.Down] = i > 0
		f.Resets = append(f.Resets, r)
	}
	return f
}

func f4() *fact.Flow {
	f := climbing(0, 12503)
	f.Sides[fact.Down].LastIPID = fact.Some(uint16(100))
	f.Resets[0].IPID, f.Resets[1].IPID = fact.Some(uint16(104)), fact.Some(uint16(105))
	return f
}

// f5: two segments delivered, a reset numbered at the first, more data.
func f5() *fact.Flow {
	f := tlsFlow(40)
	serverSends(f, 2, 5, 90)
	r := serverRST(f, 7, 100)
	r.Seq, r.SeqAhead, r.SegBoundary = serverISN+1, fact.Some(int32(-2920)), true
	r.PrevSame, r.DownBytes, r.CoverAge = ms(90), 2920, fact.Some(dur(50))
	f.Resets = []fact.Reset{r}
	f.AfterReset[fact.Down] = fact.After{NewData: 2, NewPackets: []uint64{8, 9},
		FirstNew: fact.Mark{Num: 8, Time: ms(400), SeqEnd: serverISN + 4381}, LastNew: fact.Mark{Num: 9, Time: ms(401), SeqEnd: serverISN + 5841}}
	return f
}

func f10() *fact.Flow {
	f := tlsFlow(40)
	r := serverRST(f, 5, 92)
	r.Payload, r.PayloadLen = []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 0}, 10
	r.IPID, r.DF, r.TTL = fact.Some(uint16(1)), false, 58
	f.Resets = []fact.Reset{r}
	return f
}

func TestResetsThatNobodySentAreFound(t *testing.T) {
	injected := finding.ResetInjected
	for _, tc := range []resetCaseTest{
		{name: "F1 refusals in lockstep before the real SYN/ACK", flow: f1, verdict: finding.Confirmed, kind: injected, how: "train",
			counts: "R1/C R2/S R5/C R5/S R6/S", packets: []uint64{2, 3, 4, 7, 8, 9, 1, 5}},
		{name: "F2 acknowledges the hello before it can have arrived", flow: f2, verdict: finding.Confirmed, kind: injected, how: "race",
			counts: "R1/C R2/C", packets: []uint64{5, 4, 6, 7, 8}},
		{name: "F3 climbs by one and two segments", flow: func() *fact.Flow { return climbing(0, 1460, 4380) },
			verdict: finding.Confirmed, kind: injected, how: "train", counts: "R4/C R5/S", packets: []uint64{5, 6, 7}},
		{name: "F4 climbs by 12503", flow: f4, verdict: finding.Confirmed, kind: injected, how: "train",
			counts: "R4/C", packets: []uint64{5, 6}},
		{name: "F5 is numbered behind delivered data and the sender goes on", flow: f5, verdict: finding.Likely, kind: injected, how: "race",
			counts: "R1/S R3/S", packets: []uint64{7, 8, 9}},
		{name: "F6 data segments turned into resets", flow: func() *fact.Flow { return climbing(0, 0, 1460, 2920, 3437) },
			verdict: finding.Confirmed, kind: injected, how: "rewrite", counts: "R4/C R5/S", packets: []uint64{5, 6, 7, 8, 9}, segment: finding.UnknownSegment},
		{name: "F10 carries a known payload", flow: f10, verdict: finding.Confirmed, kind: injected, how: "payload",
			counts: "R6/M R6/S R7/C", packets: []uint64{5}},
		{name: "F25 the same over IPv6, acknowledged too early", flow: func() *fact.Flow { return asIPv6(f2()) },
			verdict: finding.Confirmed, kind: injected, how: "race", counts: "R1/C R2/C", packets: []uint64{5, 4, 6, 7, 8}},
		{name: "F25 the same over IPv6, rewritten", flow: func() *fact.Flow { return asIPv6(climbing(0, 0, 1460, 2920, 3437)) },
			verdict: finding.Confirmed, kind: injected, how: "rewrite", counts: "R4/C R5/S", packets: []uint64{5, 6, 7, 8, 9}},
	} {
		t.Run(tc.name, tc.run)
	}
}

func TestTheSandvineStepIsNamed(t *testing.T) {
	j := ResetInjected{}.Judge(f4(), &fact.World{})
	if got, want := j.Findings[0].For[0].Text, "2 of them climb by 12503 bytes with no data between, a step consistent with Sandvine"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTheSummarySaysWhatIsImpossible(t *testing.T) {
	j := ResetInjected{}.Judge(f2(), &fact.World{})
	want := "RST claims to come from 157.240.1.60 but arrived 2.0 ms after the hello it acknowledges; the path needs 40.0 ms"
	if got := j.Findings[0].Summary; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
