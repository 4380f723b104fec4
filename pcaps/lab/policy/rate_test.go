package policy

import (
	"math"
	"testing"
	"time"

	"chokepoint/pcaps/lab/box"
)

const packet = 1000 // IP bytes

// flood hands in datagrams of one size from the server, gap apart, for a while.
func flood(x *bench, port uint16, from, lasts, gap time.Duration) {
	for at := from; at < from+lasts; at += gap {
		x.at(at, frame{dir: box.Down, udp: true, port: port, payload: make([]byte, packet-28)})
	}
}

func TestAPolicerPassesRateAndBurst(t *testing.T) {
	for _, rate := range []float64{140e3, 1e6, 7.3e6} {
		for _, burst := range []int{1500, 20_000, 100_000} {
			x := newBench(t, rule(UDP, &Police{Rate: rate, Burst: burst}))
			lasts := 6 * time.Second
			flood(x, 4000, 0, lasts, 500*time.Microsecond) // 16 Mbit/s
			want := (rate/8*lasts.Seconds() + float64(burst)) / packet
			if got := float64(len(x.rest())); math.Abs(got-want) > 1 {
				t.Errorf("%v bit/s with %d bytes: %v packets, want %v", rate, burst, got, want)
			}
		}
	}
}

func TestABucketFillsAgain(t *testing.T) {
	x := newBench(t, rule(UDP, &Police{Rate: 80e3, Burst: 5 * packet}))
	flood(x, 4000, 0, 10*time.Millisecond, time.Millisecond)
	if n := len(x.rest()); n != 5 {
		t.Errorf("%d at once, want 5", n)
	}
	flood(x, 4000, 300*time.Millisecond, 10*time.Millisecond, time.Millisecond)
	if n := len(x.rest()); n != 3 { // 10 packets/s
		t.Errorf("%d after 300 ms, want 3", n)
	}
	flood(x, 4000, time.Hour, 10*time.Millisecond, time.Millisecond)
	if n := len(x.rest()); n != 5 {
		t.Errorf("%d after an hour, want 5", n)
	}
}

func TestWhoSharesABucket(t *testing.T) {
	for _, c := range []struct {
		per  Scope
		want int
	}{{PerRule, 10}, {PerServer, 10}, {PerFlow, 20}} {
		x := newBench(t, rule(UDP, &Police{Rate: 1, Burst: 5 * packet, Per: c.per}))
		flood(x, 4000, 0, 20*time.Millisecond, time.Millisecond)
		flood(x, 4001, 20*time.Millisecond, 20*time.Millisecond, time.Millisecond)
		for i := range 20 {
			x.at(time.Duration(40+i)*time.Millisecond, frame{udp: true, port: uint16(4000 + i%2), payload: make([]byte, packet-28)})
		}
		if n := len(x.rest()); n != c.want {
			t.Errorf("scope %d: %d pass, want %d", c.per, n, c.want)
		}
	}
}

func TestAShaperDelaysAndThenDrops(t *testing.T) {
	x := newBench(t, rule(UDP, &Shape{Rate: 8e6, Queue: 10 * packet})) // 1 ms a packet
	flood(x, 4000, 0, 20*time.Microsecond, time.Microsecond)
	out := x.rest()
	if len(out) != 11 || x.count(box.Dropped) != 9 || x.count(box.Delayed) != 11 {
		t.Fatalf("%d came out, %d dropped, %d delayed", len(out), x.count(box.Dropped), x.count(box.Delayed))
	}
	for i, a := range out {
		if want := time.Duration(i+1) * time.Millisecond; (a.at - want).Abs() > time.Microsecond {
			t.Errorf("packet %d left at %v, want %v", i, a.at, want)
		}
	}
	flood(x, 4000, time.Second, time.Second, 500*time.Microsecond)
	if n := len(x.rest()); n < 1008 || n > 1012 {
		t.Errorf("%d in a second of 1000 and a queue of 10", n)
	}
}

func TestAShaperWithABurst(t *testing.T) {
	x := newBench(t, rule(UDP, &Shape{Rate: 8e6, Burst: 5 * packet}))
	flood(x, 4000, 0, 10*time.Microsecond, time.Microsecond)
	out := x.rest()
	if len(out) != 10 || x.count(box.Delayed) != 5 || out[4].at > 10*time.Microsecond || (out[5].at-time.Millisecond).Abs() > time.Microsecond {
		t.Errorf("%d came out, the fifth at %v, the sixth at %v", len(out), out[4].at, out[5].at)
	}
}

func TestDelay(t *testing.T) {
	x := newBench(t, rule(UDP, Delay{By: 30 * time.Millisecond}))
	flood(x, 4000, 0, 10*time.Millisecond, time.Millisecond)
	for i, a := range x.rest() {
		if a.at != time.Duration(30+i)*time.Millisecond {
			t.Errorf("packet %d left at %v", i, a.at)
		}
	}
	x = newBench(t, rule(UDP, Delay{By: 30 * time.Millisecond, Jitter: 10 * time.Millisecond}))
	flood(x, 4000, 0, time.Second, 20*time.Millisecond)
	least, most := time.Hour, time.Duration(0)
	for i, a := range x.rest() {
		took := a.at - time.Duration(i)*20*time.Millisecond
		least, most = min(least, took), max(most, took)
	}
	if least < 30*time.Millisecond || most > 40*time.Millisecond || most-least < 5*time.Millisecond {
		t.Errorf("took %v to %v", least, most)
	}
}
