package track

import (
	"unsafe"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// localSize is what a host's testimony on a flow takes, bytes: the names are the
// kernel's few and shared.
const localSize = int(unsafe.Sizeof(fact.Local{})) + fact.MaxLocalDrops*int(unsafe.Sizeof(fact.LocalDrop{}))

// Note books what this host's kernel said of a flow, and reports whether the
// flow is known.
func (t *Tracker) Note(n *capture.Note) bool {
	id, e, reverse := t.Table.Find(&n.Key, n.Key.Hash(t.conf.Seed))
	if e == nil {
		return false
	}
	d := fact.Up
	if reverse {
		d = fact.Down
	}
	f := &e.Rec
	x := t.needExtra(f)
	if x.local == nil {
		x.local = &fact.Local{}
		t.side += localSize
	}
	l := x.local
	switch n.Kind {
	case capture.NoteDrop:
		dropped(l, d, n)
	case capture.NoteResetSent:
		l.Sent[d].Add(n)
		l.End = fact.Some(d)
	case capture.NoteResetReceived:
		l.Received[d].Add(n)
		l.End = fact.Some(d.Other())
	case capture.NoteResetRefused:
		l.Refused[d].Add(n)
		l.End = fact.Some(d.Other())
	case capture.NoteRetransmit:
		l.Retrans += n.Count
		l.End = fact.Some(d)
		return true // nothing to judge
	case capture.NoteOwner:
		l.Process, l.End = n.Process, fact.Some(d)
		return true
	case capture.NoteUnseen:
		f.unseen(l, d, n)
		return true
	}
	t.mark(id, f)
	return true
}

// dropped adds to the reasons of a flow. Those beyond the bound count with the
// last.
func dropped(l *fact.Local, d fact.Dir, n *capture.Note) {
	for i := range l.Drops {
		if x := &l.Drops[i]; x.Reason == n.Reason && x.Dir == d && x.Out == n.Out || i == fact.MaxLocalDrops-1 {
			x.Count += n.Count
			x.Last = max(x.Last, n.Time)
			return
		}
	}
	l.Drops = append(l.Drops, fact.LocalDrop{Reason: n.Reason, Dir: d, Out: n.Out, Count: n.Count, First: n.Time, Last: n.Time})
}

// unseen counts packets that the capture could not keep up with. What is missing
// of them is the capture's loss.
func (f *Flow) unseen(l *fact.Local, d fact.Dir, n *capture.Note) {
	l.Unseen[d] += uint64(n.Count)
	s := &f.sides[d]
	s.packets += n.Count
	s.headers += uint32(min(n.Bytes, 1<<32-1-uint64(s.headers)))
	s.last = max(s.last, n.Time)
	f.flags |= gap
}
