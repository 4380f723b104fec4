package detect

import (
	"slices"
	"strings"
	"testing"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// settled removes what a frozen flow is owed.
func settled(f *fact.Flow) {
	up, down := &f.Sides[fact.Up], &f.Sides[fact.Down]
	down.TLSRemain, up.Unacked, up.Retrans = fact.Some(0), fact.Some(uint32(0)), 0
	down.MaxAck, up.LastAny = up.Last.SeqEnd, up.Last.Time
}

func TestDropMidflow(t *testing.T) {
	live := dropWorld(living(0, 12))
	edit := func(change func(f *fact.Flow, up, down *fact.Side)) *fact.Flow {
		f := dropFrozen()
		change(f, &f.Sides[fact.Up], &f.Sides[fact.Down])
		return f
	}
	type side = fact.Side
	for _, c := range []struct {
		name  string
		flow  *fact.Flow
		world *fact.World
		want  finding.Verdict
		blind string
	}{
		{"F14: frozen after 25 packets in a TLS record", dropFrozen(), live, finding.Suspected, ""},
		{"the record alone is owed, and the client is still there", edit(func(f *fact.Flow, up, down *side) {
			settled(f)
			down.TLSRemain, up.LastAny = fact.Some(900), sec(9)
		}), live, finding.Suspected, ""},
		{"the record alone is owed, and of neither side anything more was captured", edit(func(f *fact.Flow, up, down *side) {
			settled(f)
			down.TLSRemain = fact.Some(900)
		}), live, finding.Inconclusive, "unwitnessed"},
		{"an acknowledgement alone is owed", edit(func(f *fact.Flow, up, down *side) { down.TLSRemain = fact.Opt[int]{} }), live, finding.Suspected, ""},
		{"a FIN alone is owed", edit(func(f *fact.Flow, up, down *side) {
			settled(f)
			up.FIN, up.LastAny = fact.Mark{Num: 40, Time: sec(2), SeqEnd: up.Last.SeqEnd + 1}, sec(9)
		}), live, finding.Inconclusive, "good_bye"},
		{"a FIN and the end of a record are owed", edit(func(f *fact.Flow, up, down *side) {
			settled(f)
			up.FIN, up.LastAny = fact.Mark{Num: 40, Time: sec(2), SeqEnd: up.Last.SeqEnd + 1}, sec(9)
			down.TLSRemain = fact.Some(900)
		}), live, finding.Suspected, ""},
		{"sent again once only", edit(func(f *fact.Flow, up, down *side) { down.TLSRemain, up.Retrans = fact.Opt[int]{}, 1 }), live, "", ""},
		{"the client sends on, and asks for nothing again", edit(func(f *fact.Flow, up, down *side) {
			down.TLSRemain, up.LastAny = fact.Opt[int]{}, up.Last.Time
		}), live, "", ""},
		{"F15: cut by bytes, small packets", edit(func(f *fact.Flow, up, down *side) { down.Packets, down.Payload = 38, 16<<10 }), live, finding.Suspected, ""},
		{"nothing else works", dropFrozen(), dropWorld(), finding.Inconclusive, "no_control"},
		{"B24: the others stopped and resumed with it", dropFrozen(), dropWorld(living(-60, 0.6), living(9, 20)), finding.Inconclusive, "no_control"},
		{"B22: the client's window is shut", edit(func(f *fact.Flow, up, down *side) { up.Window = fact.Some(int64(0)) }), live, "", ""},
		{"B23, N14: a long poll, nothing is owed", edit(func(f *fact.Flow, up, down *side) { settled(f) }), live, "", ""},
		{"B23: closed after ten idle minutes, the NAT forgot", edit(func(f *fact.Flow, up, down *side) {
			settled(f)
			up.FIN, up.LastAny = fact.Mark{Num: 40, Time: sec(600), SeqEnd: up.Last.SeqEnd + 1}, sec(620)
			up.Unacked, up.Retrans = fact.Some(uint32(1)), 3
			f.Last, f.Now = sec(620), sec(640)
		}), dropWorld(living(0, 640)), finding.Inconclusive, "idle_timeout"},
		{"N15, B20: a hole, and no full segment ever came", edit(func(f *fact.Flow, up, down *side) {
			settled(f)
			down.NextSeq, down.Payload, down.Packets, down.TLSRemain = down.Contig+2000, 6000, 16, fact.Some(900)
		}), live, finding.Inconclusive, "mtu"},
		{"a router said too big", edit(func(f *fact.Flow, up, down *side) {
			f.ICMPs = []fact.ICMP{{Num: 9, V6: true, Type: 2, MTU: 1280}}
		}), live, finding.Inconclusive, "mtu"},
		{"B25: loss, but it goes on", edit(func(f *fact.Flow, up, down *side) { down.LastAny = sec(9.9) }), live, "", ""},
		{"four seconds are too short", edit(func(f *fact.Flow, up, down *side) { f.Now = sec(4.4); up.LastAny = sec(4) }), live, "", ""},
		{"four seconds, then the capture ends", edit(func(f *fact.Flow, up, down *side) {
			f.Now, f.End = sec(4.4), fact.EndOfCapture
			up.LastAny = sec(4)
		}), live, finding.Inconclusive, "capture_ended"},
		{"the capture ends within a record, and nobody asked again", edit(func(f *fact.Flow, up, down *side) {
			settled(f)
			down.TLSRemain = fact.Some(900)
			f.Now, f.End = sec(4.4), fact.EndOfCapture
		}), live, "", ""},
		{"the client gave up after three seconds", edit(func(f *fact.Flow, up, down *side) {
			f.Resets, f.ResetCount[fact.Up] = []fact.Reset{{Num: 50, Time: sec(3.5), Dir: fact.Up}}, 1
		}), live, "", ""},
		{"a slow path: ten round trips are longer than five seconds", edit(func(f *fact.Flow, up, down *side) {
			up.RTT.Handshake = fact.Some(1200 * time.Millisecond)
		}), live, "", ""},
		{"the server closed", edit(func(f *fact.Flow, up, down *side) { down.FIN = fact.Mark{Num: 33} }), live, "", ""},
		{"the server's side reset", edit(func(f *fact.Flow, up, down *side) { f.ResetCount[fact.Down] = 1 }), live, "", ""},
		{"the client had closed before", edit(func(f *fact.Flow, up, down *side) { up.FIN = fact.Mark{Num: 20, Time: sec(0.2)} }), live, "", ""},
		{"the client fell silent first", edit(func(f *fact.Flow, up, down *side) { down.Unacked, up.LastAny = fact.Some(uint32(1380)), sec(0.4) }), live, "", ""},
		{"D5: a hundred packets are no cut after a few, but a cut", edit(func(f *fact.Flow, up, down *side) { down.Packets, down.Payload = 100, 100_000 }), live, finding.Suspected, ""},
		{"eight packets neither", edit(func(f *fact.Flow, up, down *side) { down.Packets, down.Payload, up.Packets = 4, 4200, 8 }), live, "", ""},
		{"the capture lost packets", edit(func(f *fact.Flow, up, down *side) { f.Blind = fact.BlindGap }), live, finding.Inconclusive, "capture_gap"},
		{"made-up headers", edit(func(f *fact.Flow, up, down *side) { f.Blind = fact.BlindSynthetic }), live, finding.Inconclusive, "synthetic"},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := DropMidflow{}.Judge(c.flow, c.world)
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

func TestDropMidflowCounts(t *testing.T) {
	f := DropMidflow{}.Judge(dropFrozen(), dropWorld(living(0, 12))).Findings[0]
	if *f.AfterPackets != 25 || *f.AfterBytes != 12*1380+517 {
		t.Errorf("after %d packets, %d bytes", *f.AfterPackets, *f.AfterBytes)
	}
	if f.Segment != finding.ServerSide || f.Direction != finding.ToClient || !slices.Contains(f.RuledOut, "mtu") {
		t.Errorf("segment %s, direction %s, ruled out %v", f.Segment, f.Direction, f.RuledOut)
	}
	for _, part := range []string{"25 packets", "17077 payload bytes", "9.5 s", "60 bytes sent again", "4000 bytes of an unfinished TLS record"} {
		if !strings.Contains(f.Summary, part) {
			t.Errorf("%q is not in %q", part, f.Summary)
		}
	}
}

func TestDropMidflowAtTheServerAsksAboutTheClient(t *testing.T) {
	f := dropFrozen()
	f.Vantage = "server"
	up, down := f.Sides[fact.Up], f.Sides[fact.Down]
	f.Sides = [2]fact.Side{down, up}
	j := DropMidflow{}.Judge(f, dropWorld(living(0, 12)))
	if got := verdictOf(t, j); got != finding.Suspected || j.Findings[0].Direction != finding.ToServer || !strings.Contains(j.Findings[0].Summary, "from the client") {
		t.Errorf("%q: %+v", got, j)
	}
}
