package track

import (
	"math/rand/v2"
	"testing"
	"time"

	"chokepoint/classify/fact"
)

// spun plays a download over QUIC past a tap that is near from the client and far from
// the server, a datagram each way every millisecond. values makes what is sent of the
// value that a side would send by the rules.
func spun(t *testing.T, near, far time.Duration, values func(d fact.Dir, v bool) bool) *fact.Rate {
	c := newBench(t, 8<<20).chat(40000, 443)
	c.say(up, mine.hello("chat.example"))
	for range 20 {
		c.say(down, short(1200))
	}
	// What each side has heard last, and what passes the tap, by time.
	at := func(v []bool, i int) bool { return i >= 0 && v[i] }
	n := 2000
	fromClient, fromServer := make([]bool, n), make([]bool, n) // as they pass the tap
	for i := range n {
		c.wait(time.Millisecond)
		fromClient[i] = !at(fromServer, i-int(near/time.Millisecond))
		fromServer[i] = at(fromClient, i-int(far/time.Millisecond))
		for d, v := range [2]bool{fact.Up: fromClient[i], fact.Down: fromServer[i]} {
			b := short(1200)
			b[0] &^= spinBit
			if values(fact.Dir(d), v) {
				b[0] |= spinBit
			}
			c.say(fact.Dir(d), b)
		}
	}
	r, _ := c.sum(down)
	return &r
}

func spinTrips(r *fact.Rate) (ms [2]float64, n [2]int) {
	for i := range r.Bins[:r.Used()] {
		for leg := range ms {
			ms[leg] += float64(r.Bins[i].RTT[leg]) / 1000
			n[leg] += int(r.Bins[i].RTTs[leg])
		}
	}
	for leg := range ms {
		ms[leg] /= float64(max(n[leg], 1))
	}
	return ms, n
}

func TestSpinBitGivesBothLegs(t *testing.T) {
	r := spun(t, 10*time.Millisecond, 40*time.Millisecond, func(_ fact.Dir, v bool) bool { return v })
	ms, n := spinTrips(r)
	if n[fact.LegUp] < 30 || ms[fact.LegUp] < 39 || ms[fact.LegUp] > 41 {
		t.Errorf("%d round trips to the server, %.1f ms", n[fact.LegUp], ms[fact.LegUp])
	}
	if n[fact.LegDown] < 30 || ms[fact.LegDown] < 9 || ms[fact.LegDown] > 11 {
		t.Errorf("%d round trips to the client, %.1f ms", n[fact.LegDown], ms[fact.LegDown])
	}
	if f := r.Floor; f[fact.LegUp]/1000 != 40 || f[fact.LegDown]/1000 != 10 {
		t.Errorf("floors %v us", f)
	}
}

// TestSpinBitOfThoseWhoDoNotSpin: one value, any value, or a server that gives back
// none (RFC 9000, section 17.4).
func TestSpinBitOfThoseWhoDoNotSpin(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for name, values := range map[string]func(fact.Dir, bool) bool{
		"one value":            func(fact.Dir, bool) bool { return true },
		"any value":            func(fact.Dir, bool) bool { return rnd.IntN(2) == 1 },
		"any of the server":    func(d fact.Dir, v bool) bool { return d == fact.Up && v || d == fact.Down && rnd.IntN(2) == 1 },
		"the server's is zero": func(d fact.Dir, v bool) bool { return d == fact.Up && v },
	} {
		r := spun(t, 10*time.Millisecond, 40*time.Millisecond, values)
		if ms, n := spinTrips(r); n[0]+n[1] > 0 {
			t.Errorf("%s: %v round trips, %v ms", name, n, ms)
		}
	}
}
