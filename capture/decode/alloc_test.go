package decode

import "testing"

func TestDecodeDoesNotAllocate(t *testing.T) {
	for name, frame := range samples() {
		p, d := fresh(sampleLink(name), frame), Decoder{Seed: 42}
		if n := testing.AllocsPerRun(100, func() { d.Decode(&p) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
		if n := testing.AllocsPerRun(100, func() { FragmentOf(&p) }); n != 0 {
			t.Errorf("%s: %v allocations for the fragment", name, n)
		}
	}
}
