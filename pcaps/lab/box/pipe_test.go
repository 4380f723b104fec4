package box

import (
	"bytes"
	"math"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

func TestAPipeDelaysExactly(t *testing.T) {
	x := newBench(&Pipe{Delay: 20 * time.Millisecond}, 1)
	x.send(t, 100, 100, 37*time.Microsecond)
	for i, a := range x.out {
		if want := 20*time.Millisecond + time.Duration(i)*37*time.Microsecond; a.at != want || a.number() != i {
			t.Fatalf("packet %d came at %v as number %d, want %v", i, a.at, a.number(), want)
		}
	}
	if len(x.out) != 100 {
		t.Errorf("%d came out", len(x.out))
	}
}

func TestJitterSpreadsAndKeepsOrder(t *testing.T) {
	x := newBench(&Pipe{Delay: 5 * time.Millisecond, Jitter: 4 * time.Millisecond}, 1)
	x.send(t, 2000, 100, 10*time.Millisecond)
	var sum time.Duration
	for i, a := range x.out {
		d := a.at - time.Duration(i)*10*time.Millisecond
		if d < 5*time.Millisecond || d > 9*time.Millisecond {
			t.Fatalf("packet %d took %v", i, d)
		}
		sum += d
	}
	if mean := sum / 2000; (mean - 7*time.Millisecond).Abs() > 100*time.Microsecond {
		t.Errorf("mean %v, want 7 ms", mean)
	}
	x = newBench(&Pipe{Jitter: 4 * time.Millisecond}, 1)
	if x.send(t, 2000, 100, 10*time.Microsecond); !slices.Equal(x.numbers(), series(0, 2000)) {
		t.Error("close packets lost their order")
	}
}

func TestOrderIsKeptForEachServerOnly(t *testing.T) {
	other := netip.MustParseAddr("203.0.113.9")
	site := func(a netip.Addr) (time.Duration, uint8) {
		if a == other {
			return 50 * time.Millisecond, 9
		}
		return 0, 2
	}
	x := newBench(&Pipe{Delay: time.Millisecond, Hops: 1, Site: site}, 1)
	x.In(epoch, Up, datagram(t, home4, other, 100, 1))
	x.In(epoch, Up, datagram(t, home4, far4, 100, 2))
	x.rest()
	if x.out[0].at != time.Millisecond || x.out[0].number() != 2 || ttlOf(x.out[0].frame) != 61 {
		t.Errorf("the near server got %d at %v with TTL %d", x.out[0].number(), x.out[0].at, ttlOf(x.out[0].frame))
	}
	if x.out[1].at != 51*time.Millisecond || ttlOf(x.out[1].frame) != 54 {
		t.Errorf("the far server got it at %v with TTL %d", x.out[1].at, ttlOf(x.out[1].frame))
	}
}

func TestAShorterWayDoesNotOvertake(t *testing.T) {
	l := &Pipe{Delay: 50 * time.Millisecond}
	x := newBench(l, 1)
	x.In(epoch, Up, datagram(t, home4, far4, 100, 1))
	l.Delay = 0
	x.In(epoch+1, Up, datagram(t, home4, far4, 100, 2))
	if x.rest(); !slices.Equal(x.numbers(), []int{1, 2}) {
		t.Errorf("came as %v", x.numbers())
	}
}

func TestLossAndItsBursts(t *testing.T) {
	for _, c := range []struct{ loss, burst float64 }{{0.01, 0}, {0.2, 0}, {0.08, 5}, {0.02, 3}, {0.05, 1}} {
		x := newBench(&Pipe{Loss: c.loss, Burst: c.burst}, 7)
		const n = 200_000
		frame := datagram(t, home4, far4, 64, 0)
		runs, lost, was := 0, 0, false
		for i := range n {
			before := len(x.log)
			x.In(epoch+int64(i), Up, frame)
			is := len(x.log) > before
			if is && !was {
				runs++
			}
			if was = is; is {
				lost++
			}
		}
		if got := float64(lost) / n; math.Abs(got-c.loss) > 0.1*c.loss {
			t.Errorf("loss %v burst %v: lost %v", c.loss, c.burst, got)
		}
		want := 1 / (1 - c.loss) // of independent losses
		if c.burst >= 1 {
			want = c.burst
		}
		if got := float64(lost) / float64(runs); math.Abs(got-want) > 0.1*want {
			t.Errorf("loss %v burst %v: %v losses in a row, want %v", c.loss, c.burst, got, want)
		}
	}
}

func TestReorderedPacketsAreOvertakenByTheirTime(t *testing.T) {
	x := newBench(&Pipe{Delay: 10 * time.Millisecond, Reorder: 0.03, ReorderBy: 5 * time.Millisecond}, 3)
	x.send(t, 10_000, 100, time.Millisecond)
	late := 0
	for _, a := range x.out {
		switch took := a.at - time.Duration(a.number())*time.Millisecond; took {
		case 10 * time.Millisecond:
		case 15 * time.Millisecond:
			late++
		default:
			t.Fatalf("packet %d took %v", a.number(), took)
		}
	}
	if late < 250 || late > 350 || len(x.out) != 10_000 || slices.IsSorted(x.numbers()) {
		t.Errorf("%d of %d were late, want about 300", late, len(x.out))
	}
}

func TestDoublesFollowTheirPacketAndAreLogged(t *testing.T) {
	x := newBench(&Pipe{Delay: time.Millisecond, Hops: 3, Duplicate: 0.1}, 3)
	x.send(t, 5000, 100, time.Millisecond)
	twice := x.count(Doubled)
	if twice < 400 || twice > 600 || len(x.out) != 5000+twice || !slices.IsSorted(x.numbers()) {
		t.Fatalf("%d doubled, %d came out", twice, len(x.out))
	}
	for i := 1; i < len(x.out); i++ {
		a, b := x.out[i-1], x.out[i]
		if a.number() == b.number() && (!bytes.Equal(a.frame, b.frame) || &a.frame[0] == &b.frame[0]) {
			t.Fatal("a double is not a copy")
		}
	}
}

func ttlOf(frame []byte) int {
	p := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
	if ip, ok := p.NetworkLayer().(*layers.IPv4); ok {
		return int(ip.TTL)
	}
	return int(p.NetworkLayer().(*layers.IPv6).HopLimit)
}

func TestHopsAreTakenOffAndTheHeaderStaysRight(t *testing.T) {
	for n := range 2000 { // all kinds of checksums
		for hops := range uint8(70) {
			if n > 5 && hops != uint8(1+n%60) {
				continue
			}
			for _, ends := range [][2]netip.Addr{{home4, far4}, {home6, far6}} {
				frame := datagram(t, ends[0], ends[1], 64, n)
				x := newBench(&Pipe{Hops: hops}, 1)
				x.In(epoch, Up, frame)
				if hops >= 64 {
					if len(x.out) != 0 || x.count(Lost) != 1 || !bytes.Equal(x.log[0].Frame, frame) {
						t.Fatalf("after %d hops: %d came out, log %v", hops, len(x.out), x.log)
					}
					continue
				}
				if x.rest(); len(x.out) != 1 || ttlOf(x.out[0].frame) != 64-int(hops) || !soundHeader(x.out[0].frame) {
					t.Fatalf("after %d hops: %v", hops, x.out)
				}
			}
		}
	}
}

// soundHeader reports whether gopacket would have made the same checksums.
func soundHeader(frame []byte) bool {
	p := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
	udp := p.TransportLayer().(*layers.UDP)
	udp.SetNetworkLayerForChecksum(p.NetworkLayer())
	buf := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{ComputeChecksums: true, FixLengths: true},
		p.LinkLayer().(*layers.Ethernet), p.NetworkLayer().(gopacket.SerializableLayer), udp, gopacket.Payload(udp.Payload))
	return err == nil && bytes.Equal(buf.Bytes(), frame)
}

func TestTheSameSeedGivesTheSame(t *testing.T) {
	play := func(seed uint64) *bench {
		x := newBench(&Pipe{Jitter: time.Millisecond, Loss: 0.1, Burst: 2, Reorder: 0.1, ReorderBy: time.Millisecond, Duplicate: 0.1, Rate: 1e7, Queue: 20_000, AQM: &PIE{}}, seed)
		x.send(t, 3000, 1000, 700*time.Microsecond)
		return x
	}
	a, b, c := play(5), play(5), play(6)
	if !reflect.DeepEqual(a.out, b.out) || !reflect.DeepEqual(a.log, b.log) {
		t.Error("two runs with one seed differ")
	}
	if reflect.DeepEqual(a.out, c.out) {
		t.Error("another seed changed nothing")
	}
}
