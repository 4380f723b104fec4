package detect

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// anyFlow draws flows that trip many rules at once: one of the recorded cases,
// bent in every field the rules read.
func anyFlow(t *rapid.T) *fact.Flow {
	cases := []func() *fact.Flow{f1, f2, f4, f5, f10, b1, b3, b4, b5, b6, b11, b16, finFlow,
		func() *fact.Flow { return climbing(0, 0, 1460, 2920, 3437) }, idleThen(60, 50, false), scan(func(*fact.Side) {})}
	f := rapid.SampledFrom(cases).Draw(t, "case")()
	f.Vantage = rapid.SampledFrom([]string{"host", "gateway", "span", "server", "unknown"}).Draw(t, "vantage")
	for i := range f.Resets {
		bend(t, &f.Resets[i])
	}
	for d := range f.AfterReset {
		anyAfter(t, &f.AfterReset[d])
		anyAfter(t, &f.AfterFIN[d])
		s := &f.Sides[d]
		s.IPID = fact.IPIDClass(rapid.IntRange(0, 4).Draw(t, "class"))
		s.LastIPID = fact.Opt[uint16]{V: rapid.Uint16().Draw(t, "ipid"), Ok: rapid.Bool().Draw(t, "ok")}
		s.Packets += uint64(rapid.IntRange(0, 20).Draw(t, "more"))
		s.RTT.Samples = uint32(rapid.IntRange(0, 3).Draw(t, "samples"))
		s.TSOK = rapid.Bool().Draw(t, "ts")
	}
	if rapid.Bool().Draw(t, "conflict") {
		f.Conflicts = []fact.Conflict{{Dir: fact.Down, First: 6, Next: 7, Len: uint32(rapid.IntRange(1, 3).Draw(t, "len"))}}
	}
	return f
}

func bend(t *rapid.T, r *fact.Reset) {
	some := func(name string) bool { return rapid.IntRange(0, 4).Draw(t, name) == 0 }
	if some("ttl") {
		r.TTL = rapid.Uint8().Draw(t, "TTL")
	}
	if some("seq") {
		by := rapid.Int32Range(-4000, 15000).Draw(t, "by")
		r.Seq, r.SeqAhead = r.Seq+uint32(by), fact.Some(by)
	}
	if some("age") {
		r.CoverAge = fact.Some(time.Duration(rapid.IntRange(0, 100).Draw(t, "ms")) * time.Millisecond)
	}
	if some("ack") {
		r.HasAck = !r.HasAck
	}
	if some("fin") {
		r.FINBefore[rapid.IntRange(0, 1).Draw(t, "dir")] = true
	}
	if some("flags") {
		r.Flags |= capture.Reserved & rapid.Uint16().Draw(t, "bits")
	}
	if some("echo") {
		r.AckEchoes, r.SegBoundary, r.Window = !r.AckEchoes, true, rapid.Uint16().Draw(t, "window")
	}
	if some("offenders") {
		r.Offenders = uint32(rapid.IntRange(0, 8).Draw(t, "n"))
	}
	r.MPTCPRST = some("mptcp")
}

func anyAfter(t *rapid.T, a *fact.After) {
	if rapid.Bool().Draw(t, "after") {
		return
	}
	at := ms(rapid.Float64Range(50, 500).Draw(t, "at"))
	a.NewData, a.Repeats = uint32(rapid.IntRange(0, 4).Draw(t, "new")), uint32(rapid.IntRange(0, 3).Draw(t, "repeats"))
	a.FirstNew = fact.Mark{Num: 20, Time: at, SeqEnd: rapid.Uint32Range(5000, 20000).Draw(t, "end")}
	a.LastNew, a.NewPackets = a.FirstNew, []uint64{20}
	a.AcksLater, a.TSLater = rapid.Bool().Draw(t, "acks"), rapid.Bool().Draw(t, "tsval")
	a.Guarded = uint32(rapid.IntRange(0, 3).Draw(t, "guarded"))
}

