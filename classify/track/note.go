package track

import (
	"slices"
	"unsafe"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// localSize is what a host's testimony on a flow takes, bytes: the names are the
// kernel's few and shared.
const localSize = int(unsafe.Sizeof(fact.Local{})) + fact.MaxLocalDrops*(int(unsafe.Sizeof(fact.LocalDrop{}))+maxDropped*8)

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
		f.dropped(l, d, n)
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

// maxDropped is how many packets are named per reason.
const maxDropped = 4

// dropped adds to the reasons of a flow. Those beyond the bound count with the
// last.
func (f *Flow) dropped(l *fact.Local, d fact.Dir, n *capture.Note) {
	x := reasonOf(l, d, n)
	x.Count += n.Count
	x.Last = max(x.Last, n.Time)
	if num, ok := f.meant(d, n); ok && len(x.Packets) < maxDropped && !slices.Contains(x.Packets, num) {
		x.Packets = append(x.Packets, num)
	}
}

// meant is the packet that a note is about, if that can be told: the kernel does
// not know our numbers. It is the latest of its direction, if that is the flow's
// latest, or the only SYN: what a closed port answers passes the tap before the
// kernel says why.
func (f *Flow) meant(d fact.Dir, n *capture.Note) (num uint64, ok bool) {
	if !tapped(n) {
		return 0, false
	}
	if n.Has&capture.HasTCP != 0 && n.Flags&capture.SYN != 0 && d == fact.Up && f.sides[d].syn == 1 && f.synack == 0 {
		return f.Num, true
	}
	return f.Num + uint64(f.lastN), f.sides[d].last >= f.sides[d.Other()].last
}

func tapped(n *capture.Note) bool { return fact.Tapped(n.Reason, n.Out) && !n.Untapped }

func reasonOf(l *fact.Local, d fact.Dir, n *capture.Note) *fact.LocalDrop {
	for i := range l.Drops {
		if x := &l.Drops[i]; x.Reason == n.Reason && x.Dir == d && x.Out == n.Out || i == fact.MaxLocalDrops-1 {
			return x
		}
	}
	l.Drops = append(l.Drops, fact.LocalDrop{Reason: n.Reason, Dir: d, Out: n.Out, Tapped: tapped(n), First: n.Time})
	return &l.Drops[len(l.Drops)-1]
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
