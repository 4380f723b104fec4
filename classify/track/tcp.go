package track

import (
	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
)

// tcp books a TCP segment sent in direction d.
func (t *Tracker) tcp(id flow.ID, e *flow.Entry[Flow], d fact.Dir, p *capture.Packet) {
	f := &e.Rec
	s := &f.sides[d]
	if p.Flags&capture.RST != 0 && t.belated(f, d, p) {
		t.Sight.Belated++
		f.account(s, p, 1)
		return
	}
	f.noteTCP(d, p)
	if p.Flags&capture.RST != 0 {
		t.reset(id, e, d, p)
		return
	}
	m := apart(p, f.mss(d))
	if m.segs > 1 {
		t.Sight.Merged++
	}
	ahead := int32(0)
	if s.flags&hasSeq != 0 {
		ahead = int32(p.Seq - s.next)
	}
	if m.first = p.SeqEnd(); m.segs > 1 && ahead >= 0 {
		m.first = p.Seq + m.size
	}
	t.lifeAfter(id, f, d, p)
	if p.Flags&capture.SYN != 0 {
		t.syn(f, id, d, p)
	}
	lost := s.holes + s.retrans
	n, had := f.sequence(d, p, m), s.ack
	t.acknowledge(f, d, p, n)
	f.window(d, p)
	if p.Flags&capture.ACK != 0 && f.flags&(handshake|midstream) == 0 {
		t.complete(e, d, p)
	}
	if p.PayloadLen > 0 {
		if !t.conf.NoCalls {
			t.pass(e, d, p, m.segs, int32(s.holes+s.retrans-lost))
		}
		t.data(id, e, d, p, n, m)
	} else {
		t.control(id, e, d, p, n)
	}
	if p.Flags&capture.FIN != 0 {
		t.fin(id, f, d, p, ahead)
	}
	s.headerFields(p)
	f.account(s, p, m.segs)
	t.stalled(id, f, d, p, n, m, had)
	t.Table.Touch(id, e, f.queue(), p.Time)
}

// queue is where a TCP flow belongs.
func (f *Flow) queue() flow.Queue {
	switch {
	case f.end() != fact.StillOpen:
		return QClosed
	case f.flags&(handshake|midstream) == 0:
		return QHalf
	}
	return QActive
}

// novelty is what a segment was to its stream.
type novelty uint8

const (
	empty     novelty = iota // no sequence space
	fresh                    // bytes beyond those seen
	again                    // bytes seen before
	filling                  // bytes missing so far
	keepalive                // a byte the receiver had (RFC 9293 section 3.8.4)
)

// maxLeap is how far ahead a segment may be to be believed: the largest window
// there is (RFC 7323 section 2.3).
const maxLeap = 1 << 30

// sequence follows the sequence numbers of a side.
func (f *Flow) sequence(d fact.Dir, p *capture.Packet, m merged) novelty {
	s := &f.sides[d]
	seq, end := p.Seq, p.SeqEnd()
	if s.flags&hasSeq == 0 {
		s.flags |= hasSeq
		s.next, s.contig = end, end
		if p.PayloadLen == 0 {
			return empty
		}
		return fresh
	}
	if end == p.Seq {
		return empty
	}
	switch {
	case !after(end, s.next):
		return f.repeatAll(s, d, p, m)
	case after(seq, s.next):
		if seq-s.next > maxLeap {
			return empty
		}
		f.holeOpens(s, d, seq, p.Time)
	case m.segs > 1:
		seq += f.repeatHead(s, d, p, m)
	}
	s.next = end
	switch {
	case s.flags&holed == 0:
		s.contig = end
	case before(seq, s.island): // it covers the latest hole, at least in part
		s.island = seq
		s.settle()
	}
	return fresh
}

// maxApart is how many segments of a merged frame are looked at one by one: as many
// as Linux merges (GSO_MAX_SIZE, 512 KiB, of Ethernet's MTU).
const maxApart = 360

// repeatAll books a frame that lies wholly below the highest byte seen.
func (f *Flow) repeatAll(s *side, d fact.Dir, p *capture.Packet, m merged) novelty {
	if m.segs == 1 || m.segs > maxApart || s.flags&holed == 0 || p.PayloadLen == 0 {
		return f.repeat(s, d, p, m.segs)
	}
	n, one := again, *p // part of it may fill a hole, and part not
	for off := uint32(0); off < p.PayloadLen; off += m.size {
		one.Seq, one.PayloadLen = p.Seq+off, min(m.size, p.PayloadLen-off)
		if one.Flags &^= capture.FIN; f.repeat(s, d, &one, 1) == filling {
			n = filling
		}
	}
	return n
}

