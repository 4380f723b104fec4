package plan

import (
	"math/rand/v2"
	"slices"
	"testing"

	"chokepoint/capture"
)

// play cuts frames, and says of each whether it was delivered whole.
func play(d *Decider, frames ...[]byte) (got []bool) {
	for _, f := range frames {
		got = append(got, d.Cut(f, uint32(len(f)), eth) == len(f))
	}
	return got
}

// back is the same datagram the other way round.
func back(frame []byte) []byte {
	b := slices.Clone(frame)
	copy(b[26:30], frame[30:34])
	copy(b[30:34], frame[26:30])
	copy(b[34:36], frame[36:38])
	copy(b[36:38], frame[34:36])
	return b
}

func TestTheFirstPayloadsOfEachDirectionAreWhole(t *testing.T) {
	for name, up := range map[string][]byte{"TCP": ether(etherIPv4, v4(6, data)), "UDP": ether(etherIPv4, v4(17, udp(1, 2, zeros(late))))} {
		d := NewDecider(capture.Plan{Payloads: 2, Whole: 4096, Head: 32})
		down, other := back(up), slices.Clone(up)
		other[29]++
		got := play(d, up, up, up, down, down, down, other, up)
		if want := []bool{true, true, false, true, true, false, true, false}; !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func TestASYNBeginsAFlowAnewAndNothingElseDoes(t *testing.T) {
	frame := func(flags uint16, n int) []byte {
		return ether(etherIPv4, v4(6, tcp(1, 2, flags, 0, zeros(n))))
	}
	payload := frame(push, late)
	for _, c := range []struct {
		name  string
		first []byte
		want  bool
	}{
		{"a SYN", frame(capture.SYN, 0), true},
		{"a SYN the other way", back(frame(capture.SYN, 0)), true},
		{"a SYN with FIN", frame(capture.SYN|capture.FIN, 0), true},
		{"a SYN/ACK", frame(capture.SYN|capture.ACK, 0), false},
		{"a FIN", frame(capture.FIN|capture.ACK, 0), false},
		{"a RST", frame(capture.RST, 0), false},
		{"an ACK", frame(capture.ACK, 0), false},
		{"a SYN elsewhere", ether(etherIPv4, v4(6, tcp(1, 3, capture.SYN, 0, nil))), false},
	} {
		d := NewDecider(capture.Plan{Payloads: 1, Whole: 4096, Head: 32})
		got := play(d, payload, back(payload), c.first, payload, back(payload))
		if got[3] != c.want || got[4] != c.want {
			t.Errorf("%s: %v", c.name, got[3:])
		}
	}
}

func TestWhatHasNoPayloadOrIsWholeAnywayIsNotCounted(t *testing.T) {
	payload := ether(etherIPv4, v4(17, udp(1, 2, zeros(late))))
	stun := ether(etherIPv4, v4(17, udp(1, 2, starting(late, 0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42))))
	empty := ether(etherIPv4, append(v4(17, udp(1, 2, nil)), zeros(18)...))
	d := NewDecider(capture.Plan{Payloads: 1, Whole: 4096, Head: 32})
	if got := play(d, stun, empty, stun, payload, payload); !slices.Equal(got, []bool{true, false, true, true, false}) {
		t.Errorf("got %v", got)
	}
}

func TestAFlowDoesNotDependOnTagsOrLinks(t *testing.T) {
	d := NewDecider(capture.Plan{Payloads: 1, Whole: 4096, Head: 32})
	if got := play(d, ether(etherIPv4, v4(6, data)), ether(etherIPv4, v4(6, data), etherVLAN)); !slices.Equal(got, []bool{true, false}) {
		t.Errorf("got %v", got)
	}
	raw := v4(6, data)
	if d.Cut(raw, uint32(len(raw)), capture.LinkRaw) == len(raw) {
		t.Error("it is new on another link")
	}
}

// naive is the same by a list, oldest first.
type naive struct {
	keys   []capture.Key
	counts map[capture.Key]*[2]uint32
	max    int
}

func (n *naive) find(k capture.Key) *[2]uint32 {
	if i := slices.Index(n.keys, k); i >= 0 {
		n.keys = slices.Delete(n.keys, i, i+1)
	} else {
		if len(n.keys) == n.max {
			delete(n.counts, n.keys[0])
			n.keys = n.keys[1:]
		}
		n.counts[k] = &[2]uint32{}
	}
	n.keys = append(n.keys, k)
	return n.counts[k]
}

func TestTheFlowUnusedForLongestIsForgotten(t *testing.T) {
	const most, limit = 30, 3
	r := rand.New(rand.NewPCG(1, 2))
	f, want := newFlows(most), naive{counts: map[capture.Key]*[2]uint32{}, max: most}
	forgot := 0
	for range 50_000 {
		k := capture.Key{SrcPort: uint16(r.IntN(9)), DstPort: uint16(r.IntN(9)), Proto: 6}
		c, swapped := k.Canonical()
		n := want.find(c)
		dir := 0
		if swapped {
			dir = 1
		}
		if r.IntN(20) == 0 {
			f.begin(&k)
			*n = [2]uint32{}
			continue
		}
		early := n[dir] < limit
		if early {
			n[dir]++
		} else {
			forgot++
		}
		if f.count(&k, limit) != early {
			t.Fatalf("%+v: %v is wrong", k, !early)
		}
	}
	if len(f.slots) != most+1 || forgot == 0 {
		t.Errorf("%d slots, %d late", len(f.slots), forgot)
	}
}

func TestFlowsAreBounded(t *testing.T) {
	f := newFlows(maxFlows)
	k := capture.Key{Proto: 17}
	for i := range 2 * maxFlows {
		k.Src[0], k.Src[1], k.Src[2] = byte(i), byte(i>>8), byte(i>>16)
		f.count(&k, 1)
	}
	if len(f.slots) != maxFlows+1 {
		t.Errorf("%d slots", len(f.slots))
	}
	if f.count(&k, 1) {
		t.Error("the newest is forgotten")
	}
	k.Src = [16]byte{}
	if !f.count(&k, 1) {
		t.Error("the oldest is not forgotten")
	}
}
