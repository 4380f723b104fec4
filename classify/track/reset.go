package track

import (
	"bytes"
	"time"
	"unsafe"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
)

const (
	// offenderWindow is how far back packets are counted that a closed socket
	// would answer, where the round trip of a leg is not known, ns.
	offenderWindow = 200_000_000
	maxResetText   = 32
	troubleSize    = int(unsafe.Sizeof(trouble{})) + maxResets*int(unsafe.Sizeof(fact.Reset{}))
)

// needTrouble returns a flow's trouble, making it, and has the flow judged.
func (t *Tracker) needTrouble(id flow.ID, f *Flow) *trouble {
	x := t.needExtra(f)
	if x.trouble == nil {
		x.trouble = &trouble{}
		t.side += troubleSize
	}
	t.mark(id, f)
	return x.trouble
}

// reset books a RST as it stands against its flow.
func (t *Tracker) reset(id flow.ID, e *flow.Entry[Flow], d fact.Dir, p *capture.Packet) {
	f := &e.Rec
	s := &f.sides[d]
	x := t.needTrouble(id, f)
	if x.resetCount[d]++; len(x.resets) < maxResets {
		x.resets = append(x.resets, t.resetFacts(f, d, p))
	}
	if !x.resetAt[d].set {
		x.resetAt[d] = f.stand(t.extras[f.x].work, d, p)
	}
	if d == fact.Up {
		f.flags |= rstUp
	} else {
		f.flags |= rstDown
	}
	if w := t.extras[f.x].work; w != nil {
		t.helloAnswer(f, w, d, p)
	}
	f.account(s, p, 1)
	t.Table.Touch(id, e, QClosed, p.Time)
}

// stand notes how a flow stands as a reset or FIN of side d comes. w may be nil.
func (f *Flow) stand(w *work, d fact.Dir, p *capture.Packet) mark {
	s, o := &f.sides[d], &f.sides[d.Other()]
	m := mark{set: true, time: p.Time, guard: f.guard(), next: s.next, peerNext: o.next}
	if s.flags&hasSeq == 0 {
		m.next = p.Seq
	}
	if w != nil && w.clocks[d].seen {
		m.ts, m.tsval, m.tsAt = true, w.clocks[d].val, w.clocks[d].at
	}
	m.inWindow = f.fit(d, p.Seq) == fact.FitInside
	return m
}

// fit is where a reset of side d with a sequence number falls in its addressee's
// window. What the addressee has received it may not have acknowledged yet.
func (f *Flow) fit(d fact.Dir, seq uint32) fact.Fit {
	s, o := &f.sides[d], &f.sides[d.Other()]
	switch {
	case o.flags&(hasAck|hasWin) != hasAck|hasWin:
		return fact.FitUnknown
	case seq == o.ack, s.flags&hasSeq != 0 && (seq == s.contig || seq == s.next):
		return fact.FitExact
	case int64(seq-o.ack) < f.windowOf(d.Other()):
		return fact.FitInside
	}
	return fact.FitOutside
}

// scaleOf is the window scale of a side: it counts only if both offered it.
func (f *Flow) scaleOf(d fact.Dir) uint8 {
	if f.sides[0].flags&f.sides[1].flags&hasScale == 0 {
		return 0
	}
	return f.sides[d].scale
}

// windowOf is the window a side advertised last, bytes.
func (f *Flow) windowOf(d fact.Dir) int64 {
	if f.sides[d].flags&plainWin != 0 {
		return int64(f.sides[d].win)
	}
	return int64(f.sides[d].win) << f.scaleOf(d)
}

// guard is how soon after a packet another of the same sender may have been
// overtaken by it, ns: clamp(rttMin/4, 1 ms, 20 ms), resets-and-drops 3.2.
func (f *Flow) guard() int64 {
	rtt := int64(f.rtt(fact.Up)+f.rtt(fact.Down)) * 1000
	return min(max(rtt/4, 1_000_000), 20_000_000)
}