// repeatHead books those segments of a merged frame that lie below the highest
// byte seen, and returns how many bytes they are.
func (f *Flow) repeatHead(s *side, d fact.Dir, p *capture.Packet, m merged) uint32 {
	segs := min((s.next-p.Seq)/max(m.size, 1), m.segs-1)
	if segs == 0 || p.PayloadLen == 0 {
		return 0
	}
	head := *p
	head.PayloadLen = segs * m.size
	head.Flags &^= capture.FIN
	m.segs = segs
	f.repeatAll(s, d, &head, m)
	return head.PayloadLen
}

// repeat books a segment that lies wholly below the highest byte seen.
func (f *Flow) repeat(s *side, d fact.Dir, p *capture.Packet, segs uint32) novelty {
	switch {
	case p.PayloadLen <= 1 && p.Seq == s.next-1 && p.Flags&(capture.SYN|capture.FIN) == 0:
		return keepalive
	case p.PayloadLen == 0:
		return empty // SYN and FIN count elsewhere
	case s.flags&holed != 0 && after(p.SeqEnd(), s.contig) && before(p.Seq, s.island):
		if wrapped(p.Time)-s.holeAt < f.reorderLimit() {
			s.outOfOrder = uint16(min(uint32(s.outOfOrder)+segs, 1<<16-1))
			s.holes -= min(s.holes, segs)
		}
		s.fill(p.Seq, p.SeqEnd())
		return filling
	}
	s.retrans += segs
	f.note(d, hRetrans)
	return again
}

// reorderLimit is how soon a hole must be filled to have been reordering, µs:
// rate-and-calls section 2.1, after Wireshark's 3 ms.
func (f *Flow) reorderLimit() uint32 {
	rtt := f.rtt(fact.Up) + f.rtt(fact.Down)
	return max(3000, rtt/4)
}

// rtt is the smallest round trip of a leg, µs; 0 unknown.
func (f *Flow) rtt(d fact.Dir) uint32 {
	s := &f.sides[d]
	switch {
	case s.rttMin == 0 && s.rttHandshake == 0:
		return 0
	case s.rttMin == 0:
		return s.rttHandshake - 1
	case s.rttHandshake == 0:
		return s.rttMin - 1
	}
	return min(s.rttMin, s.rttHandshake) - 1
}

// holeOpens notes that the bytes up to seq were skipped.
func (f *Flow) holeOpens(s *side, d fact.Dir, seq uint32, now int64) {
	unit := f.unit(d)
	if unit == 0 {
		unit = defaultMSS
	}
	if s.flags&holed == 0 {
		s.contig = s.next
	}
	if seq-s.contig > maxLeap { // too far back to be compared (RFC 9293 section 3.4)
		s.contig = s.next
	}
	s.flags |= holed
	s.holes += (seq - s.next + unit - 1) / unit
	s.holeAt = wrapped(now)
	s.island = seq
}

// fill takes in bytes from the region of the holes. Where there are several,
// what lies between them is known only by its retransmission.
func (s *side) fill(seq, end uint32) {
	if !before(end, s.island) {
		s.island = seq
	}
	if !after(seq, s.contig) {
		s.contig = end
	}
	s.settle()
}

// settle forgets the holes once no byte is missing below the latest ones.
func (s *side) settle() {
	if !before(s.contig, s.island) {
		s.contig = s.next
		s.flags &^= holed
	}
}

// acknowledge follows the acknowledgement that a segment of direction d
// carries for the other side's bytes.
func (t *Tracker) acknowledge(f *Flow, d fact.Dir, p *capture.Packet, n novelty) {
	if p.Flags&capture.ACK == 0 {
		return
	}
	s, o := &f.sides[d], &f.sides[d.Other()]
	if s.flags&hasAck != 0 && !after(p.Ack, s.ack) {
		if n == empty && p.Ack == s.ack && p.Window == s.win && before(s.ack, o.next) && p.Flags&(capture.SYN|capture.FIN) == 0 {
			inc16(&s.dup)
		}
		return
	}
	if s.flags&hasAck == 0 && o.packets == 0 {
		o.isn = p.Ack - 1 // where the side that is not captured begins, as the other says
	}
	s.ack = p.Ack
	s.flags |= hasAck
	if o.flags&hasSeq == 0 {
		return
	}
	if after(p.Ack, o.next) && p.Ack-o.next < maxLeap {
		// The receiver has what the capture has not.
		f.flags |= gap
		f.note(d.Other(), hGap)
		o.next, o.contig = p.Ack, p.Ack
		o.flags &^= holed
	}
	if o.flags&holed != 0 && after(p.Ack, o.contig) && !after(p.Ack, o.next) {
		o.contig = p.Ack
		o.settle()
	}
	if p.Flags&capture.FIN != 0 {
		return // who injects a FIN acknowledges before the peer could
	}
	if x := t.extraOf(f); x != nil && x.work != nil {
		f.sample(x.work, d.Other(), p.Ack, p.Time)
	}
}

