package detect

import (
	"net/netip"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// secondSYN is F1 without the resets after the SYN/ACK, and a client that
// tried again.
func secondSYN(again ...float64) func() *fact.Flow {
	return func() *fact.Flow {
		f := synFlow()
		f.Resets = []fact.Reset{refusal(f, 2, 40)}
		f.Sides[fact.Up].SYNCount = 1 + uint32(len(again))
		for i, at := range again {
			f.Hello.SYNRetr = append(f.Hello.SYNRetr, fact.Mark{Num: uint64(3 + i), Time: ms(at)})
		}
		f.SYNACK = fact.Mark{Num: 9, Time: ms(580), SeqEnd: serverISN + 1}
		f.AfterReset[fact.Down].SYNACK = f.SYNACK
		f.Sides[fact.Down].Packets = 2
		return f
	}
}

// twoKinds is two resets for one packet, the second as with says.
func twoKinds(with func(a, b *fact.Reset)) func() *fact.Flow {
	return func() *fact.Flow {
		f := tlsFlow(40)
		a, b := serverRST(f, 5, 92), serverRST(f, 6, 92.5)
		with(&a, &b)
		f.Resets = []fact.Reset{a, b}
		return f
	}
}

func bare(r *fact.Reset, ack uint32) {
	r.HasAck, r.Flags, r.Ack, r.Window, r.AckAhead = false, capture.RST, ack, 0, fact.Opt[int32]{}
}

// behindBy is a reset below two delivered segments that nothing follows.
func behindBy(by int32, with func(*fact.Flow, *fact.Reset)) func() *fact.Flow {
	return func() *fact.Flow {
		f := f5()
		f.AfterReset[fact.Down] = fact.After{}
		r := &f.Resets[0]
		r.Seq, r.SeqAhead = r.Seq+2920-uint32(by), fact.Some(-by)
		with(f, r)
		return f
	}
}

func TestRulesAtTheirEdges(t *testing.T) {
	injected, seen := finding.ResetInjected, finding.ResetSeen
	none := func(*fact.Flow, *fact.Reset) {}
	one := []uint64{5}
	for _, tc := range []resetCaseTest{
		{name: "R1a one SYN, refused and accepted", flow: secondSYN(), verdict: finding.Confirmed, kind: injected, how: "race",
			counts: "R1/C", packets: []uint64{2, 9}},
		{name: "R1a the client tried again after the reset: a server that started", flow: secondSYN(540), verdict: finding.Unexplained, kind: seen,
			counts: "R1/M", packets: []uint64{2, 9}},
		{name: "R1a the client tried again before the reset", flow: secondSYN(20), verdict: finding.Suspected, kind: injected, how: "race",
			counts: "R1/S", packets: []uint64{2, 9}},
		{name: "R1b late data that the reset's number covers", flow: lone(40, func(f *fact.Flow, r *fact.Reset) {
			f.AfterReset[fact.Down] = fact.After{NewData: 3, FirstNew: fact.Mark{Num: 6, Time: ms(150)}, LastNew: fact.Mark{Num: 8, Time: ms(150), SeqEnd: r.Seq}, NewPackets: []uint64{6}}
		}), verdict: finding.Unexplained, kind: seen, counts: "R1/M", packets: []uint64{5, 6}},
		{name: "R1b data of another connection on these ports", flow: lone(40, func(f *fact.Flow, r *fact.Reset) {
			f.AfterReset[fact.Down] = fact.After{NewData: 3, AcksLater: true, FirstNew: fact.Mark{Num: 6, Time: ms(150), SeqEnd: r.Seq + 500_000_000},
				LastNew: fact.Mark{Num: 8, Time: ms(150), SeqEnd: r.Seq + 500_003_000}, NewPackets: []uint64{6}}
		}), verdict: finding.Unexplained, kind: seen, counts: "", packets: []uint64{5}},
		{name: "R2 the handshake was not captured, and acknowledgements may wait", flow: lone(40, func(f *fact.Flow, r *fact.Reset) {
			r.CoverAge, f.Sides[fact.Up].RTT.Samples, f.Sides[fact.Up].RTT.Handshake = fact.Some(dur(2)), 5, fact.Opt[time.Duration]{}
			f.Blind |= fact.BlindMidstream
		}), verdict: finding.Inconclusive, kind: seen, counts: "", packets: []uint64{5}},
		{name: "R2 the SYN was repeated, and acknowledgements may wait", flow: lone(40, func(f *fact.Flow, r *fact.Reset) {
			r.CoverAge, f.Sides[fact.Up].RTT.Samples, f.Sides[fact.Up].RTT.Handshake = fact.Some(dur(2)), 5, fact.Opt[time.Duration]{}
		}), verdict: finding.Suspected, kind: injected, how: "race", counts: "R2/S", packets: []uint64{5, 4}},
		{name: "R2 sixteen milliseconds of forty, a few samples: a queue drains", flow: lone(40, func(f *fact.Flow, r *fact.Reset) {
			r.CoverAge, f.Sides[fact.Up].RTT.Samples = fact.Some(dur(16)), 3
		}), verdict: finding.Suspected, kind: injected, how: "race", counts: "R2/S", packets: []uint64{5, 4}},
		{name: "R2 sixteen milliseconds of forty, many samples", flow: lone(40, func(f *fact.Flow, r *fact.Reset) {
			r.CoverAge, f.Sides[fact.Up].RTT.Samples = fact.Some(dur(16)), 12
		}), verdict: finding.Confirmed, kind: injected, how: "race", counts: "R2/C", packets: []uint64{5, 4}},
		{name: "R2 two milliseconds of forty, one sample, a server next door", flow: lone(40, func(f *fact.Flow, r *fact.Reset) {
			f.Key.Dst = netip.MustParseAddr("192.168.0.13").As16()
			r.CoverAge = fact.Some(dur(2))
		}), verdict: finding.Unexplained, kind: seen, counts: "R2/M", packets: []uint64{5, 4}},
		{name: "R2 ten milliseconds of forty, one sample", flow: lone(40, func(f *fact.Flow, r *fact.Reset) { r.CoverAge = fact.Some(dur(8)) }),
			verdict: finding.Suspected, kind: injected, how: "race", counts: "R2/S", packets: []uint64{5, 4}},
		{name: "R2 two milliseconds of forty, but the capture missed packets of the flow", flow: lone(40, func(f *fact.Flow, r *fact.Reset) {
			r.CoverAge = fact.Some(dur(2))
			f.Blind |= fact.BlindGap
		}), verdict: finding.Suspected, kind: injected, how: "race", counts: "R2/S", packets: []uint64{5, 4}},
		{name: "R3 a segment behind, on a boundary", flow: behindBy(2920, none), verdict: finding.Suspected, kind: injected, how: "race",
			counts: "R3/S", packets: []uint64{7}},
		{name: "R3 a few bytes behind", flow: behindBy(100, none), verdict: finding.Unexplained, kind: seen, counts: "R3/M", packets: []uint64{7}},
		{name: "R3 behind, but the sender was repeating data", flow: behindBy(2920, func(f *fact.Flow, _ *fact.Reset) { f.Sides[fact.Down].Retrans = 1 }),
			verdict: finding.Unexplained, kind: seen, counts: "R3/M", packets: []uint64{7}},
		{name: "R3 a closed socket answers an old ACK", flow: behindBy(2920, func(_ *fact.Flow, r *fact.Reset) { bare(r, 0); r.AckEchoes = true }),
			verdict: finding.Unexplained, kind: seen, packets: []uint64{7}},
		{name: "R3 a closed socket answers an ACK that is long forgotten", flow: behindBy(2920, func(_ *fact.Flow, r *fact.Reset) {
			bare(r, 0)
			r.RSTBefore[fact.Down] = true
		}), verdict: finding.Unexplained, kind: seen, packets: []uint64{7}},
		{name: "R3 below anything ever sent", flow: behindBy(2_000_000, none), verdict: finding.Unexplained, kind: seen, packets: []uint64{7}},
		{name: "R4 one reset ahead", flow: func() *fact.Flow { return climbing(1460) }, verdict: finding.Suspected, kind: injected, how: "race",
			counts: "R4/S", packets: one},
		{name: "R4 one reset ahead in the middle of a response", flow: func() *fact.Flow {
			f := climbing(1460)
			f.Sides[fact.Down].TLSRemain = fact.Some(4000)
			return f
		}, verdict: finding.Unexplained, kind: seen, counts: "R4/M", packets: one},
		{name: "R4 ahead by a FIN's number", flow: func() *fact.Flow { return climbing(1) }, verdict: finding.Unexplained, kind: seen, packets: one},
		{name: "R4 ahead by another connection's number", flow: func() *fact.Flow { return climbing(0, 1<<29) }, verdict: finding.Unexplained, kind: seen, packets: []uint64{5, 6}},
		{name: "R4 equal steps are no data segments", flow: func() *fact.Flow { return climbing(0, 1460, 2920) }, verdict: finding.Confirmed, kind: injected, how: "train",
			counts: "R4/C R5/S", packets: []uint64{5, 6, 7}},
		{name: "R4 climbs while the capture loses packets", flow: func() *fact.Flow { f := climbing(0, 1460); f.Blind |= fact.BlindKernelDrops; return f },
			verdict: finding.Suspected, kind: injected, how: "train", counts: "R4/S", packets: []uint64{5, 6}},
		{name: "R5 two identical, as a pair of load balancers sends", flow: func() *fact.Flow { return climbing(0, 0) }, verdict: finding.Unexplained, kind: seen, packets: []uint64{5, 6}},
		{name: "R5 no socket, then a socket", flow: twoKinds(func(a, _ *fact.Reset) { bare(a, 0) }), verdict: finding.Suspected, kind: injected, how: "train",
			counts: "R5/S", packets: []uint64{5, 6}},
		{name: "R5 a socket, then none, for a packet still under way", flow: twoKinds(func(a, b *fact.Reset) {
			a.AckAhead, a.Covers = fact.Some(int32(-helloLen)), fact.Mark{}
			bare(b, 0)
		}), verdict: finding.Unexplained, kind: seen, packets: []uint64{5, 6}},
		{name: "R5 one with acknowledgement number 0", flow: twoKinds(func(a, b *fact.Reset) { bare(a, helloEnd); bare(b, 0) }),
			verdict: finding.Suspected, kind: injected, how: "train", counts: "R5/S", packets: []uint64{5, 6}},
		{name: "R6 the IP id of the hello", flow: lone(40, func(f *fact.Flow, r *fact.Reset) {
			r.IPID, r.PrevOtherIPID = fact.Some(uint16(23385)), fact.Some(uint16(23385))
		}),
			verdict: finding.Suspected, kind: injected, how: "race", counts: "R6/S", packets: []uint64{5, 4}},
		{name: "R6 both have IP id 0", flow: lone(40, func(f *fact.Flow, r *fact.Reset) { r.PrevOtherIPID = fact.Some(uint16(0)) }),
			verdict: finding.Unexplained, kind: seen, packets: one},
		{name: "R6 reserved bits, and six hops nearer", flow: lone(40, func(f *fact.Flow, r *fact.Reset) { r.Flags, r.TTL = 0xf04, 53 }),
			verdict: finding.Likely, kind: injected, how: "race", counts: "R6/S R6/S", packets: one, segment: finding.ServerSide},
		{name: "R6 three hops nearer", flow: lone(40, func(f *fact.Flow, r *fact.Reset) { r.TTL = 50 }), verdict: finding.Unexplained, kind: seen, counts: "R6/M", packets: one},
		{name: "R7 some payload", flow: lone(40, func(f *fact.Flow, r *fact.Reset) { r.Payload, r.PayloadLen = []byte{0xff, 1}, 2 }),
			verdict: finding.Unexplained, kind: seen, counts: "R7/M", packets: one},
		{name: "R7 a reason in plain text", flow: lone(40, func(f *fact.Flow, r *fact.Reset) { r.Payload, r.PayloadLen = []byte("Go away"), 7 }),
			verdict: finding.Benign, kind: seen, cause: "rst_text", packets: one},
		{name: "R7 22 zero bytes", flow: lone(40, func(f *fact.Flow, r *fact.Reset) { r.Payload, r.PayloadLen = make([]byte, 22), 22 }),
			verdict: finding.Confirmed, kind: injected, how: "payload", counts: "R7/C", packets: one},
		{name: "I1 two answers beside a reset prove nothing of it", flow: lone(40, func(f *fact.Flow, _ *fact.Reset) {
			f.Conflicts = []fact.Conflict{{Dir: fact.Down, First: 6, Next: 7, Len: 200}}
		}), verdict: finding.Unexplained, kind: seen, counts: "I1/M", packets: []uint64{5, 6, 7}},
	} {
		t.Run(tc.name, tc.run)
	}
}

func TestTheInjectorIsPlacedBetweenTapAndServer(t *testing.T) {
	f := f2()
	f.Resets[0].TTL = 60
	x := ResetInjected{}.Judge(f, &fact.World{}).Findings[0]
	if x.Segment != finding.ServerSide || x.Hops == nil || x.Hops.Injector == nil || *x.Hops.Injector != [2]int{3, 5} || *x.Hops.Server != [2]int{17, 17} {
		t.Errorf("segment %s, hops %+v", x.Segment, x.Hops)
	}
	f.Resets[0].TTL = 64 // not one hop away: it may be this very host
	if x := (ResetInjected{}).Judge(f, &fact.World{}).Findings[0]; x.Segment != finding.UnknownSegment {
		t.Errorf("segment %s for a reset from zero hops", x.Segment)
	}
	f.Resets[0].TTL = 193 // made up
	if x := (ResetInjected{}).Judge(f, &fact.World{}).Findings[0]; x.Segment != finding.UnknownSegment || x.Hops.Injector != nil {
		t.Errorf("segment %s, hops %+v for a made-up TTL", x.Segment, x.Hops)
	}
}

func TestItSaysWhatItNeededSawAndWhatStoppedIt(t *testing.T) {
	j := ResetInjected{}.Judge(lone(40, b15)(), &fact.World{})
	if len(j.Needed) == 0 || j.Saw[0].Text != "server: 1 RST, 0 FINs" || len(j.Stopped) != 1 || j.Stopped[0].Code != "capture_gap" {
		t.Errorf("needed %v\nsaw %v\nstopped %v", j.Needed, j.Saw, j.Stopped)
	}
	e := j.Findings[0].For[0]
	if e.Code != "R4" || e.Class != finding.W || e.Text != "Is numbered 2920 bytes ahead of anything its sender sent (not counted: the capture lost packets of this flow before the reset)" {
		t.Errorf("a vetoed sign reads %+v", e)
	}
}
