package track

import (
	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// recent is how many packets of each side a work remembers: a closed socket
// answers what was in flight, and a flight after trouble is short.
const recent = 8

// seen is a packet remembered for what a reset may refer to.
type seen struct {
	time     int64
	num      uint64
	seq, end uint32
	ack      uint32
	tsval    uint32
	ipid     uint16
	segs     uint16 // on the wire
	ttl      uint8
	again    bool // retransmission
	acks     bool // ack is valid
	stamped  bool // tsval is valid
}

// ring holds the latest packets of a side.
type ring struct {
	n  uint8 // ever written, saturating at recent
	i  uint8 // where the next goes
	at [recent]seen
}

func (r *ring) add() *seen {
	s := &r.at[r.i]
	r.i = (r.i + 1) % recent
	r.n = min(r.n+1, recent)
	return s
}

// back returns the k-th latest packet, 0 the latest, nil if there is none.
func (r *ring) back(k int) *seen {
	if k >= int(r.n) {
		return nil
	}
	return &r.at[(int(r.i)-1-k+2*recent)%recent]
}

// remember puts a packet on the ring of its side, and notes its clock.
func (t *Tracker) remember(w *work, d fact.Dir, p *capture.Packet, n novelty, segs uint32) {
	if p.Has&capture.HasTS != 0 {
		w.clocks[d] = tsClock{p.TSval, true, p.Time}
	}
	// SYN and FIN are no payload: only a repeated one takes room and is not fresh.
	repeated := n == again || n == empty && p.SeqEnd() != p.Seq
	*w.rings[d].add() = seen{
		time: p.Time, num: p.Num, seq: p.Seq, end: p.SeqEnd(), ack: p.Ack,
		ipid: p.IPID, ttl: p.TTL, again: repeated, acks: p.Flags&capture.ACK != 0,
		segs: uint16(min(segs, 1<<16-1)), tsval: p.TSval, stamped: p.Has&capture.HasTS != 0,
	}
}

// forgot reports whether packets that are not remembered may have acknowledged seq.
// Acknowledgements climb: where the oldest one remembered is below it, none may.
func (r *ring) forgot(seq, packets uint32) bool {
	if r.n < recent {
		return r.n == 0 && packets > recent
	}
	oldest := r.back(recent - 1)
	return !oldest.acks || !after(seq, oldest.ack)
}

// echoed is the first payload that bears the timestamp which a reset echoes, if the
// reset does not acknowledge it. shaken is that of the packet before all payload.
func (r *ring) echoed(x *fact.Reset, shaken fact.Opt[uint32]) fact.Mark {
	if !x.HasAck || !x.TSecr.Ok {
		return fact.Mark{}
	}
	for k := int(r.n) - 1; k >= 0; k-- {
		q := r.back(k)
		switch {
		case !q.stamped, q.tsval != x.TSecr.V:
			shaken = fact.Opt[uint32]{V: q.tsval, Ok: q.stamped}
		case q.end == q.seq, q.again, !shaken.Ok, shaken.V == q.tsval, !after(q.end, x.Ack):
			return fact.Mark{} // what came before it may have had the same
		default:
			return fact.Mark{Num: q.num, Time: q.time, SeqEnd: q.end}
		}
	}
	return fact.Mark{}
}

// stamps moves the timestamps of the handshake to where there is room. Until there
// is payload, which may leave holes, they lie in the place of these; 0 is none.
func (f *Flow) stamps(w *work) {
	up, down := &f.sides[fact.Up], &f.sides[fact.Down]
	if up.flags&down.flags&tsOK == 0 || (up.flags|down.flags)&holed != 0 || down.firstData != 0 {
		return
	}
	w.greeted, w.shaken = fact.Opt[uint32]{V: down.holeAt, Ok: down.holeAt != 0}, fact.Opt[uint32]{V: up.holeAt, Ok: up.holeAt != 0}
}
