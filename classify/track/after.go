package track

import (
	"slices"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
)

// lifeAfter notes what a packet says of a reset or FIN that came before it:
// whoever goes on speaking did not send it.
func (t *Tracker) lifeAfter(id flow.ID, f *Flow, d fact.Dir, p *capture.Packet) {
	if f.flags&(rstUp|rstDown|finUp|finDown) == 0 {
		return
	}
	x := t.extraOf(f)
	if x == nil {
		return
	}
	if tr := x.trouble; tr != nil {
		if m := &tr.resetAt[d]; m.set {
			lives(&tr.afterReset[d], f, m, d, p)
			t.mark(id, f)
		}
		if m := &tr.resetAt[d.Other()]; m.set {
			peer(&tr.afterReset[d.Other()], f, m, d, p)
		}
	}
	if x.work == nil || p.PayloadLen == 0 {
		return
	}
	if m := x.work.fins[d]; m != nil && after(p.SeqEnd(), later(m.at.next, f.sides[d].next)) {
		tr := t.needTrouble(id, f)
		tr.keepFIN(m.fin)
		lives(&tr.afterFIN[d], f, &m.at, d, p)
	}
}

// keepFIN has a FIN outlive the flow's work.
func (tr *trouble) keepFIN(fin fact.FIN) {
	if !slices.ContainsFunc(tr.fins, func(x fact.FIN) bool { return x.Num == fin.Num }) {
		tr.fins = append(tr.fins, fin)
	}
}

// lives books a packet of the side that is said to have given up.
func lives(a *fact.After, f *Flow, m *mark, d fact.Dir, p *capture.Packet) {
	s := &f.sides[d]
	high := m.next
	if s.flags&hasSeq != 0 {
		high = later(high, s.next)
	}
	switch {
	case p.Time-m.time < m.guard:
		a.Guarded++
	case p.Flags&(capture.SYN|capture.ACK) == capture.SYN|capture.ACK:
		if a.SYNACK.Num == 0 {
			a.SYNACK = markOf(p)
		}
	case p.PayloadLen > 0 && after(p.SeqEnd(), high):
		newData(a, m, p)
	default:
		a.Repeats++
	}
}

func newData(a *fact.After, m *mark, p *capture.Packet) {
	a.NewData++
	if a.FirstNew.Num == 0 {
		a.FirstNew = markOf(p)
	}
	a.LastNew = markOf(p)
	if len(a.NewPackets) < maxNew {
		a.NewPackets = append(a.NewPackets, p.Num)
	}
	if p.Flags&capture.ACK != 0 && after(p.Ack, m.peerNext) {
		a.AcksLater = true
	}
	// Half of the time gone by, in ticks of 1 ms, the common clock: a slower
	// clock misses the mark, which proves nothing.
	if m.ts && p.Has&capture.HasTS != 0 {
		gone := (p.Time - m.tsAt) / 1_000_000
		if ticks := int64(int32(p.TSval - m.tsval)); ticks > 0 && 2*ticks >= gone && p.Time-m.time > 0 && ticks >= (m.time-m.tsAt)/1_000_000 {
			a.TSLater = true
		}
	}
}

// peer books a packet of the side a reset was addressed to.
func peer(a *fact.After, f *Flow, m *mark, d fact.Dir, p *capture.Packet) {
	s := &f.sides[d]
	if p.PayloadLen > 0 && s.flags&hasSeq != 0 && after(p.SeqEnd(), s.next) {
		a.PeerData++
	}
	// RFC 5961 section 3.2: a reset in the window but not exact is challenged.
	if m.inWindow && a.ChallengeAck.Num == 0 && p.PayloadLen == 0 && p.Flags&(capture.ACK|capture.SYN|capture.FIN) == capture.ACK &&
		p.Ack == s.ack && p.Window == s.win && a.NewData+a.Repeats+a.Guarded == 0 && p.Time-m.time < 1_000_000_000 {
		a.ChallengeAck = markOf(p)
	}
}

// conflict keeps the same bytes sent twice with different content, and returns
// what it keeps; nil: there are enough.
func (t *Tracker) conflict(id flow.ID, f *Flow, d fact.Dir, p *capture.Packet, seq, length uint32) *fact.Conflict {
	tr := t.needTrouble(id, f)
	if len(tr.conflicts) >= maxConflicts {
		return nil
	}
	c := fact.Conflict{
		Dir: d, First: f.Num + uint64(f.sides[d].firstN), Next: p.Num, Seq: seq, Len: length,
		FirstTTL: f.sides[d].ttl, NextTTL: p.TTL,
	}
	if w := t.extras[f.x].work; w != nil {
		for k := 0; ; k++ {
			q := w.rings[d].back(k)
			if q == nil {
				break
			}
			if q.num != p.Num && !before(seq, q.seq) && before(seq, q.end) {
				c.First, c.FirstTTL = q.num, q.ttl
			}
		}
	}
	tr.conflicts = append(tr.conflicts, c)
	return &tr.conflicts[len(tr.conflicts)-1]
}
