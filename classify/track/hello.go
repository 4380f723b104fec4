package track

import (
	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
)

func markOf(p *capture.Packet) fact.Mark {
	return fact.Mark{Num: p.Num, Time: p.Time, SeqEnd: p.SeqEnd()}
}

// silenceCopies is how many retransmissions of a SYN or hello make a flow
// worth judging while it lives (resets-and-drops, D1 and D2).
const silenceCopies = 3

// synAgain notes a retransmitted SYN.
func (t *Tracker) synAgain(id flow.ID, f *Flow, p *capture.Packet) {
	w := t.workOf(id, f, p.Time)
	w.hello.SYNRetr = t.addMark(w.hello.SYNRetr, markOf(p))
	if f.sides[fact.Up].syn > silenceCopies {
		t.mark(id, f)
	}
}

// helloData follows the client's first payload and what becomes of it.
func (t *Tracker) helloData(id flow.ID, f *Flow, w *work, d fact.Dir, p *capture.Packet, n novelty, segs uint32) {
	h := &w.hello
	if d == fact.Down {
		t.helloAnswer(f, w, d, p)
		if h.First.Num != 0 && h.Data.Num == 0 && n != keepalive {
			h.Data = markOf(p)
		}
		return
	}
	switch {
	case h.First.Num == 0:
		if n != fresh && n != filling {
			return
		}
		h.First, h.End, h.Segs, h.Kind = markOf(p), p.SeqEnd(), segs, "other"
		w.firstAt = p.Seq
	case (n == fresh || n == filling) && h.Data.Num == 0 && w.streams[fact.Up].collecting():
		h.Segs += segs
		if after(p.SeqEnd(), h.End) {
			h.End = p.SeqEnd()
			h.HeadAck = h.HeadAck || h.Acked.Ok
			h.Acked = fact.Opt[int64]{} // what was acknowledged was not all of it
		}
	case n == again && before(p.Seq, h.End):
		h.Count++
		h.Retrans = t.addMark(h.Retrans, markOf(p))
		if h.Count >= silenceCopies && h.Data.Num == 0 {
			t.mark(id, f)
		}
	}
}

// helloAnswer notes the server's first signs of life after the hello.
func (t *Tracker) helloAnswer(f *Flow, w *work, d fact.Dir, p *capture.Packet) {
	h := &w.hello
	if d != fact.Down || h.First.Num == 0 || h.Acked.Ok && h.Answer.Num != 0 {
		return
	}
	if p.Flags&capture.SYN != 0 {
		return // a SYN/ACK sent again answers the SYN: servers that defer accepting do not look at a bare ACK
	}
	if h.Answer.Num == 0 {
		h.Answer = markOf(p)
	}
	if p.Flags&capture.ACK == 0 || h.Acked.Ok {
		return
	}
	switch {
	case !before(p.Ack, h.End):
		h.Acked, h.HeadAck = fact.Some(p.Time), false
	case after(p.Ack, w.firstAt): // not First.SeqEnd: all of the hello may be in one merged frame
		h.HeadAck = true
	}
}

// owed reports whether a silent flow has demand that nobody meets: bytes not
// acknowledged, a hello not answered, a TLS record not finished.
func (f *Flow) owed(x *extra) bool {
	for d := range f.sides {
		s, o := &f.sides[d], &f.sides[d^1]
		if s.flags&hasSeq != 0 && o.flags&hasAck != 0 && after(s.next, o.ack) {
			return true
		}
	}
	if x == nil || x.work == nil {
		return false
	}
	w := x.work
	return w.hello.First.Num != 0 && w.hello.Data.Num == 0 ||
		w.records[fact.Up].remain() > 0 || w.records[fact.Down].remain() > 0
}

// recordsReach is up to how much payload of a side record boundaries are
// followed, bytes: beyond the band in which flows are frozen
// (resets-and-drops, D4: 4..64 KB).
const recordsReach = 96 << 10

// feed moves the cursor over a segment, if it follows what came before.
func (r *records) feed(s *side, p *capture.Packet) {
	if !r.on {
		return
	}
	if s.payload > recordsReach || p.Seq != r.next {
		r.on = false
		return
	}
	r.cursor.Feed(p.Payload, int(p.PayloadLen))
	r.next += p.PayloadLen
}

// remain returns how many bytes of an open record are missing, 0 if none or
// unknown.
func (r *records) remain() int {
	if !r.on || !r.cursor.InSync() {
		return 0
	}
	return r.cursor.Remain()
}
