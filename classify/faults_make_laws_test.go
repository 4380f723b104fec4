package classify

import (
	"context"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/capturetest"
	"chokepoint/capture/decode"
	"chokepoint/pcaps/vary"
)

// payloads sums up TCP payload by direction.
func payloads(packets []capture.Packet) (sums map[capture.Key]int, synacks int) {
	var d decode.Decoder
	sums = map[capture.Key]int{}
	for _, p := range packets {
		d.Decode(&p)
		if p.Has&capture.HasTCP != 0 {
			sums[p.Key] += int(p.PayloadLen)
		}
		if p.Flags&(capture.SYN|capture.ACK) == capture.SYN|capture.ACK {
			synacks++
		}
	}
	return sums, synacks
}

// TestTheFaultsHappen: a law that holds under a fault that does nothing says
// nothing.
func TestTheFaultsHappen(t *testing.T) {
	h := freeze(t)
	sums, synacks := payloads(h.packets)

	gro := h.after(&fault{make: merged})
	if n := len(gro.packets); n > len(h.packets)-50 {
		t.Errorf("%d packets merged into %d", len(h.packets), n)
	}
	after, _ := payloads(gro.packets)
	for k, n := range sums {
		if after[k] != n {
			t.Errorf("%v: %d bytes before, %d after merging", k, n, after[k])
		}
	}

	up, down := h.after(&fault{make: vary.OneWay(true)}), h.after(&fault{make: vary.OneWay(false)})
	if _, n := payloads(up.packets); n != 0 {
		t.Errorf("%d SYN/ACKs from the client", n)
	}
	if _, n := payloads(down.packets); n != synacks || n == 0 {
		t.Errorf("%d of %d SYN/ACKs of the servers", n, synacks)
	}
	if len(up.packets)+len(down.packets) != len(h.packets) {
		t.Errorf("%d and %d of %d packets", len(up.packets), len(down.packets), len(h.packets))
	}

	for _, hops := range []uint8{0, 1} {
		x := h.after(&fault{make: copied(hops)})
		st, err := Run(context.Background(), &capturetest.Source{Packets: x.packets, Ifs: x.ifs}, newRecorder(), Options{})
		if err != nil || st.Copies < uint64(len(h.packets))*9/10 {
			t.Errorf("%d routers: %d of %d copies known, %v", hops, st.Copies, len(h.packets), err)
		}
	}

	for _, f := range faults(1)[1:] {
		if x := h.after(&f); same(h.packets, x.packets) {
			t.Errorf("%s: nothing happened", f.name)
		}
	}
}

func same(a, b []capture.Packet) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Time != b[i].Time || string(a[i].Frame) != string(b[i].Frame) {
			return false
		}
	}
	return true
}
