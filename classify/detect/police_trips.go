package detect

import "slices"

// trips are the round trips seen so far, in order of size, and the last two.
type trips struct {
	sorted     []uint32
	last, prev uint32
	n          int
}

func newTrips(early []uint32, room int) trips {
	t := trips{sorted: make([]uint32, 0, len(early)+room)}
	for _, us := range early {
		t.add(us)
	}
	return t
}

func (t *trips) add(us uint32) {
	i, _ := slices.BinarySearch(t.sorted, us)
	t.sorted = slices.Insert(t.sorted, i, us)
	t.prev, t.last = t.last, us
	t.n++
}

// known reports whether there is a sample to compare.
func (t *trips) known() bool { return t.n > 1 }

// inflated reports whether the sample before the last was high for this path:
// the published test looks at that one.
func (t *trips) inflated() bool {
	if !t.known() || t.prev < inflatedFloor {
		return false
	}
	x := float64(t.prev)
	return x >= quantileOf(t.sorted, 0.5) && x > inflatedFactor*quantileOf(t.sorted, inflatedQuantile)
}
