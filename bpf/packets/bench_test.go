//go:build linux

package packets

import (
	"testing"
	"time"
)

// BenchmarkProgram is what a packet costs in the kernel: the best of twelve rounds of
// 4000, on a machine that does other things too.
func BenchmarkProgram(b *testing.B) {
	need(b)
	small := ether(0x0800, v4(6, tcp(1000, 443, ack, 12, nil)))
	payload := ether(0x0800, v4(6, tcp(1000, 443, ack, 12, zeros(32))))
	large := ether(0x0800, v4(6, tcp(1000, 443, ack, 12, zeros(1448))))
	control := ether(0x0800, v4(6, tcp(1000, 443, rst|ack, 12, nil)))
	base := Config{Whole: 4096, Head: 32, RingBytes: 4 << 20}
	count, all := base, base
	count.Aggregate, all.Payloads, all.RingBytes = true, 1<<31, 16<<20 // nothing of what is whole may be lost
	for _, c := range []struct {
		name   string
		config Config
		frame  []byte
	}{
		{"aggregate 66 B", count, small}, {"aggregate 1514 B", count, large},
		{"header 66 B", base, small}, {"header and payload of 98 B", base, payload}, {"header of 1514 B", base, large},
		{"whole 66 B", base, control}, {"whole 1514 B", all, large},
	} {
		b.Run(c.name, func(b *testing.B) {
			d, err := Cost(c.config, c.frame)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(d), "ns/packet")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkNext is what a record costs user space, from the ring to the block.
func BenchmarkNext(b *testing.B) {
	p := loaded(b, Config{Whole: 4096, Head: 32, RingBytes: 16 << 20})
	frame := ether(0x0800, v4(6, tcp(1000, 443, ack, 12, zeros(late))))
	const round = 4000
	block := Block{Records: make([]Record, 0, round+MaxRecords), Data: make([]byte, 0, round*200)}
	now := time.Now()
	b.ReportAllocs()
	least := time.Hour
	for b.Loop() {
		if _, _, err := p.EtherIn.Benchmark(frame, round, nil); err != nil {
			b.Fatal(err)
		}
		start := time.Now()
		block.Records, block.Data = block.Records[:0], block.Data[:0]
		for len(block.Records) < round {
			if _, err := p.Next(&block, now); err != nil {
				b.Fatal(err)
			}
		}
		least = min(least, time.Since(start))
	}
	b.ReportMetric(float64(least.Nanoseconds())/round, "ns/record")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkSweep reads a full table of flows.
func BenchmarkSweep(b *testing.B) {
	p := loaded(b, Config{Whole: 4096, Head: 32, Aggregate: true})
	for i := range defaultFlows {
		pass(b, p.EtherIn, ether(0x0800, set(v4(17, udp(uint16(10000+i%1000), 7, zeros(10))), 12, 10, 9, 0, byte(i/1000))), nil)
	}
	for b.Loop() {
		p.unseen = 0
		if err := p.Unseen(func(Unseen) {}); err != nil {
			b.Fatal(err)
		}
	}
}
