package beside

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/capturetest"
)

// late is a recording as it is before frames are cut into segments: payload that
// follows within a millisecond in one direction of a flow is one frame with it.
func late(recorded []capture.Packet) (out []capture.Packet) {
	open := map[capture.Key]int{} // into out
	for _, p := range decoded(slices.Clone(recorded)) {
		i, ok := open[p.Key]
		if ok && p.PayloadLen > 0 && p.Has&capture.HasTCP != 0 && out[i].Seq+out[i].PayloadLen == p.Seq && p.Time-out[i].Time < 1e6 && out[i].WireLen < 30e3 {
			f := &out[i]
			f.Frame = slices.Clone(f.Frame) // what was cut from the bundled file is not put back
			f.WireLen += p.PayloadLen
			f.PayloadLen += p.PayloadLen
			f.Segs, f.Has = f.Segs+1, f.Has|capture.HasSegs
			binary.BigEndian.PutUint16(f.Frame[16:], uint16(f.WireLen-14))
			binary.BigEndian.PutUint16(f.Frame[24:], 0) // no checksum
			continue
		}
		delete(open, p.Key)
		if p.PayloadLen > 0 && p.Has&capture.HasTCP != 0 {
			open[p.Key] = len(out)
		}
		out = append(out, p)
	}
	return out
}

// TestMergedFramesStandForTheirSegments: each recorded packet is in exactly one live
// one, and what the engine makes of merged ones is explained.
func TestMergedFramesStandForTheirSegments(t *testing.T) {
	c := watched(t, "telegram-policed", nil)
	s := &c.Sides[0]
	merged, _, err := capturetest.Load(planned(late(s.Recorded)))
	if err != nil {
		t.Fatal(err)
	}
	s.Live = []capture.Batch{{Packets: merged, Now: merged[len(merged)-1].Time}}
	p := paired(decoded(slices.Clone(s.Recorded)), s.packets())
	var of []int
	several := 0
	for _, list := range p.of {
		of = append(of, list...)
		if len(list) > 1 {
			several++
		}
	}
	if slices.Sort(of); len(of) != len(s.Recorded) || len(slices.Compact(of)) != len(s.Recorded) || several < 20 {
		t.Errorf("%d of %d packets paired, %d frames are several", len(of), len(s.Recorded), several)
	}
	r := reported(t, c)
	if r.Merged != several || len(r.Faults)+len(r.Unexplained()) > 0 {
		t.Errorf("%d merged, %v, %v", r.Merged, r.Faults, r.Unexplained())
	}
}

// TestTheRecordingMayEndWithinAFrame: which live capture then has whole.
func TestTheRecordingMayEndWithinAFrame(t *testing.T) {
	recorded := decoded(slices.Clone(watched(t, "telegram-policed", nil).Sides[0].Recorded))
	live := late(recorded)
	i := slices.IndexFunc(live, func(p capture.Packet) bool { return p.Segs == 3 })
	at := slices.IndexFunc(recorded, func(p capture.Packet) bool { return p.Num == live[i].Num })
	cut := slices.DeleteFunc(slices.Clone(recorded), func(p capture.Packet) bool { return p.Num > live[i].Num })
	if p := paired(cut, decoded(live[:i+1])); len(p.missing)+len(p.extra) > 0 || len(cut) != at+1 {
		t.Errorf("at the end: %v missing, %v extra", p.missing, p.extra)
	}
	if p := paired(cut, decoded(live[:i])); !slices.Equal(p.missing, []int{at}) {
		t.Errorf("not delivered: %v missing", p.missing)
	}
	next := at + 1 + slices.IndexFunc(recorded[at+1:], func(p capture.Packet) bool { return p.Key == live[i].Key })
	lost := slices.Delete(slices.Clone(recorded), next, next+1)
	if p := paired(lost, decoded(live)); len(p.missing) == 0 || !slices.Contains(p.extra, i) {
		t.Errorf("in the middle: %v missing, %v extra", p.missing, p.extra)
	}
}

// TestPairsOutOfOrder: two processors may deliver neighbours in another order.
func TestPairsOutOfOrder(t *testing.T) {
	c := watched(t, "telegram-policed", func(p []capture.Packet) []capture.Packet {
		for i := 0; i+9 < len(p); i += 10 {
			slices.Reverse(p[i : i+10])
			for k := range p[i : i+10] {
				p[i+k].Time = p[i].Time
			}
		}
		return p
	})
	if p := paired(decoded(slices.Clone(c.Sides[0].Recorded)), c.Sides[0].packets()); len(p.missing)+len(p.extra) > 0 {
		t.Error(p.missing, p.extra)
	}
}

// TestOtherPacketsAreNoPair: a packet with another byte where it counts is not the
// one that was recorded.
func TestOtherPacketsAreNoPair(t *testing.T) {
	for name, change := range map[string]func(p *capture.Packet){
		"sequence number": func(p *capture.Packet) { p.Seq++ },
		"IP id":           func(p *capture.Packet) { p.IPID++ },
		"TTL":             func(p *capture.Packet) { p.TTL-- },
		"port":            func(p *capture.Packet) { p.Key.DstPort++ },
		"longer":          func(p *capture.Packet) { p.PayloadLen++ },
		"reset":           func(p *capture.Packet) { p.Flags ^= capture.RST },
	} {
		c := watched(t, "everything-works", nil)
		live := c.Sides[0].packets()
		i := slices.IndexFunc(live, func(p capture.Packet) bool { return p.Has&capture.HasTCP != 0 && p.PayloadLen > 0 })
		change(&live[i])
		p := paired(decoded(slices.Clone(c.Sides[0].Recorded)), live)
		if !slices.Equal(p.extra, []int{i}) || len(p.missing) != 1 {
			t.Errorf("%s: %v missing, %v extra", name, p.missing, p.extra)
		}
		if text := some(live, p.extra); !strings.HasPrefix(text, "#") {
			t.Errorf("%s: %q", name, text)
		}
	}
}
