package box

import (
	"math"
	"slices"
	"testing"
	"time"
)

func TestTheRateIsExact(t *testing.T) {
	for _, rate := range []float64{140e3, 1e6, 20e6, 1e9} {
		for _, size := range []int{60, 576, 1500} {
			x := newBench(&Pipe{Rate: rate}, 1)
			x.send(t, 1001, size, 0)
			took := (x.out[1000].at - x.out[0].at).Seconds()
			if got := 1000 * float64(size) * 8 / took; math.Abs(got-rate) > 0.01*rate {
				t.Errorf("%v bit/s with %d bytes: %v", rate, size, got)
			}
		}
	}
}

func TestAQueueDropsAtItsTail(t *testing.T) {
	// 12 ms a packet; one is being sent, ten of 1500 bytes may wait.
	x := newBench(&Pipe{Rate: 1e6, Queue: 15_000, Delay: time.Millisecond}, 1)
	x.send(t, 20, 1500, 0)
	if !slices.Equal(x.numbers(), series(0, 11)) || x.count(Lost) != 9 {
		t.Fatalf("came out: %v, lost %d", x.numbers(), x.count(Lost))
	}
	for i, a := range x.out {
		if want := time.Duration(i+1)*12*time.Millisecond + time.Millisecond; a.at != want {
			t.Errorf("packet %d came at %v, want %v", i, a.at, want)
		}
	}
	// A small packet still fits where a large one does not.
	x = newBench(&Pipe{Rate: 1e6, Queue: 1600}, 1)
	for i, size := range []int{1500, 1500, 1500, 100, 100} {
		x.In(epoch, Up, datagram(t, home4, far4, size, i))
	}
	if x.rest(); !slices.Equal(x.numbers(), []int{0, 1, 3}) {
		t.Errorf("came out: %v", x.numbers())
	}
}

func TestAnIdleLineTakesAPacketLargerThanItsQueue(t *testing.T) {
	x := newBench(&Pipe{Rate: 1e6, Queue: 100}, 1)
	if x.send(t, 5, 1500, 20*time.Millisecond); len(x.out) != 5 {
		t.Errorf("%d of 5 came out", len(x.out))
	}
}

func TestARateThatIsLiftedLetsTheQueueGoInOrder(t *testing.T) {
	l := &Pipe{Rate: 1e6}
	x := newBench(l, 1)
	for i := range 3000 {
		x.In(epoch, Up, datagram(t, home4, far4, 1500, i))
	}
	x.Run(epoch + int64(13*time.Millisecond)) // the second one is being sent
	l.Rate = 0
	x.In(x.Now(), Up, datagram(t, home4, far4, 1500, 3000))
	x.rest()
	if !slices.Equal(x.numbers(), series(0, 3001)) || x.out[3000].at != 24*time.Millisecond {
		t.Errorf("%d came out, the last at %v", len(x.out), x.out[len(x.out)-1].at)
	}
}

// overload sends twice the rate of 10 Mbit/s for ten seconds and returns the mean
// wait of what came out in the last five, and the share of all that was dropped.
func overload(t *testing.T, a AQM, load float64) (wait time.Duration, dropped float64) {
	x := newBench(&Pipe{Rate: 10e6, Queue: 1_500_000, AQM: a}, 1)
	const size = 1000
	gap := time.Duration(size * 8 / (10e6 * load) * 1e9)
	n := int(10 * time.Second / gap)
	x.send(t, n, size, gap)
	var sum time.Duration
	late := 0
	for _, p := range x.out {
		if p.at < 5*time.Second || p.at > 10*time.Second {
			continue
		}
		sum += p.at - time.Duration(p.number())*gap
		late++
	}
	if len(x.out)+x.count(Lost) != n {
		t.Errorf("%d came out and %d were lost of %d", len(x.out), x.count(Lost), n)
	}
	return sum / time.Duration(max(late, 1)), float64(x.count(Lost)) / float64(n)
}

func TestActiveQueuesHoldTheWaitDown(t *testing.T) {
	for _, c := range []struct {
		name string
		make func() AQM
		most time.Duration // mean wait at 5 % overload
	}{
		{"CoDel", func() AQM { return &CoDel{} }, 60 * time.Millisecond},
		{"PIE", func() AQM { return &PIE{} }, 30 * time.Millisecond},
		{"RED", func() AQM { return &RED{Min: 30_000, Max: 90_000} }, 75 * time.Millisecond},
	} {
		wait, dropped := overload(t, c.make(), 1.05)
		t.Logf("%s: mean wait %v, %.1f %% dropped", c.name, wait, 100*dropped)
		if wait > c.most || dropped < 0.02 || dropped > 0.08 {
			t.Errorf("%s: mean wait %v, dropped %v", c.name, wait, dropped)
		}
		// Below its rate a queue has nothing to do.
		if _, dropped := overload(t, c.make(), 0.9); dropped > 0 {
			t.Errorf("%s drops %v of what fits", c.name, dropped)
		}
	}
	if wait, _ := overload(t, nil, 1.05); wait < 200*time.Millisecond {
		t.Errorf("without an AQM the wait is %v: the test shows nothing", wait)
	}
}

func TestCoDelDropsAfterAnIntervalAndThenBySquareRoot(t *testing.T) {
	c := &CoDel{}
	var drops []time.Duration
	for at := time.Duration(0); at < time.Second; at += time.Millisecond {
		if c.Expel(Standing{Now: epoch + int64(at), Bytes: 10_000, Waited: 20 * time.Millisecond}) {
			drops = append(drops, at/time.Millisecond)
		}
	}
	// 100 ms above target, then 100/sqrt(1), 100/sqrt(2), 100/sqrt(3) ... later.
	if want := []time.Duration{100, 200, 271, 329, 379}; !slices.Equal(drops[:5], want) {
		t.Errorf("dropped at %v ms, want %v", drops[:5], want)
	}
	if c.Expel(Standing{Now: epoch + int64(time.Second), Bytes: 10_000, Waited: time.Millisecond}) {
		t.Error("drops although nobody waits")
	}
	if c.Expel(Standing{Now: epoch + int64(2*time.Second), Bytes: 1000, Waited: time.Second}) || c.dropping {
		t.Error("drops although one packet waits")
	}
}
