package track

import (
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
)

// fin books the first FIN of a side; ahead is its distance from the highest
// byte that side had sent.
func (t *Tracker) fin(id flow.ID, f *Flow, d fact.Dir, p *capture.Packet, ahead int32) {
	bit := finUp
	if d == fact.Down {
		bit = finDown
	}
	if f.flags&bit != 0 {
		return
	}
	f.flags |= bit
	s := &f.sides[d]
	w := t.workOf(id, f, p.Time)
	if w.fins[d] == nil {
		w.fins[d] = t.fins.get()
	}
	*w.fins[d] = parting{at: f.stand(w, d, p), fin: finFacts(w, d, p, ahead)}
	w.fins[d].at.next = p.SeqEnd()
	if s.flags&ttlSeen != 0 && p.TTL != s.ttl && (s.ttlAltN == 0 || p.TTL != s.ttlAlt) {
		t.needTrouble(id, f) // not from where the others came
	}
}

func finFacts(w *work, d fact.Dir, p *capture.Packet, ahead int32) fact.FIN {
	fin := fact.FIN{
		Num: p.Num, Time: p.Time, Dir: d, Seq: p.Seq, PayloadLen: p.PayloadLen,
		Flags: p.Flags, TTL: p.TTL, SeqAhead: ahead,
	}
	if p.Has&capture.HasIPID != 0 {
		fin.IPID = fact.Some(p.IPID)
	}
	for k := 0; ; k++ {
		q := w.rings[d.Other()].back(k)
		if q == nil {
			return fin
		}
		if q.end != q.seq && p.Flags&capture.ACK != 0 && !before(p.Ack, q.end) {
			fin.Covers = fact.Mark{Num: q.num, Time: q.time, SeqEnd: q.end}
			if !q.again {
				fin.CoverAge = fact.Some(time.Duration(p.Time - q.time))
			}
			return fin
		}
	}
}
