package classify

import (
	"cmp"
	"maps"
	"slices"

	"chokepoint/classify/fact"
	"chokepoint/classify/track"
)

// callMemory is how long after its last media a call is still under way, ns.
const callMemory = 30 * second

// learnCallers takes in who has a call.
func (r *run) learnCallers(now int64) {
	for _, s := range r.shards {
		for _, c := range s.track.Callers() {
			if r.callers == nil {
				r.callers = map[fact.Passer]int64{}
			}
			r.callers[c] = now
		}
	}
	maps.DeleteFunc(r.callers, func(_ fact.Passer, last int64) bool { return now-last > callMemory })
}

// learnMedia takes in what concerns the media of calls beyond their own flow: how the
// clients' TCP fared since the last tick, and which sources were met where.
func (r *run) learnMedia(now int64) {
	r.learnCallers(now)
	passed, streams := r.passed[:0], r.streams[:0]
	for _, s := range r.shards {
		for _, p := range s.track.Passages() {
			if _, ok := r.callers[p.Passer]; ok { // nobody else's is compared with anything
				passed = append(passed, p)
			}
		}
		streams = append(streams, s.track.Streams()...)
	}
	slices.SortStableFunc(passed, func(a, b fact.Passage) int { return cmp.Compare(a.From, b.From) })
	for _, p := range passed {
		r.world.SawPassage(p)
	}
	slices.SortStableFunc(streams, func(a, b track.StreamSeen) int { return cmp.Compare(a.Num, b.Num) })
	for _, s := range streams {
		r.world.SawStream(s.Key, s.Flow)
	}
	r.passed, r.streams = passed, streams
}
