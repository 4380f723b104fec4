package plan

import (
	"testing"

	"chokepoint/capture"
)

// many is frames of n flows, payload in each.
func many(n int) [][]byte {
	var frames [][]byte
	for i := range n {
		frames = append(frames, ether(etherIPv4, v4(6, tcp(uint16(i), uint16(1024+i>>16), push, 12, zeros(100)))))
	}
	return frames
}

func TestCuttingDoesNotAllocate(t *testing.T) {
	d := &Decider{plan: capture.Live, flows: newFlows(100)}
	frames := many(1000) // so that flows come and go
	i := 0
	next := func() {
		f := frames[i%len(frames)]
		d.Cut(f, uint32(len(f)), eth)
		i++
	}
	for range frames {
		next()
	}
	if n := testing.AllocsPerRun(5000, next); n != 0 {
		t.Errorf("%v allocations per packet", n)
	}
}

func BenchmarkCut(b *testing.B) {
	for _, c := range []struct {
		name string
		flow int
	}{{"one flow", 1}, {"4096 flows", 4096}, {"100000 flows, more than are told apart", 100_000}} {
		b.Run(c.name, func(b *testing.B) {
			frames := many(c.flow)
			d := NewDecider(capture.Live)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				f := frames[i%len(frames)]
				d.Cut(f, uint32(len(f)), eth)
			}
		})
	}
}
