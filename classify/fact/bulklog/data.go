package bulklog

import (
	"chokepoint/capture"
	"chokepoint/classify/fact"
)

const (
	// idle is the pause that ends a busy period if it also lasts idleRTTs
	// round trips (rate-and-calls, section 2.2), ns.
	idle     = 600_000_000
	idleRTTs = 6
	// maxHole is the widest sequence hole believed to be loss, wire segments:
	// beyond it the capture, not the network, is missing something.
	maxHole = 512
	// reorder is how soon a hole must be filled, ns or a quarter round trip,
	// to be reordering and not loss (rate-and-calls, section 2.1).
	reorder         = 3_000_000
	reorderFraction = 4
	// maxPayload is the longest frame believed: twice what Linux merges at most
	// (GSO_MAX_SIZE, 512 KiB).
	maxPayload = 1 << 20
)

// Data takes a packet of the logged direction. Only payload counts; mss is the
// MSS option its receiver sent, 0 if not seen.
func (l *Log) Data(p *capture.Packet, mss uint16) {
	if !l.started || p.PayloadLen == 0 || p.Flags&(capture.SYN|capture.RST) != 0 ||
		l.keepalive(p) || !l.plausible(p) {
		return
	}
	l.split(p)
	unit := l.wireSize(p, mss)
	l.header = min(max(p.IPLen, p.PayloadLen)-p.PayloadLen, maxHeader)
	sample := l.echoed(p)
	for off := uint32(0); off < p.PayloadLen; off += unit {
		n := min(unit, p.PayloadLen-off)
		l.wire(p, p.Seq+off, n, sample)
		sample = 0
	}
	l.lastTime, l.lastNum = p.Time, p.Num
	l.segment().End = p.Time
}

// keepalive: one byte before the next new one, or garbage instead of it (RFC
// 9293, 3.8.4).
func (l *Log) keepalive(p *capture.Packet) bool {
	return p.PayloadLen == 1 && p.Seq+1 == l.next
}

// plausible refuses data from before the connection, and data too far ahead
// until a second packet goes on from there: one stray packet must not move the
// sequence space, but a capture may really have missed a great deal.
func (l *Log) plausible(p *capture.Packet) bool {
	ahead := int32(p.Seq - l.next)
	if p.PayloadLen > maxPayload {
		return false
	}
	if ahead < 0 {
		return !before(p.Seq, l.isn)
	}
	if uint32(ahead) <= maxHole*l.unit {
		l.jumped = false
		return true
	}
	if !l.jumped || p.Seq != l.jump {
		l.jumped, l.jump = true, p.SeqEnd()
		return false
	}
	l.segment().Gaps++
	l.jumped = false
	l.next, l.clean = p.Seq, p.Seq
	l.begin(p.Time, true)
	s := l.segment()
	s.Gaps, s.Lapse = s.Gaps+1, true
	return true
}

// split opens a new segment if this packet starts one: a new busy period, or the
// answer to a request while nothing of the last was lost. Once something was, an
// answer is only marked: what emptied a bucket for one answer left it empty for the
// next. Both need that everything sent before had arrived; a request only counts if
// the sender had paused for it, as window updates and pipelined requests come amidst
// the data.
func (l *Log) split(p *capture.Packet) {
	s := l.segment()
	if len(s.Events) == 0 && s.Before == 0 {
		s.Start = p.Time
		return
	}
	if l.cur.open > 0 || l.acks && before(l.una, l.next) || before(p.Seq, l.next) {
		return
	}
	pause, rtt := p.Time-l.lastTime, int64(l.rtt())*1000
	answer := l.asked && pause > rtt/2
	l.asked = false
	switch {
	case pause > max(idle, idleRTTs*rtt), answer && (s.Losses == 0 || len(s.Events) > fact.MaxEvents/2):
		l.begin(p.Time, false)
	case answer:
		l.answer = true
	}
}

// wire books one wire segment.
func (l *Log) wire(p *capture.Packet, seq, n, rtt uint32) {
	l.room(p.Time, 1)
	end := seq + n
	size := uint16(min(n+l.header, 1<<16-1))
	e := fact.Event{Time: p.Time, Num: p.Num, Seq: seq, Len: size}
	if !before(l.next, end) {
		e.Flags, e.RTT[fact.LegUp] = l.repeat(p.Time, seq, end), rtt
		l.add(e)
		l.segment().Bytes += uint64(size)
		return
	}
	hole := before(l.next, seq)
	if hole {
		l.hole(p, seq)
	} else if before(seq, l.next) {
		e.Flags = l.repeat(p.Time, seq, l.next)
		e.Seq = l.next
	}
	e.RTT[fact.LegUp] = rtt
	i := l.add(e)
	if hole {
		l.shown(i)
	}
	l.extend(ref{first: i, last: i, prev: -1}, end)
	l.segment().Bytes += uint64(size)
}

// hole books the bytes from next up to seq as lost before the tap, wire
// segment by wire segment; but what is acknowledged already, the capture has
// missed.
func (l *Log) hole(p *capture.Packet, seq uint32) {
	l.room(p.Time, int((seq-l.next)/l.unit)+2)
	s := l.segment()
	e := fact.Event{Time: l.lastTime, Num: l.lastNum}
	if len(s.Events) == 0 && !s.Continues || l.answer {
		e.Time, e.Num = p.Time, p.Num // nothing of this answer arrived before
	}
	for before(l.next, seq) {
		end := l.next + min(l.unit, seq-l.next)
		e.Seq = l.next
		e.Len = uint16(min(end-l.next+l.header, 1<<16-1))
		if before(l.next, l.una) {
			e.Flags = fact.Void
			s.Gaps++
		} else {
			e.Flags = fact.LostUp
			l.lost(s)
			l.cur.open++
		}
		i := l.add(e)
		l.extend(ref{first: i, last: i, prev: -1}, end)
	}
}

// shown notes event i as what showed the holes right before it.
func (l *Log) shown(i int32) {
	refs := l.cur.refs
	ev := l.segment().Events
	for k := len(refs) - 1; k >= 0 && ev[refs[k].first].Flags&^(fact.Asked|fact.Lone) == fact.LostUp && refs[k].prev < 0; k-- {
		refs[k].prev = i
	}
}

func (l *Log) lost(s *fact.Segment) {
	s.Losses++
	l.worst = max(l.worst, s.Losses)
}
