package detect

import (
	"math"
	"slices"

	"chokepoint/classify/fact"
)

// trips are the round trips seen so far, in order of size, and the last two.
type trips struct {
	sorted     []uint32
	last, prev uint32
	measured   int
	base       uint32 // what the lowest are known to be at most, µs, 0 unknown
}

// newTrips starts with some that were not measured, all of them floor, and with
// those of the time before.
func newTrips(unmeasured int, floor uint32, early []uint32, room int) trips {
	t := trips{sorted: make([]uint32, 0, unmeasured+len(early)+room)}
	for range unmeasured {
		t.sorted = append(t.sorted, floor)
	}
	for _, us := range early {
		t.add(us)
	}
	return t
}

func (t *trips) add(us uint32) {
	i, _ := slices.BinarySearch(t.sorted, us)
	t.sorted = slices.Insert(t.sorted, i, us)
	t.prev, t.last = t.last, us
	t.measured++
}

// known reports whether there is a sample to compare: not the last one, but the
// one before it, as in the published test.
func (t *trips) known() bool { return t.measured > 1 }

// inflated reports whether that sample was high for this path.
func (t *trips) inflated() bool {
	if !t.known() || t.prev < inflatedFloor {
		return false
	}
	x, low := float64(t.prev), quantileOf(t.sorted, inflatedQuantile)
	if t.base > 0 {
		low = min(low, float64(t.base))
	}
	return x >= quantileOf(t.sorted, 0.5) && x > inflatedFactor*low
}

// pathFloor is the smallest round trip the tracker knows of both legs of a
// direction, µs, 0 unknown.
func pathFloor(f *fact.Flow, d fact.Dir) (out [2]uint32) {
	for leg, dir := range [...]fact.Dir{fact.LegDown: d, fact.LegUp: d.Other()} {
		if m := f.RTTMin(dir); m.Ok {
			out[leg] = uint32(min(max(m.V.Microseconds(), 0), math.MaxUint32))
		}
	}
	return out
}

// logTrips is the median round trip of each leg over the whole log, s; without
// a sample the floor. It lowers floor to the smallest.
func logTrips(b *fact.Bulk, floor *[2]uint32) (out [2]float64) {
	for leg := range out {
		var all []uint32
		for i := range b.Segments {
			all = appendTrips(all, &b.Segments[i], fact.Leg(leg))
		}
		out[leg] = middleTrip(all)
		switch {
		case len(all) == 0:
			out[leg] = float64(floor[leg]) / 1e6
		case floor[leg] == 0 || all[0] < floor[leg]:
			floor[leg] = all[0] // middleTrip has sorted them
		}
	}
	return out
}

// segmentTrip is the median round trip of a segment from end to end, s. A leg
// it has no sample of is as in the rest of the log.
func segmentTrip(seg *fact.Segment, whole [2]float64) (sum float64) {
	for leg, w := range whole {
		if own := middleTrip(appendTrips(nil, seg, fact.Leg(leg))); own > 0 {
			sum += own
		} else {
			sum += w
		}
	}
	return sum
}

func appendTrips(all []uint32, seg *fact.Segment, leg fact.Leg) []uint32 {
	all = append(all, seg.Early[leg].Samples()...)
	for k := range seg.Events {
		if us := seg.Events[k].RTT[leg]; us > 0 {
			all = append(all, us)
		}
	}
	return all
}

func middleTrip(us []uint32) float64 {
	if len(us) == 0 {
		return 0
	}
	slices.Sort(us)
	return quantileOf(us, 0.5) / 1e6
}