// window follows the advertised window. That of a SYN is not scaled (RFC 7323
// section 2.2).
func (f *Flow) window(d fact.Dir, p *capture.Packet) {
	s := &f.sides[d]
	s.win = p.Window
	s.flags |= hasWin
	if p.Flags&capture.SYN != 0 {
		s.flags |= plainWin
	} else {
		s.flags &^= plainWin
	}
	if p.Window == 0 && p.Flags&(capture.SYN|capture.FIN) == 0 {
		inc8(&s.zeroWin)
		f.note(d, hZeroWin)
	}
}

// syn books a SYN or SYN/ACK and its options.
func (t *Tracker) syn(f *Flow, id flow.ID, d fact.Dir, p *capture.Packet) {
	s := &f.sides[d]
	if s.flags&hasISN != 0 && s.isn == p.Seq {
		inc8(&s.syn)
		if d == fact.Up && s.syn > 1 {
			t.synAgain(id, f, p)
		}
		return
	}
	if s.flags&hasISN != 0 { // two handshakes in one: the first speaker holds
		return
	}
	s.isn, s.syn = p.Seq, 1
	s.flags |= hasISN
	if d == fact.Up {
		f.synN = uint16(min(f.offset(p.Num), 1<<16-1))
	}
	if p.Has&capture.HasMSS != 0 {
		s.mss = p.MSS
	}
	if p.Has&capture.HasWScale != 0 {
		s.scale = min(p.WScale, 14) // RFC 7323 section 2.3
		s.flags |= hasScale
	}
	if p.Has&capture.HasSACKOK != 0 {
		s.flags |= sackOK
	}
	if p.Has&capture.HasTS != 0 {
		s.flags |= tsOK
	}
	if p.Has&capture.HasMPTCP != 0 {
		s.flags |= mptcp
	}
	if d == fact.Down && p.Flags&capture.ACK != 0 {
		f.synack, f.synackN = f.micros(p.Time)+1, f.offset(p.Num)
		s.holeAt = p.TSval // for stamps
		if up := &f.sides[fact.Up]; up.syn == 1 && f.flags&midstream == 0 && p.Ack == up.isn+1 {
			up.rttHandshake = f.micros(p.Time) + 1
		}
	}
}

// complete notes the third step of the handshake.
func (t *Tracker) complete(e *flow.Entry[Flow], d fact.Dir, p *capture.Packet) {
	f := &e.Rec
	down := &f.sides[fact.Down]
	if d != fact.Up || f.synack == 0 || p.Flags&capture.SYN != 0 || !after(p.Ack, down.isn) {
		return
	}
	f.flags |= handshake
	if p.Has&capture.HasTS != 0 {
		f.sides[fact.Up].holeAt = p.TSval // for stamps
	}
	if down.syn == 1 && p.Ack == down.isn+1 {
		down.rttHandshake = f.micros(p.Time) - (f.synack - 1) + 1
	}
	t.vote(e, p)
}

// data books payload.
func (t *Tracker) data(id flow.ID, e *flow.Entry[Flow], d fact.Dir, p *capture.Packet, n novelty, m merged) {
	f := &e.Rec
	s := &f.sides[d]
	if n == empty {
		return // too far ahead to be of this stream
	}
	w := t.workOf(id, f, p.Time)
	switch n {
	case fresh, filling:
		s.fresh = f.coarse(p.Time)
		if s.firstData == 0 {
			if d == fact.Up && f.flags&handshake != 0 {
				f.stamps(w)
			}
			s.firstData, s.firstN = f.micros(p.Time)+1, f.offset(p.Num)
		}
		s.freshN = f.offset(p.Num)
		if n == fresh {
			f.probe(w, d, m.first, p.Time)
		}
	case again:
		w.probes[d].on = false // Karn: the answer may be to either copy
	}
	t.remember(w, d, p, n, m.segs)
	t.helloData(id, f, w, d, p, n, m.segs)
	if n != keepalive {
		t.parse(id, e, d, p, n)
	}
	if !t.conf.NoRates {
		t.bulkData(id, f, d, p, n)
		t.bulkAck(f, d.Other(), p)
		t.rateData(id, f, d, p, n, m)
		t.rateAck(f, d.Other(), p)
	}
	if d == fact.Down && n != again && n != keepalive && f.sides[fact.Up].packets > 0 {
		t.progress(e, p, id)
	}
}
