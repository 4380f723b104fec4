package detect

import (
	"slices"
	"testing"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// dropDeaf is a download in which the server did not get further after 0.5 s, though
// it was acknowledged, and sent the same again until 9 s.
func dropDeaf() *fact.Flow {
	f := dropFrozen()
	up, down := &f.Sides[fact.Up], &f.Sides[fact.Down]
	down.LastAny, down.Packets, down.TLSRemain = sec(9), 90, fact.Opt[int]{}
	up.Unacked = fact.Some(uint32(0))
	f.Stall[fact.Down] = fact.Stall{At: fact.Mark{Num: 30, Time: sec(0.5)}, Packets: [2]uint64{40, 80}, Payload: [2]uint64{900, 100_000},
		Deaf: fact.Tries{Count: 6, Len: 1380, First: fact.Mark{Num: 40, Time: sec(0.8)}, Last: fact.Mark{Num: 58, Time: sec(9)}}}
	f.Now = sec(10)
	return f
}

// dropSwallowed is one in which what the client sends is never acknowledged by a server
// that lives.
func dropSwallowed() *fact.Flow {
	f := dropDeaf()
	k := &f.Stall[fact.Down]
	k.Asked, k.Deaf = k.Deaf, fact.Tries{}
	k.Asked.Len = 300
	f.Sides[fact.Up].Unacked = fact.Some(uint32(300))
	return f
}

func TestDropOneWay(t *testing.T) {
	live := dropWorld(living(0, 12))
	edit := func(f *fact.Flow, change func(f *fact.Flow, k *fact.Stall, up, down *fact.Side)) *fact.Flow {
		change(f, &f.Stall[fact.Down], &f.Sides[fact.Up], &f.Sides[fact.Down])
		return f
	}
	type (
		side  = fact.Side
		stall = fact.Stall
	)
	turned := func(f *fact.Flow) *fact.Flow { // the client is the deaf one
		f.Sides[0], f.Sides[1] = f.Sides[1], f.Sides[0]
		f.Stall[0], f.Stall[1] = f.Stall[1], f.Stall[0]
		return f
	}
	for _, c := range []struct {
		name      string
		flow      *fact.Flow
		world     *fact.World
		want      finding.Verdict
		technique string
		direction finding.Direction
		blind     string
	}{
		{"D6: the server repeats what was acknowledged", dropDeaf(), live, finding.Suspected, "unreached", finding.ToServer, ""},
		{"D6: the server lives and acknowledges nothing", dropSwallowed(), live, finding.Suspected, "swallowed", finding.ToServer, ""},
		{"D6: the client does not hear, seen from a gateway", edit(turned(dropDeaf()), func(f *fact.Flow, _ *stall, _, _ *side) { f.Vantage = "gateway" }), live, finding.Suspected, "unreached", finding.ToClient, ""},
		{"the client does not hear what passed the tap on its own host", turned(dropDeaf()), live, finding.Inconclusive, "unreached", finding.ToClient, "own_end"},
		{"B43: no control", dropDeaf(), dropWorld(), finding.Inconclusive, "unreached", finding.ToServer, "no_control"},
		{"B24: everything stalls", dropDeaf(), dropWorld(living(-60, 0.6), living(9, 20)), finding.Inconclusive, "unreached", finding.ToServer, "no_control"},
		{"B20: only large segments are not acknowledged", edit(dropSwallowed(), func(f *fact.Flow, k *stall, up, down *side) { k.Asked.Len = 1448 }), live, finding.Inconclusive, "swallowed", finding.ToServer, "mtu"},
		{"B22: the server's window is shut", edit(dropSwallowed(), func(f *fact.Flow, k *stall, up, down *side) { down.Window = fact.Some(int64(0)) }), live, "", "", "", ""},
		{"B25: two repetitions, at 5 % loss", edit(dropDeaf(), func(f *fact.Flow, k *stall, up, down *side) { k.Deaf.Count = 2 }), live, "", "", "", ""},
		{"B25: five within a second", edit(dropDeaf(), func(f *fact.Flow, k *stall, up, down *side) { k.Deaf.Last.Time = sec(1.7) }), live, "", "", "", ""},
		{"both had closed: the last acknowledgement is what a NAT drops", edit(dropDeaf(), func(f *fact.Flow, k *stall, up, down *side) {
			up.FIN, down.FIN = fact.Mark{Num: 31, Time: sec(0.6)}, fact.Mark{Num: 30, Time: sec(0.5)}
		}), live, "", "", "", ""},
		{"the client had left", edit(dropDeaf(), func(f *fact.Flow, k *stall, up, down *side) { up.LastAny = sec(0.55) }), live, "", "", "", ""},
		{"B15: the capture lost packets", edit(dropDeaf(), func(f *fact.Flow, k *stall, up, down *side) { f.Blind = fact.BlindGap }), live, finding.Inconclusive, "unreached", finding.ToServer, "capture_gap"},
		{"mid-stream", edit(dropDeaf(), func(f *fact.Flow, k *stall, up, down *side) { f.Blind = fact.BlindMidstream }), live, finding.Inconclusive, "unreached", finding.ToServer, "midstream"},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := DropMidflow{}.Judge(c.flow, c.world)
			wellFormed(t, j)
			if got := verdictOf(t, j); got != c.want {
				t.Fatalf("%q, want %q; stopped by %+v", got, c.want, j.Stopped)
			}
			if c.want == "" {
				if len(j.Stopped) == 0 {
					t.Error("nothing says why not")
				}
				return
			}
			f := j.Findings[0]
			if f.Technique != c.technique || f.Direction != c.direction {
				t.Errorf("technique %q, direction %q", f.Technique, f.Direction)
			}
			if c.blind != "" && !slices.Contains(f.Blind, c.blind) {
				t.Errorf("blind %v, want %q", f.Blind, c.blind)
			}
		})
	}
}