// resetFacts compares a RST with the state before it.
func (t *Tracker) resetFacts(f *Flow, d fact.Dir, p *capture.Packet) fact.Reset {
	s, o := &f.sides[d], &f.sides[d.Other()]
	r := fact.Reset{
		Num: p.Num, Time: p.Time, Dir: d, Flags: p.Flags, Seq: p.Seq, Ack: p.Ack,
		HasAck: p.Flags&capture.ACK != 0, Window: p.Window, TTL: p.TTL, DF: p.Has&capture.HasDF != 0, TOS: p.TOS,
		OptsLen: p.OptsLen, MPTCPRST: p.Has&capture.HasTCPRST != 0, MSS: p.Has&capture.HasMSS != 0, PayloadLen: p.PayloadLen,
		Fit:      f.fit(d, p.Seq),
		PrevSame: s.last, PrevOther: o.last,
		FINBefore:   [2]bool{f.flags&finUp != 0, f.flags&finDown != 0},
		RSTBefore:   [2]bool{f.flags&rstUp != 0, f.flags&rstDown != 0},
		HandshakeOK: f.flags&handshake != 0,
		SYNOnly:     f.synack == 0 && f.flags&midstream == 0,
		GapBefore:   f.flags&gap != 0,
		UpBytes:     f.sides[fact.Up].payload, DownBytes: f.sides[fact.Down].payload,
		UpPackets: f.sides[fact.Up].packets, DownPackets: f.sides[fact.Down].packets,
	}
	if p.Has&capture.HasIPID != 0 {
		r.IPID = fact.Some(p.IPID)
	}
	if p.Has&capture.HasTS != 0 {
		r.TSval, r.TSecr = fact.Some(p.TSval), fact.Some(p.TSecr)
	}
	if len(p.Payload) > 0 {
		r.Payload = bytes.Clone(p.Payload[:min(len(p.Payload), maxResetText)])
	}
	if s.flags&hasSeq != 0 {
		r.SeqAhead = fact.Some(int32(p.Seq - s.next))
	}
	if r.HasAck && o.flags&hasSeq != 0 {
		r.AckAhead = fact.Some(int32(p.Ack - o.next))
	}
	if o.last != 0 && o.flags&hasIPID != 0 {
		r.PrevOtherIPID = fact.Some(o.ipid)
	}
	r.PrevOtherNum, r.PrevOtherTTL = f.lastNumOf(d.Other()), o.ttl
	r.AckEchoes = o.flags&hasAck != 0 && p.Seq == o.ack
	r.SegBoundary = s.flags&hasSeq != 0 && (p.Seq == s.next || s.flags&hasISN != 0 && p.Seq == s.isn+1)
	var theirs, mine ring
	if x := t.extraOf(f); x != nil && x.work != nil {
		theirs, mine = x.work.rings[d.Other()], x.work.rings[d]
		if d == fact.Down {
			r.Heard = theirs.echoed(&r, x.work.shaken)
		}
	}
	f.heard(&theirs, d, p, &r)
	for k := range int(mine.n) {
		q := mine.back(k)
		r.SegBoundary = r.SegBoundary || q.seq == p.Seq || q.end == p.Seq
	}
	return r
}

// lastNumOf returns the number of a side's latest packet where no ring holds
// it: the flow's latest, or the side's only one. 0: not known.
func (f *Flow) lastNumOf(d fact.Dir) uint64 {
	s, o := &f.sides[d], &f.sides[d.Other()]
	switch {
	case s.packets == 0:
		return 0
	case s.last > o.last:
		return f.Num + uint64(f.lastN)
	case s.packets == 1 && d == fact.Down && f.synack != 0:
		return f.Num + uint64(f.synackN)
	case s.packets == 1 && d == fact.Up && s.syn == 1:
		return f.Num + uint64(f.synN)
	}
	return 0
}

// heard fills what depends on the latest packets of the side a RST of side d is
// addressed to.
func (f *Flow) heard(theirs *ring, d fact.Dir, p *capture.Packet, r *fact.Reset) {
	window := int64(f.rtt(fact.Up)+f.rtt(fact.Down)) * 1500
	if f.rtt(fact.Up) == 0 || f.rtt(fact.Down) == 0 {
		window = max(window, offenderWindow)
	}
	if o := &f.sides[d.Other()]; theirs.n == 0 && o.last != 0 && p.Time-o.last <= window {
		r.Offenders = min(o.packets, recent) // of a handshake
	}
	r.Forgotten = theirs.forgot(p.Seq, f.sides[d.Other()].packets)
	for k := range int(theirs.n) {
		q := theirs.back(k)
		if k == 0 {
			r.PrevOtherNum, r.PrevOtherTTL = q.num, q.ttl
			if r.PrevOtherIPID.Ok {
				r.PrevOtherIPID = fact.Some(q.ipid)
			}
		}
		switch {
		case p.Time-q.time <= window:
			r.Offenders += uint32(q.segs)
		case q.acks && q.ack == p.Seq:
			r.Late += uint32(q.segs)
		}
		r.AckEchoes = r.AckEchoes || q.acks && q.ack == p.Seq
		if r.HasAck && r.Covers.Num == 0 && q.end != q.seq && !before(p.Ack, q.end) {
			r.Covers = fact.Mark{Num: q.num, Time: q.time, SeqEnd: q.end}
			if !q.again {
				r.CoverAge = fact.Some(time.Duration(p.Time - q.time))
			}
		}
	}
}
