package fact

import "math"

// Opening is what the clean round trips of one leg came to from the beginning of the
// first stretch that lost packets up to its first loss: whether a sender filled a queue
// before it lost anything shows here (Sundaresan et al., "TCP Congestion Signatures",
// IMC 2017; rate-and-calls, section 2.11).
type Opening struct {
	N        uint32  // samples; 0: nothing was lost, or how it began is not known
	Min, Max uint32  // µs
	Last     uint32  // mean of the last three, µs
	Mean, SD float64 // µs; the deviation is that of a sample
}

// lastTrips is of how many samples Last is the mean.
const lastTrips = 3

// Opening sums up the round trips of a leg until something was lost, on whichever side
// of the tap. It is for a log that begins where its direction does: what came before
// another is not looked for.
func (b *Bulk) Opening(leg Leg) (o Opening) {
	for i := range b.Segments {
		s := &b.Segments[i]
		if s.Continues || s.Lapse || s.Losses > 0 && s.Events == nil {
			return Opening{}
		}
		if s.Losses > 0 {
			return s.opening(leg)
		}
	}
	return Opening{}
}

func (s *Segment) opening(leg Leg) Opening {
	var t openingTrips
	for _, us := range s.Early[leg].Samples() {
		t.add(us)
	}
	for i := range s.Events {
		e := &s.Events[i]
		if e.Flags&(LostDown|LostUp) != 0 {
			break
		}
		if us := e.RTT[leg]; us > 0 && e.Flags&Void == 0 {
			t.add(us)
		}
	}
	return t.opening()
}

// openingTrips adds up round trips, by Welford's method.
type openingTrips struct {
	Opening
	squares float64
	last    [lastTrips]uint32
}

func (t *openingTrips) add(us uint32) {
	if t.N == 0 || us < t.Min {
		t.Min = us
	}
	t.Max = max(t.Max, us)
	t.last[t.N%lastTrips] = us
	t.N++
	d := float64(us) - t.Mean
	t.Mean += d / float64(t.N)
	t.squares += d * (float64(us) - t.Mean)
}

func (t *openingTrips) opening() Opening {
	n := min(t.N, lastTrips)
	if n == 0 {
		return Opening{}
	}
	var sum uint64
	for _, us := range t.last[:n] {
		sum += uint64(us)
	}
	t.Last = uint32(sum / uint64(n))
	t.SD = math.Sqrt(t.squares / float64(t.N))
	return t.Opening
}
