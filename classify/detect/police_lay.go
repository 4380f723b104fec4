package detect

import (
	"cmp"
	"slices"

	"chokepoint/classify/fact"
)

const (
	// jointIdle is the pause of all flows that ends a busy period, ns
	// (rate-and-calls, section 2.3).
	jointIdle = 600_000_000
	// jointSteps is how many steps one replay takes in at most: finding a place
	// among the round trips before it costs each as much as there are.
	jointSteps = 4 * fact.MaxEvents
	// fillers is how many steps stand for bytes of which the log kept the sum.
	fillers = 256
	// fillerLen is what one of them carries at least, IP bytes: a full packet.
	fillerLen = 1500
)

// laid is several flows side by side, as one replay sees them.
type laid struct {
	kind  fact.EventFlag
	logs  []*fact.Logged
	floor []uint32 // of each flow, on the leg the losses are on, µs, 0 unknown
	base  uint32   // their median
	rtt   float64  // median over the flows of the round trip from end to end, s
	steps []step
	gaps  []lack
}

// lack is a part of a log that is not whole.
type lack struct {
	from    int64 // ns
	gaps    uint32
	marked  uint32
	partial bool // nothing is known of what came before
}

// lay merges logs by time.
func lay(logs []*fact.Logged, kind fact.EventFlag) laid {
	l := laid{kind: kind, logs: logs}
	var rtts []float64
	var floors []uint32
	for _, g := range logs {
		floor := g.Floor
		trips := logTrips(g.Bulk, &floor)
		f := floor[legOf(kind)]
		l.floor = append(l.floor, f)
		if f > 0 {
			floors = append(floors, f)
		}
		if sum := trips[0] + trips[1]; sum > 0 {
			rtts = append(rtts, sum)
		}
	}
	if len(rtts) > 0 {
		l.rtt = medianOf(rtts)
	}
	if len(floors) > 0 {
		slices.Sort(floors)
		l.base = uint32(quantileOf(floors, 0.5))
	}
	for i := range logs {
		l.add(i)
	}
	slices.SortStableFunc(l.steps, func(a, b step) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.num, b.num)) })
	slices.SortStableFunc(l.gaps, func(a, b lack) int { return cmp.Compare(a.from, b.from) })
	return l
}

// add adds what a flow sent.
func (l *laid) add(i int) {
	b := l.logs[i].Bulk
	for k := range b.Segments {
		seg := &b.Segments[k]
		l.gaps = append(l.gaps, lack{from: seg.Start, gaps: seg.Gaps, marked: seg.Losses, partial: seg.Lapse || k == 0 && seg.Continues})
		if len(seg.Events) == 0 {
			l.fill(i, seg.Start, seg.End, seg.Bytes, nil)
			continue
		}
		s := stretchOf(seg, l.kind, l.floor[i])
		if seg.Before > 0 {
			l.fill(i, seg.Start, seg.Events[0].Time, seg.Before, s.early)
		}
		for _, st := range s.steps {
			st.flow, st.rtt = uint16(i), l.even(i, st.rtt)
			l.steps = append(l.steps, st)
		}
	}
}

// fill has bytes pass evenly from one time to another.
func (l *laid) fill(i int, from, to int64, bytes uint64, early []uint32) {
	n := min(bytes/fillerLen, fillers)
	if n == 0 {
		return
	}
	for k := range n {
		st := step{at: from + (to-from)*int64(k)/int64(n), len: uint32(bytes / n), flow: uint16(i)}
		if int(k) < len(early) {
			st.rtt = l.even(i, early[k])
		}
		l.steps = append(l.steps, st)
	}
}

// even makes a round trip comparable with those of other flows: a queue that
// they share adds the same to all, whatever their ways are beside it.
func (l *laid) even(i int, us uint32) uint32 {
	if us == 0 || l.floor[i] == 0 {
		return us
	}
	return max(us-min(us, l.floor[i])+l.base, 1)
}

// stretches splits what was laid side by side into busy periods.
func (l *laid) stretches() (out []stretch) {
	goesOn := false
	for from := 0; from < len(l.steps); {
		to := from + 1
		for to < len(l.steps) && to-from < jointSteps && l.steps[to].at-l.steps[to-1].at <= jointIdle {
			to++
		}
		s := stretch{start: l.steps[from].at, end: l.steps[to-1].at, steps: l.steps[from:to], rtt: l.rtt, floor: l.base, partial: goesOn}
		for i := range s.steps {
			if !s.steps[i].lost || l.kind == fact.LostDown {
				s.bytes += uint64(s.steps[i].len)
			}
		}
		for _, g := range l.gaps {
			if g.from >= s.start && g.from <= s.end {
				s.gaps, s.marked = s.gaps+g.gaps, s.marked+g.marked
				s.partial = s.partial || g.partial
			}
		}
		out = append(out, s)
		goesOn = to-from == jointSteps
		from = to
	}
	return out
}
