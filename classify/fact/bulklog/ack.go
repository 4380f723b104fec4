package bulklog

import (
	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// Ack takes a packet of the other direction.
func (l *Log) Ack(p *capture.Packet) {
	if !l.started || p.Flags&capture.ACK == 0 || p.Flags&(capture.RST|capture.SYN) != 0 {
		return
	}
	if !l.acks || before(l.heard, p.Ack) {
		l.heard = p.Ack
	}
	l.acks = true
	if before(l.una, p.Ack) {
		if ahead := p.Ack - l.next; int32(ahead) > 0 && ahead > maxHole*l.unit {
			return // not of this connection, or nothing is left to compare with
		}
		l.una = p.Ack
		if l.hasPrev {
			l.advance(&l.prev, p)
		}
		l.advance(&l.cur, p)
	}
	if p.Has&capture.HasSACK != 0 && p.NSACK > 0 {
		l.dsack(p)
	}
	if p.Has&capture.HasTS != 0 {
		l.echo.sent(p.TSval, p.Time)
	}
	if p.PayloadLen > 0 && p.Ack == l.next {
		l.asked = true
	}
}

// advance walks over what is newly acknowledged. It gives round trips by
// Karn's rule (RFC 6298, section 3), and none from data that was sent while an
// earlier loss waited for repair, as the published detector does. Of packets
// acknowledged together the last was acknowledged at once; the others may have
// waited for it, and give none but what is near the shortest. A hole that is
// acknowledged without having been filled was missed by the capture.
func (l *Log) advance(t *track, p *capture.Packet) {
	s := l.segmentOf(t)
	from, to := t.acked, t.acked
	for to < len(t.refs) && !before(p.Ack, t.endOf(to, s.Events)) {
		to++
	}
	for ; t.acked < to; t.acked++ {
		r := &t.refs[t.acked]
		e := &s.Events[r.first]
		switch {
		case e.Flags&(fact.LostUp|fact.Filled) == fact.LostUp:
			void(e)
			s.Losses--
			s.Gaps++
			t.open--
			l.clean = l.next
		case r.last != r.first || e.Flags&fact.LostUp != 0:
			l.clean = l.next
		case !before(e.Seq, l.clean) && e.Flags&fact.Void == 0:
			if us := p.Time - e.Time; t.acked == to-1 || l.near(fact.LegDown, us) {
				e.RTT[fact.LegDown] = l.sample(fact.LegDown, us)
			}
		}
	}
	if to == from+1 {
		s.Events[t.refs[from].first].Flags |= fact.Lone
	}
}

// endOf is where ref k ends: where the next begins.
func (t *track) endOf(k int, ev []fact.Event) uint32 {
	if k+1 < len(t.refs) {
		return ev[t.refs[k+1].first].Seq
	}
	return t.end
}

// dsack looks for a duplicate report, which is always the first block: below
// the acknowledgement, or inside the second block (RFC 2883, section 4).
func (l *Log) dsack(p *capture.Packet) {
	from, to := p.SACK[0][0], p.SACK[0][1]
	if !before(from, to) {
		return
	}
	below := !before(p.Ack, to)
	inside := p.NSACK > 1 && !before(from, p.SACK[1][0]) && !before(p.SACK[1][1], to)
	if below || inside {
		l.needless(from, to)
	}
}
