package detect

import (
	"slices"
	"strings"
	"testing"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// dropMuted is a connection whose hello was acknowledged at 0.08 s; of the server's
// flight of three segments all came, and of what the client said then nothing was
// acknowledged, though it was sent six times.
func dropMuted() *fact.Flow {
	f := dropHello()
	f.Hello.Acked, f.Hello.Answer, f.Hello.Data = fact.Some(sec(0.08)), fact.Mark{Num: 5, Time: sec(0.08)}, fact.Mark{Num: 6, Time: sec(0.09)}
	up, down := &f.Sides[fact.Up], &f.Sides[fact.Down]
	down.Packets, down.Payload, down.SYNCount, up.SYNCount = 5, 3700, 1, 1
	down.MaxAck, down.LastAny, down.First = dropISN+1+517, sec(0.1), f.Hello.Data
	up.Unacked, up.Last = fact.Some(uint32(366)), fact.Mark{Num: 9, Time: sec(0.11), SeqEnd: dropISN + 1 + 517 + 366}
	f.Stall[fact.Down] = fact.Stall{At: fact.Mark{Num: 8, Time: sec(0.1)}, Packets: [2]uint64{5, 5}, Payload: [2]uint64{517, 3700},
		Asked: fact.Tries{Count: 6, Len: 210, First: fact.Mark{Num: 10, Time: sec(0.2)}, Last: fact.Mark{Num: 40, Time: sec(8)}}}
	f.Last, f.Now, up.LastAny = sec(8), sec(10), sec(8)
	return f
}

func TestDropMuted(t *testing.T) {
	live := dropWorld(living(0, 12))
	edit := func(change func(f *fact.Flow, k *fact.Stall, up, down *fact.Side)) *fact.Flow {
		f := dropMuted()
		change(f, &f.Stall[fact.Down], &f.Sides[fact.Up], &f.Sides[fact.Down])
		return f
	}
	type (
		side  = fact.Side
		stall = fact.Stall
	)
	goodBye := func(k *stall, up *side) { // the client says nothing but its FIN
		up.FIN = fact.Mark{Num: 30, Time: sec(4), SeqEnd: dropISN + 1 + 517 + 1}
		up.Unacked = fact.Some(uint32(1))
		k.Asked.First.Time, k.Asked.Len = sec(4.2), 0
	}
	for _, c := range []struct {
		name  string
		flow  *fact.Flow
		world *fact.World
		want  finding.Verdict
		blind string
	}{
		{"F13: a few packets, then both are mute; another name on the address answered", dropMuted(), dropWorld(neighbour("example.org", 3, 4)), finding.Likely, ""},
		{"F13: only a generic control", dropMuted(), live, finding.Suspected, ""},
		{"F13: acknowledged, no answer, and no answer to a FIN", edit(func(f *fact.Flow, k *stall, up, down *side) { goodBye(k, up) }), live, finding.Suspected, ""},
		{"B43: no control", dropMuted(), dropWorld(), finding.Inconclusive, "no_control"},
		{"B24: everything stalls", dropMuted(), dropWorld(living(-60, 0.1), living(30, 40)), finding.Inconclusive, "no_control"},
		{"B21: the server thinks, and its kernel answers the FIN", edit(func(f *fact.Flow, k *stall, up, down *side) {
			goodBye(k, up)
			down.MaxAck, down.LastAny, k.Asked = up.FIN.SeqEnd, sec(4.1), fact.Tries{}
		}), live, "", ""},
		{"B21: the server hangs for 20 s, nobody asks for more", edit(func(f *fact.Flow, k *stall, up, down *side) {
			up.Unacked, k.Asked = fact.Some(uint32(0)), fact.Tries{}
			f.Now = sec(20)
		}), live, "", ""},
		{"F13: what its first payload is was not captured", edit(func(f *fact.Flow, k *stall, up, down *side) { f.Hello.Kind = "other" }), live, finding.Suspected, ""},
		{"N14: a long poll, nothing is owed", edit(func(f *fact.Flow, k *stall, up, down *side) {
			f.Hello.Kind, up.Unacked, k.Asked, f.Now = "other", fact.Some(uint32(0)), fact.Tries{}, sec(60)
		}), live, "", ""},
		{"B25: sent again twice, at 5 % loss", edit(func(f *fact.Flow, k *stall, up, down *side) { k.Asked.Count = 2 }), live, "", ""},
		{"half a second is no silence", edit(func(f *fact.Flow, k *stall, up, down *side) { f.Now = sec(0.7) }), live, "", ""},
		{"the server spoke again", edit(func(f *fact.Flow, k *stall, up, down *side) { down.LastAny = sec(5) }), live, "", ""},
		{"the server reset it", edit(func(f *fact.Flow, k *stall, up, down *side) { f.ResetCount[fact.Down] = 1 }), live, "", ""},
		{"the server closed", edit(func(f *fact.Flow, k *stall, up, down *side) { down.FIN.Num = 20 }), live, "", ""},
		{"twenty packets later it is a freeze", edit(func(f *fact.Flow, k *stall, up, down *side) { k.Packets[fact.Down] = 20 }), live, "", ""},
		{"B20: all that the client says is large", edit(func(f *fact.Flow, k *stall, up, down *side) { k.Asked.Len = 1448 }), live, finding.Inconclusive, "mtu"},
		{"B15: the capture lost packets", edit(func(f *fact.Flow, k *stall, up, down *side) { f.Blind = fact.BlindGap }), live, finding.Inconclusive, "capture_gap"},
		{"at the server it is the server that is silent", edit(func(f *fact.Flow, k *stall, up, down *side) { f.Vantage = "server" }), live, finding.Inconclusive, "server_tap"},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := DropHello{}.Judge(c.flow, c.world)
			wellFormed(t, j)
			if got := verdictOf(t, j); got != c.want {
				t.Fatalf("%q, want %q; stopped by %+v", got, c.want, j.Stopped)
			}
			if c.blind != "" && !slices.Contains(j.Findings[0].Blind, c.blind) {
				t.Errorf("blind %v, want %q", j.Findings[0].Blind, c.blind)
			}
			if c.want == "" && len(j.Stopped) == 0 {
				t.Error("nothing says why not")
			}
		})
	}
}

func TestDropMutedSaysWhatItSaw(t *testing.T) {
	f := DropHello{}.Judge(dropMuted(), dropWorld(neighbour("example.org", 3, 4), living(0, 12))).Findings[0]
	want := "TCP opens in 37 ms, then TLS hello of 517 bytes acknowledged, 6 packets pass after it, then nothing from the server for 9.9 s, though the client sends 366 bytes again 6 times"
	if f.Summary != want {
		t.Errorf("summary %q\n   want %q", f.Summary, want)
	}
	if f.Technique != "muted" || f.Direction != finding.Both || f.Segment != finding.ServerSide {
		t.Errorf("technique %s, direction %s, segment %s", f.Technique, f.Direction, f.Segment)
	}
	if got := strings.Join(f.RuledOut, " "); got != "slow_server mtu dead_link dead_server" {
		t.Errorf("ruled out %s", got)
	}
}
