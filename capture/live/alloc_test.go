//go:build linux

package live

import (
	"testing"
	"time"

	"chokepoint/bpf/packets"
	"chokepoint/capture"
)

// burst is how many records a look finds.
const burst = 700

// endless is a program that always has records: more than are looked at.
type endless struct {
	fakeProgram
	frame []byte
	time  uint64
}

func (p *endless) Next(b *packets.Block, _ time.Time) (emptied bool, err error) {
	for i := range burst {
		p.time += 4000 // 250,000 a second
		step := p.time
		if i%16 == 0 {
			step -= 9000 // another CPU was slower
		}
		b.Add(packets.Header{Time: step, Cookie: 7, Ifindex: 2, WireLen: 1514, Segs: 1, Out: i%2 == 0}, p.frame)
	}
	return false, nil
}

// steady is a source in the midst of traffic, and its batch.
func steady(t testing.TB) (*Source, *capture.Batch) {
	f := newFake()
	e := &endless{frame: udp4(1, 2, 3, 4, 46), time: 20 * second}
	sys := f.system()
	sys.load = func(packets.Config) (program, error) { return e, nil }
	s, err := open(Options{Interfaces: []string{"eth0"}, Plan: capture.Live}, sys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	b := &capture.Batch{}
	for range 200 {
		if err := s.Read(b); err != nil {
			t.Fatal(err)
		}
	}
	return s, b
}

// TestAllocs: traffic allocates nothing, neither per packet nor per batch.
func TestAllocs(t *testing.T) {
	s, b := steady(t)
	packets := 0
	allocs := testing.AllocsPerRun(500, func() {
		if err := s.Read(b); err != nil {
			t.Fatal(err)
		}
		packets += len(b.Packets)
	})
	if packets < 100_000 {
		t.Fatalf("%d packets only", packets)
	}
	if allocs > 0 {
		t.Errorf("%.2f allocations for each batch of %d", allocs, packets/501)
	}
}

// BenchmarkRead is what a record costs from a ring to a packet, without the ring.
func BenchmarkRead(b *testing.B) {
	s, batch := steady(b)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if err := s.Read(batch); err != nil {
			b.Fatal(err)
		}
		n += len(batch.Packets)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/packet")
}
