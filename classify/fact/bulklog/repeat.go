package bulklog

import (
	"sort"

	"chokepoint/classify/fact"
)

// repeat books a transmission of [seq, end), all of it below next, at time now
// as the event that is about to be added, and returns the flags of that event.
func (l *Log) repeat(now int64, seq, end uint32) fact.EventFlag {
	var flags fact.EventFlag
	if l.hasPrev {
		flags |= l.repeatIn(&l.prev, -1, now, seq, end)
	}
	own := int32(len(l.segment().Events))
	flags |= l.repeatIn(&l.cur, own, now, seq, end)
	if before(seq, l.cur.base) {
		flags |= fact.Again // from before the log or a forgotten part of it
		l.early(seq, end)
	}
	return flags
}

// early takes note that packets which the tap saw before the log began were lost
// behind it, so that what was sent by then did not all pass.
func (l *Log) early(seq, end uint32) {
	if !l.acks || before(seq, l.heard) {
		return // a needless copy
	}
	l.clean = l.next // what was sent meanwhile waits for the repair to be acknowledged
	s := &l.bulk.Segments[0]
	if len(l.bulk.Segments) > 1 || l.bulk.Dropped > 0 || before(l.contig, end) {
		return
	}
	s.Before -= min(s.Before, uint64(end-seq+l.header))
}

func (l *Log) repeatIn(t *track, own int32, now int64, seq, end uint32) (flags fact.EventFlag) {
	s := l.segmentOf(t)
	from, to := t.overlap(s.Events, seq, end)
	for k := from; k < to; k++ {
		r := &t.refs[k]
		if s.Events[r.first].Flags&(fact.LostUp|fact.Filled) == fact.LostUp {
			l.fill(t, s, r, now)
		} else {
			flags |= fact.Again
			// What is acknowledged had arrived: this repeat was needless.
			if k >= t.acked && r.last >= 0 && s.Events[r.last].Flags&(fact.LostDown|fact.LostUp|fact.Void) == 0 {
				s.Events[r.last].Flags |= fact.LostDown
				l.lost(s)
			}
		}
		r.prev, r.last = r.last, own
	}
	return flags
}

// fill closes a hole: by the original, which was only overtaken, or by a
// retransmission.
func (l *Log) fill(t *track, s *fact.Segment, r *ref, now int64) {
	t.open--
	e := &s.Events[r.first]
	if r.prev >= 0 && now-s.Events[r.prev].Time < max(reorder, int64(l.rtt())*1000/reorderFraction) {
		void(e)
		s.Losses--
		return
	}
	e.Flags |= fact.Filled
}

// overlap returns the refs that [seq, end) touches. Refs are contiguous, so
// the search is binary.
func (t *track) overlap(ev []fact.Event, seq, end uint32) (from, to int) {
	if len(t.refs) == 0 || len(ev) == 0 || !before(t.base, end) || !before(seq, t.end) {
		return 0, 0
	}
	at := func(k int) uint32 { return ev[t.refs[k].first].Seq - t.base }
	if before(t.base, seq) {
		from = sort.Search(len(t.refs), func(k int) bool { return at(k) > seq-t.base }) - 1
	}
	for to = max(from, 0); to < len(t.refs) && at(to) < end-t.base; to++ {
	}
	return max(from, 0), to
}

// needless withdraws the loss of [seq, end), of which the receiver says that
// it came twice (DSACK, RFC 2883).
func (l *Log) needless(seq, end uint32) {
	if l.hasPrev {
		l.needlessIn(&l.prev, seq, end)
	}
	l.needlessIn(&l.cur, seq, end)
}

func (l *Log) needlessIn(t *track, seq, end uint32) {
	s := l.segmentOf(t)
	from, to := t.overlap(s.Events, seq, end)
	for k := from; k < to; k++ {
		r := &t.refs[k]
		if s.Events[r.first].Flags&(fact.LostUp|fact.Filled) == fact.LostUp {
			continue // never seen here, so not twice
		}
		e := r.first // of a chain that leaves the segment only this is left
		if r.last >= 0 {
			e = r.prev
		}
		if e >= 0 && s.Events[e].Flags&fact.LostDown != 0 {
			s.Events[e].Flags &^= fact.LostDown
			s.Losses--
		}
	}
}
