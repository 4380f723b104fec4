//go:build linux

package packets

import "testing"

func BenchmarkX(b *testing.B) {
	f := make([]byte, 66)
	f[12] = 8
	copy(f[14:], []byte{0x45, 0, 0, 52, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x12, 0x34, 1, 187, 0, 0, 0, 1, 0, 0, 0, 1, 0x80, 0x10})
	big := append(append([]byte{}, f...), make([]byte, 1514-66)...)
	big[16], big[17] = 1500>>8, 1500&255
	for _, c := range []struct {
		name string
		c    Config
		f    []byte
	}{{"aggregate", Config{Whole: 4096, Head: 32, Aggregate: true}, f},
		{"aggregate1514", Config{Whole: 4096, Head: 32, Aggregate: true}, big},
		{"header", Config{Whole: 4096, Head: 32}, f}, {"header1514", Config{Whole: 4096, Head: 32}, big}, {"whole1514", Config{Whole: 4096, Head: 32, Payloads: 1 << 31}, big}} {
		b.Run(c.name, func(b *testing.B) {
			p, err := Load(c.c)
			if err != nil {
				b.Fatal(err)
			}
			defer p.Close()
			best := 1e9
			for range 12 {
				_, d, err := p.EtherIn.Benchmark(c.f, 4000, nil)
				if err != nil {
					b.Fatal(err)
				}
				best = min(best, float64(d.Nanoseconds()))
				drain(p)
			}
			b.ReportMetric(best, "ns/packet")
		})
	}
}
func drain(p *Program) {
	for p.reader.AvailableBytes() > 0 {
		p.reader.ReadInto(&p.record)
	}
}
