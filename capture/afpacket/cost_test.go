//go:build linux

package afpacket

import (
	"fmt"
	"runtime"
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

// userTime is what the calling thread spent in user mode, ns.
func userTime(b *testing.B) int64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano()
}

// BenchmarkRead reads what waits in the ring: user time of a packet.
func BenchmarkRead(b *testing.B) {
	for _, size := range []int{60, 1514} {
		b.Run(fmt.Sprintf("%dB", size), func(b *testing.B) {
			one, other := pair(b)
			s := open(b, one, on("eth0"))
			fd := raw(b, one, "eth0")
			f := numbered(one, other, size, 0)
			const fill = 4096 // fits, and is sent before its time is up
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			var batch capture.Batch
			spent, got := int64(0), 0
			for got < b.N {
				for range min(fill, b.N-got) {
					send(b, fd, f)
				}
				time.Sleep(time.Duration(window + 2*step)) // all are due then
				want := got + min(fill, b.N-got)
				for before := userTime(b); got < want; spent, before = spent+userTime(b)-before, userTime(b) {
					if err := s.Read(&batch); err != nil {
						b.Fatal(err)
					}
					got += len(batch.Packets)
					if d := s.Stats().Dropped; d > 0 {
						b.Fatalf("%d dropped", d)
					}
				}
			}
			b.ReportMetric(float64(spent)/float64(got), "user-ns/packet")
		})
	}
}
