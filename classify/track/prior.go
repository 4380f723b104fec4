package track

import (
	"unsafe"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

const priorSize = int(unsafe.Sizeof(prior{}))

// prior is what an earlier conversation on the same ports leaves: the sequence numbers
// that each side used, as far as its first one was seen.
type prior struct {
	until int64 // ns
	used  [2]struct{ from, to uint32 }
}

// leaves is what a conversation leaves to the next one on its ports.
func (f *Flow) leaves() *prior {
	p := &prior{until: f.last()}
	for d := range f.sides {
		if s := &f.sides[d]; s.flags&hasISN != 0 && s.flags&hasSeq != 0 {
			p.used[d].from, p.used[d].to = s.isn, s.next
		}
	}
	return p
}

// succeed has a flow know what came before it.
func (t *Tracker) succeed(f *Flow, left *prior) {
	if left != nil {
		t.needExtra(f).prior = left
		t.side += priorSize
	}
}

// belated reports a reset that answers what was sent in the earlier conversation on the
// same ports, and came to its receiver after that was over: with no ACK, it has its
// number from there (RFC 9293 section 3.5.2, group 1), out of this one's window. Whoever
// sent it, it says nothing of this conversation.
func (t *Tracker) belated(f *Flow, d fact.Dir, p *capture.Packet) bool {
	x := t.extraOf(f)
	if x == nil || x.prior == nil || p.Flags&capture.ACK != 0 || p.Time-x.prior.until > ClosedLife {
		return false
	}
	if fit := f.fit(d, p.Seq); fit == fact.FitExact || fit == fact.FitInside {
		return false
	}
	u := x.prior.used[d]
	return u.from != u.to && p.Seq-u.from <= u.to-u.from
}
