package detect

import (
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// finFlow: a hello, one segment of an answer, and a FIN from the server.
func finFlow() *fact.Flow {
	f := tlsFlow(40)
	serverSends(f, 2, 5, 90)
	down := &f.Sides[fact.Down]
	f.FINs = []fact.FIN{{Num: 7, Time: ms(91), Dir: fact.Down, Seq: down.NextSeq, Flags: capture.FIN | capture.PSH | capture.ACK,
		TTL: 47, CoverAge: fact.Some(dur(41)), Covers: f.Hello.First}}
	down.FIN = fact.Mark{Num: 7, Time: ms(91)}
	return f
}

func (tc *finCase) flow() *fact.Flow { f := finFlow(); tc.with(f); return f }

type finCase struct{ with func(*fact.Flow) }

func withFIN(with func(*fact.Flow)) func() *fact.Flow { return (&finCase{with}).flow }

func goesOn(n uint32, beyond uint32, after fact.After) func(*fact.Flow) {
	return func(f *fact.Flow) {
		x := &f.FINs[0]
		after.NewData, after.NewPackets = n, []uint64{8, 9}[:n]
		after.FirstNew = fact.Mark{Num: 8, Time: ms(140), SeqEnd: x.Seq + 1 + beyond}
		after.LastNew = after.FirstNew
		f.AfterFIN[fact.Down] = after
	}
}

func TestFINsThatNobodySent(t *testing.T) {
	injected := finding.ResetInjected
	for _, tc := range []resetCaseTest{
		{name: "two segments beyond the end", flow: withFIN(goesOn(2, 1460, fact.After{})),
			verdict: finding.Confirmed, kind: injected, how: "fin", counts: "R12/C", packets: []uint64{7, 8, 9}},
		{name: "one segment beyond the end that acknowledges what came since", flow: withFIN(goesOn(1, 1460, fact.After{AcksLater: true})),
			verdict: finding.Confirmed, kind: injected, how: "fin", counts: "R12/C", packets: []uint64{7, 8}},
		{name: "one segment beyond the end", flow: withFIN(goesOn(1, 1460, fact.After{})),
			verdict: finding.Suspected, kind: injected, how: "fin", counts: "R12/S", packets: []uint64{7, 8}},
		{name: "one segment beyond the end, from elsewhere", flow: withFIN(func(f *fact.Flow) { goesOn(1, 1460, fact.After{})(f); f.FINs[0].TTL = 60 }),
			verdict: finding.Likely, kind: injected, how: "fin", counts: "R12/S R6/S", packets: []uint64{7, 8}, segment: finding.ServerSide},
		{name: "its bytes exist in another version", flow: withFIN(func(f *fact.Flow) {
			f.Conflicts = []fact.Conflict{{Dir: fact.Down, First: 7, Next: 8, Len: 402}}
		}), verdict: finding.Confirmed, kind: injected, how: "fin", counts: "R12/C", packets: []uint64{7, 8}},
		{name: "acknowledges the hello before it can have arrived", flow: withFIN(func(f *fact.Flow) { f.FINs[0].CoverAge = fact.Some(dur(2)) }),
			verdict: finding.Confirmed, kind: injected, how: "fin", counts: "R2/C", packets: []uint64{7, 4}},
		{name: "acknowledges the hello too early for the handshake, which may have waited", flow: withFIN(func(f *fact.Flow) {
			f.FINs[0].CoverAge = fact.Some(dur(2))
			f.Sides[fact.Up].RTT.Samples = 1
		})},
		{name: "comes after somewhat less than half of what a few samples say: a queue drains", flow: withFIN(func(f *fact.Flow) {
			f.FINs[0].CoverAge = fact.Some(f.RTTMin(fact.Up).V * 2 / 5)
			f.Sides[fact.Up].RTT.Samples = 3
		})},
		{name: "two segments of another connection on these ports", flow: withFIN(goesOn(2, 500_000_000, fact.After{AcksLater: true}))},
		{name: "acknowledges the hello too early, but the capture had lost packets", flow: withFIN(func(f *fact.Flow) {
			f.FINs[0].CoverAge = fact.Some(dur(2))
			f.Blind |= fact.BlindGap
		})},
		{name: "data queued before the end", flow: withFIN(goesOn(1, 0, fact.After{}))},
		{name: "one byte differs, a keepalive's", flow: withFIN(func(f *fact.Flow) {
			f.Conflicts = []fact.Conflict{{Dir: fact.Down, First: 7, Next: 8, Len: 1}}
		})},
		{name: "goes on, but the capture had lost packets", flow: withFIN(func(f *fact.Flow) { goesOn(2, 1460, fact.After{})(f); f.Blind |= fact.BlindGap })},
	} {
		t.Run(tc.name, tc.run)
	}
}

// A reset numbered below its sender's FIN, as a censor's block page in a FIN is
// followed by one, and the same from a server that still had data to answer.
func TestResetBelowItsOwnFIN(t *testing.T) {
	below := func(lastHeard uint64) func() *fact.Flow {
		return withFIN(func(f *fact.Flow) {
			f.FINs[0].PayloadLen = 553
			r := bareRST(f, 8, 91.2, fact.Down)
			r.Seq, r.SeqAhead, r.FINBefore[fact.Down] = f.FINs[0].Seq, fact.Some(int32(-554)), true
			r.PrevOtherNum, r.PrevOther = lastHeard, f.Hello.First.Time
			f.Resets = []fact.Reset{r}
		})
	}
	resetCaseTest{name: "nothing was under way", flow: below(4), verdict: finding.Suspected, kind: finding.ResetInjected, how: "race",
		counts: "R3/S", packets: []uint64{7, 8}}.runAs(t)
	resetCaseTest{name: "the FIN had not acknowledged the latest packet", flow: below(6)}.runAs(t)
}
