package box

import (
	"testing"
	"time"
)

// BenchmarkTwoPipes is a box between two pipes of 10 ms with 1,000 packets on
// their way, a tenth of the packets with a queue's worth of company.
func BenchmarkTwoPipes(b *testing.B) {
	for name, rate := range map[string]float64{"delay": 0, "rate": 12e9} {
		b.Run(name, func(b *testing.B) {
			x := New(1)
			x.Near[Up] = &Pipe{Delay: 10 * time.Millisecond, Hops: 4, Rate: rate}
			x.Far[Up] = &Pipe{Delay: 10 * time.Millisecond, Hops: 8, Rate: rate}
			n := 0
			x.Out = func(Dir, []byte) { n++ }
			frame := datagram(b, home4, far4, 1500, 0)
			b.ReportAllocs()
			for i := range b.N {
				x.In(epoch+int64(i)*int64(20*time.Microsecond), Up, frame)
			}
			x.Run(x.Now() + int64(time.Second))
			if n != b.N {
				b.Fatalf("%d of %d came out", n, b.N)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "packets/s")
		})
	}
}
