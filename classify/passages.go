package classify

import (
	"cmp"
	"slices"

	"chokepoint/classify/track"
)

// began is when a passage began, ns, and its place in a list.
type began struct {
	from int64
	i    int
}

// learnMedia takes in what concerns the media of calls beyond their own flow: how the
// clients' TCP fared since the last tick, and which sources were met where.
func (r *run) learnMedia(now int64) {
	passed, streams := r.passed[:0], r.streams[:0]
	calling := slices.ContainsFunc(r.shards[:], func(s *shard) bool { return s.track.HasCall(now) })
	for _, s := range r.shards {
		if told := s.track.Passages(); calling { // nothing else is compared with them
			passed = append(passed, told...)
		}
		streams = append(streams, s.track.Streams()...)
	}
	order := r.order[:0] // they are long
	for i := range passed {
		order = append(order, began{passed[i].From, i})
	}
	slices.SortFunc(order, func(a, b began) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.i, b.i)) })
	for _, o := range order {
		r.world.SawPassage(passed[o.i])
	}
	slices.SortStableFunc(streams, func(a, b track.StreamSeen) int { return cmp.Compare(a.Num, b.Num) })
	for _, s := range streams {
		r.world.SawStream(s.Key, s.Flow)
	}
	r.passed, r.order, r.streams = passed, order, streams
}