// ranks is how much each direction is accused; no finding accuses nobody.
func ranks(f *fact.Flow, w *fact.World) map[finding.Direction]int {
	out := map[finding.Direction]int{}
	for _, x := range (ResetInjected{}).Judge(f, w).Findings {
		out[x.Direction] = x.Verdict.Rank()
	}
	return out
}

func TestAVetoNeverRaisesAVerdict(t *testing.T) {
	vetoes := map[string]func(*fact.Flow, *fact.World){
		"capture gap": func(f *fact.Flow, _ *fact.World) { f.Blind |= fact.BlindGap },
		"gap before a reset": func(f *fact.Flow, _ *fact.World) {
			for i := range f.Resets {
				f.Resets[i].GapBefore = true
			}
		},
		"one way":      func(f *fact.Flow, _ *fact.World) { f.Blind |= fact.BlindOneWay },
		"mid-stream":   func(f *fact.Flow, _ *fact.World) { f.Blind |= fact.BlindMidstream },
		"evicted":      func(f *fact.Flow, _ *fact.World) { f.Blind |= fact.BlindEvicted },
		"clock step":   func(_ *fact.Flow, w *fact.World) { w.Blind |= fact.BlindClockStep },
		"synthetic":    func(_ *fact.Flow, w *fact.World) { w.Blind |= fact.BlindSynthetic },
		"kernel drops": func(_ *fact.Flow, w *fact.World) { w.Blind |= fact.BlindKernelDrops },
	}
	for name, veto := range vetoes {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			f, w := anyFlow(t), &fact.World{}
			before := ranks(f, w)
			veto(f, w)
			for dir, rank := range ranks(f, w) {
				if rank > before[dir] {
					t.Errorf("%s rose from %d to %d", dir, before[dir], rank)
				}
			}
		}))
	}
}

func TestIdentityAloneOnlyEverSuspects(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := tlsFlow(40)
		r := serverRST(f, 5, 92)
		r.TTL, r.DF, r.TOS = rapid.Uint8().Draw(t, "ttl"), rapid.Bool().Draw(t, "df"), rapid.Uint8().Draw(t, "tos")
		r.IPID = fact.Some(rapid.Uint16().Draw(t, "ipid"))
		down := &f.Sides[fact.Down]
		down.Packets, down.TSOK, f.Sides[fact.Up].TSOK = 40, true, true
		down.IPID, down.LastIPID = fact.IPIDCounter, fact.Some(rapid.Uint16().Draw(t, "last"))
		f.Resets = []fact.Reset{r}
		for _, x := range (ResetInjected{}).Judge(f, &fact.World{}).Findings {
			if x.Verdict.Rank() > finding.Suspected.Rank() {
				t.Errorf("%s by identity alone: %s", x.Verdict, counting(&x))
			}
		}
	})
}

func TestJudgingIsPureAndCoherent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, w := anyFlow(t), &fact.World{}
		first := ResetInjected{}.Judge(f, w)
		if second := (ResetInjected{}).Judge(f, w); !reflect.DeepEqual(first, second) {
			t.Fatal("judging twice gives two results")
		}
		for _, x := range first.Findings {
			accused := x.Verdict.Rank() >= finding.Suspected.Rank()
			switch {
			case len(x.Packets) == 0 || x.Summary == "":
				t.Errorf("a finding without packets or words: %+v", x)
			case accused != (x.Kind == finding.ResetInjected) || accused != (x.Technique != ""):
				t.Errorf("%s with kind %s, technique %q", x.Verdict, x.Kind, x.Technique)
			case (x.Verdict == finding.Benign) != (x.BenignCause != ""):
				t.Errorf("%s with cause %q", x.Verdict, x.BenignCause)
			case x.For == nil || x.Against == nil || x.RuledOut == nil || x.NotRuledOut == nil || x.Controls == nil:
				t.Error("a list is nil")
			}
		}
	})
}
