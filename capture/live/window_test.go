//go:build linux

package live

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"chokepoint/bpf/packets"
)

func TestSortMarks(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, disorder := range []uint64{1, 3, 50, 1 << 40} {
		for _, n := range []int{0, 1, 2, 100, 5000} {
			m := make([]mark, n)
			for i := range m {
				m[i] = mark{uint64(i) + r.Uint64N(disorder), int32(i)}
			}
			want := slices.Clone(m)
			slices.SortStableFunc(want, func(a, b mark) int { return cmp.Compare(a.time, b.time) })
			if sortMarks(m); !slices.Equal(m, want) {
				t.Errorf("%d marks, disorder %d: not as a stable sort has them", n, disorder)
			}
		}
	}
}

// TestHoldBounded: what is held does not grow with what comes within a window.
func TestHoldBounded(t *testing.T) {
	var h hold
	out := 0
	for round := range 10 {
		before := len(h.Records)
		for i := range 8000 {
			h.Add(packets.Header{Time: 20*second + uint64(round*8000+i)}, make([]byte, 600))
		}
		h.took(before)
		n, bytes := h.ready()
		out += n
		h.drop(n, bytes)
		if len(h.order) > maxHeld || h.bytes > maxHeldBytes || h.bytes != 600*len(h.order) {
			t.Fatalf("round %d: %d records and %d bytes are held", round, len(h.order), h.bytes)
		}
		if len(h.Data) > 2*maxHeldBytes+packets.MaxBytes || len(h.Records) > 3*maxHeld {
			t.Fatalf("round %d: %d bytes in memory", round, len(h.Data))
		}
	}
	if out+len(h.order) != 80000 || len(h.order) == 0 {
		t.Errorf("%d out, %d held", out, len(h.order))
	}
}
