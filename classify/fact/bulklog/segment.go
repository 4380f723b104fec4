package bulklog

import "chokepoint/classify/fact"

const (
	// trimAt is how many events a segment without a loss may hold before those
	// already acknowledged are let go: nothing behind the first loss depends
	// on them but their bytes and round trips.
	trimAt = 512
	// trimMin is the least that is worth moving the rest for.
	trimMin = trimAt / 2
	// firstEvents is what a segment has room for at first: 2 KiB, and as many refs. Most
	// flows that are logged send some 50 packets.
	firstEvents = 64
)

// ref is one stretch of sequence space of a segment, sent once or several
// times; a track's refs are contiguous and in sequence order. The fields index
// events, -1 elsewhere or none.
type ref struct {
	first int32 // the original, or the loss inferred for it
	last  int32 // the latest transmission
	prev  int32 // the one before the latest; of an unfilled hole: what showed it
}

// track finds the events of a segment by sequence number.
type track struct {
	refs  []ref
	acked int    // refs below it are acknowledged
	base  uint32 // where the first ref begins
	end   uint32 // where the last ref ends
	open  int    // holes neither filled nor void
}

// segment is the running one.
func (l *Log) segment() *fact.Segment { return l.running }

// segmentOf returns the segment a track belongs to.
func (l *Log) segmentOf(t *track) *fact.Segment {
	if t == &l.prev {
		return &l.bulk.Segments[len(l.bulk.Segments)-2]
	}
	return l.segment()
}

// begin closes the running segment and opens the next.
func (l *Log) begin(now int64, continues bool) {
	segs := l.bulk.Segments
	if len(segs) > 0 {
		if l.hasPrev {
			l.settle(&segs[len(segs)-2])
		}
		segs[len(segs)-1].Closed = true
		l.cur, l.prev, l.hasPrev = l.prev, l.cur, true
	}
	if len(segs) == fact.MaxSegments {
		segs = l.forget()
	}
	ev := l.spare[:0]
	l.spare = nil
	l.bulk.Segments = append(segs, fact.Segment{Start: now, End: now, Continues: continues, Events: ev})
	l.running = &l.bulk.Segments[len(l.bulk.Segments)-1]
	l.cur = track{refs: l.cur.refs[:0], base: l.next, end: l.next}
	l.asked, l.answer = false, false
}

// settle lets the events of a segment go that nobody will want to judge.
func (l *Log) settle(s *fact.Segment) {
	if s.Losses < keepLosses {
		l.release(s)
	}
}

func (l *Log) release(s *fact.Segment) {
	if cap(s.Events) > cap(l.spare) {
		l.spare = s.Events
	}
	s.Events = nil
}

// forget makes room for a segment: of those that are settled the one with the
// fewest losses goes, the oldest of equals.
func (l *Log) forget() []fact.Segment {
	segs := l.bulk.Segments
	least := 0
	for i := range segs[:len(segs)-1] { // the last stays: it is prev's
		if segs[i].Losses < segs[least].Losses {
			least = i
		}
	}
	l.release(&segs[least])
	copy(segs[least:], segs[least+1:])
	segs[least].Lapse = true
	l.bulk.Dropped++
	return segs[:len(segs)-1]
}

// add appends an event and returns its index.
func (l *Log) add(e fact.Event) int32 {
	s := l.segment()
	if s.Events == nil {
		s.Events = make([]fact.Event, 0, firstEvents)
	}
	if l.answer {
		e.Flags |= fact.Asked
		l.answer = false
	}
	s.Events = append(s.Events, e)
	return int32(len(s.Events) - 1)
}

// extend appends a ref that reaches up to end.
func (l *Log) extend(r ref, end uint32) {
	if l.cur.refs == nil {
		l.cur.refs = make([]ref, 0, firstEvents)
	}
	l.cur.refs = append(l.cur.refs, r)
	l.cur.end, l.next = end, end
}

// room sees to it that n more events fit the running segment.
func (l *Log) room(now int64, n int) {
	s := l.segment()
	if len(s.Events) < trimAt {
		return
	}
	if s.Losses == 0 {
		l.trim(s, n)
	}
	if len(s.Events)+n > fact.MaxEvents {
		s.Cut = true
		l.begin(now, true)
	}
}

// trim forgets events of a segment without losses that are acknowledged, or,
// when that does not help, half of them.
func (l *Log) trim(s *fact.Segment, n int) {
	t := &l.cur
	refs, drop := t.acked, len(s.Events)
	if refs < len(t.refs) {
		drop = int(t.refs[refs].first)
	}
	if drop < trimMin {
		if len(s.Events)+n <= fact.MaxEvents {
			return
		}
		drop = len(s.Events) / 2
		for refs < len(t.refs) && int(t.refs[refs].first) < drop {
			refs++
		}
	}
	for i := range s.Events[:drop] {
		s.Before += passed(&s.Events[i])
		for leg, us := range s.Events[i].RTT {
			if us > 0 {
				s.Early[leg].Add(us)
			}
		}
	}
	s.Events = s.Events[:copy(s.Events, s.Events[drop:])]
	l.unref(refs, int32(drop))
}

// void withdraws an inferred packet.
func void(e *fact.Event) { e.Flags = e.Flags&(fact.Asked|fact.Lone) | fact.Void }

// passed is what an event adds to the bytes of its segment.
func passed(e *fact.Event) uint64 {
	if e.Flags&(fact.Void|fact.LostUp) != 0 {
		return 0
	}
	return uint64(e.Len)
}

// unref drops the first refs of the running track and moves the others down.
func (l *Log) unref(refs int, events int32) {
	t := &l.cur
	if refs < len(t.refs) {
		t.base = l.segment().Events[t.refs[refs].first-events].Seq
	} else {
		t.base = t.end
	}
	t.refs = t.refs[:copy(t.refs, t.refs[refs:])]
	t.acked = max(t.acked-refs, 0)
	for i := range t.refs {
		r := &t.refs[i]
		r.first, r.last, r.prev = r.first-events, max(r.last-events, -1), max(r.prev-events, -1)
	}
}
