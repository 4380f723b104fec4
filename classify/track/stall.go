package track

import (
	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
)

const (
	// stallCopies is how many tries in vain make a flow worth judging while it
	// lives: one more than what its demand needs (resets-and-drops, 5.0).
	stallCopies = 3
	// stallSilence is for how long, ns: what a freeze needs (D4).
	stallSilence = 5_000_000_000
	// pushyEnough is how often a side must have gone on, unasked, after a full segment
	// with PSH for that bit to say nothing about where its messages end: Linux sets it
	// on the last segment of each buffer it hands to the card, too.
	pushyEnough = 3
)

// stall is what is kept of a side since it last got further.
type stall struct {
	at      int64 // ns; 0: not known
	payload [2]uint64
	packets [2]uint32
	atN     uint32 // its packet, less Flow.Num
	end     uint32 // sequence number after it
	open    bool
	pushes  bool  // it was seen to set PSH
	filled  bool  // its newest bytes are a full segment with PSH
	pushy   uint8 // how often it went on after such a one, unasked
	heard   bool  // it got further by acknowledging
	told    bool  // it was marked for what was tried since

	deaf, asked, probed tries
}

// tries is [fact.Tries], compactly.
type tries struct {
	first, last   int64 // ns
	firstN, lastN uint32
	n, size       uint32
}

func (r *tries) add(f *Flow, p *capture.Packet, segs uint32) {
	if r.n == 0 {
		r.first, r.firstN, r.size = p.Time, f.offset(p.Num), p.PayloadLen
	}
	r.last, r.lastN = p.Time, f.offset(p.Num)
	r.size = min(r.size, p.PayloadLen)
	r.n += segs
}

// stalled follows who gets further and who tries in vain. acked is what side d
// had acknowledged before this packet of it, which is accounted for by now.
func (t *Tracker) stalled(id flow.ID, f *Flow, d fact.Dir, p *capture.Packet, n novelty, m merged, acked uint32) {
	x := t.extraOf(f)
	if x == nil || x.work == nil {
		return
	}
	s := &f.sides[d]
	mine, other := &x.work.stalls[d], &x.work.stalls[d.Other()]
	if n == fresh && p.PayloadLen == 0 && s.ack == acked && mine.asked.n > 0 {
		// It gives up. What it was asked for in vain, it still did not acknowledge.
		mine.open = false
		return
	}
	if n == fresh || n == filling || s.ack != acked {
		if mine.told {
			t.mark(id, f) // it goes on: what was said of it may fall
		}
		heard := s.ack != acked && mine.at != 0
		if heard && f.sides[d.Other()].packets == 0 {
			other.asked, other.probed = tries{}, tries{} // it is not captured, but was heard
		}
		if heard && d == fact.Up && f.sides[fact.Down].packets == 0 {
			t.tellProgress(t.Table.At(id), p, id, uint64(s.ack-acked), true)
		}
		mine.further(f, d, p, n, m)
		mine.heard = heard
		return
	}
	t.inVain(f, d, p, n, m.segs, mine, other)
	for _, k := range [...]*stall{mine, other} {
		if (k.deaf.n >= stallCopies || k.asked.n >= stallCopies) && k.at != 0 && p.Time-k.at >= stallSilence {
			k.told = true
			t.mark(id, f)
		}
	}
}

// further notes that a side got further.
func (k *stall) further(f *Flow, d fact.Dir, p *capture.Packet, n novelty, m merged) {
	now := stall{
		at: p.Time, atN: f.offset(p.Num), end: p.SeqEnd(),
		open: k.open, pushes: k.pushes || p.Flags&capture.PSH != 0, filled: k.filled, pushy: k.pushy,
	}
	if p.PayloadLen > 0 && n == fresh {
		if k.filled && k.payload[d.Other()] == f.sides[d.Other()].payload && now.pushy < pushyEnough {
			now.pushy++
		}
		unit := f.unit(d)
		full := p.Flags&capture.FIN == 0 && unit > 0 && p.PayloadLen%unit == 0
		now.filled = full && p.Flags&capture.PSH != 0
		now.open = full && (!now.filled || now.pushy >= pushyEnough)
	} else if p.Flags&capture.FIN != 0 {
		now.open, now.filled = false, false
	}
	*k = now
	for i := range f.sides {
		k.packets[i], k.payload[i] = f.sides[i].packets, f.sides[i].payload
	}
}

// inVain notes what brings nothing new.
func (t *Tracker) inVain(f *Flow, d fact.Dir, p *capture.Packet, n novelty, segs uint32, mine, other *stall) {
	s, o := &f.sides[d], &f.sides[d.Other()]
	fin := n == empty && p.Flags&capture.FIN != 0
	switch {
	case n == again || fin:
		if o.flags&hasAck != 0 && !after(p.SeqEnd(), o.ack) {
			mine.deaf.add(f, p, segs)
		} else {
			other.asked.add(f, p, segs)
		}
	case p.PayloadLen <= 1 && p.Seq == s.next-1 && p.Flags&(capture.SYN|capture.FIN) == 0:
		other.probed.add(f, p, 1)
	}
}

// write writes out what is kept of a stall.
func (k *stall) write(f *Flow, to *fact.Stall) {
	*to = fact.Stall{Payload: k.payload, Open: k.open && k.pushes, Heard: k.heard, Deaf: k.deaf.fact(f), Asked: k.asked.fact(f), Probed: k.probed.fact(f)}
	if k.at != 0 {
		to.At = fact.Mark{Num: f.Num + uint64(k.atN), Time: k.at, SeqEnd: k.end}
	}
	for i, n := range k.packets {
		to.Packets[i] = uint64(n)
	}
}

func (r *tries) fact(f *Flow) fact.Tries {
	if r.n == 0 {
		return fact.Tries{}
	}
	return fact.Tries{
		Count: r.n, Len: r.size,
		First: fact.Mark{Num: f.Num + uint64(r.firstN), Time: r.first},
		Last:  fact.Mark{Num: f.Num + uint64(r.lastN), Time: r.last},
	}
}
