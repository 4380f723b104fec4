//go:build linux

package afpacket

import (
	"fmt"
	"math"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"chokepoint/capture"
)

// TestAllocations: in the long run reading allocates nothing, neither for packets
// nor for waiting.
func TestAllocations(t *testing.T) {
	a, b := pair(t)
	s := open(t, a, on("eth0", "lo"))
	fd := raw(t, a, "eth0")
	f := numbered(a, b, 200, 0)
	var batch capture.Batch
	got := 0
	round := func() {
		for range 200 {
			if _, err := unix.Write(fd, f); err != nil {
				t.Fatal(err)
			}
		}
		for want := got + 200; got < want; {
			if err := s.Read(&batch); err != nil {
				t.Fatal(err)
			}
			got += len(batch.Packets)
		}
	}
	round()
	round()
	if n := testing.AllocsPerRun(20, round); n != 0 {
		t.Errorf("%v allocations for 200 packets", n)
	}
	s.Wake()
	if n := testing.AllocsPerRun(20, func() { s.Read(&batch); s.Wake() }); n != 0 {
		t.Errorf("%v allocations for waiting", n)
	}
}

// BenchmarkRead reads what waits in the ring, and tells the time of a packet in the
// best of the rounds: the mean is the machine's other work.
func BenchmarkRead(b *testing.B) {
	for _, size := range []int{60, 1514} {
		b.Run(fmt.Sprintf("%dB", size), func(b *testing.B) {
			one, other := pair(b)
			s := open(b, one, on("eth0"))
			fd := raw(b, one, "eth0")
			f := numbered(one, other, size, 0)
			const fill = 4096 // fits, and is sent before its time is up
			var batch capture.Batch
			best := math.Inf(1)
			for got := 0; got < b.N; {
				want := got + min(fill, b.N)
				for range want - got {
					send(b, fd, f)
				}
				time.Sleep(time.Duration(window + 2*step)) // all are due then
				began := time.Now()
				for got < want {
					if err := s.Read(&batch); err != nil {
						b.Fatal(err)
					}
					if got += len(batch.Packets); s.Stats().Dropped > 0 {
						b.Fatal(s.Stats())
					}
				}
				best = min(best, float64(time.Since(began).Nanoseconds())/float64(min(fill, b.N)))
			}
			b.ReportMetric(best, "best-ns/packet")
		})
	}
}
