package track

import "chokepoint/classify/flow"

// links puts a piece of a flow into a pool's order of use.
type links[T any] struct {
	owner        flow.ID
	older, newer *T
	used         int64 // ns
}

// pooled is a piece that a pool can hand out.
type pooled[T any] interface {
	*T
	order() *links[T]
}

// pool hands out pieces; when there are too many, the one that was not used for
// longest changes hands.
type pool[T any, P pooled[T]] struct {
	limit          int
	made           int
	oldest, newest *T
	free           *T // by older
}

// get returns a piece that nobody has, or nil when one must be taken from the
// owner of the oldest.
func (p *pool[T, P]) get() *T {
	w := p.free
	switch {
	case w != nil:
		p.free = P(w).order().older
	case p.made < max(p.limit, 1):
		w = new(T)
		p.made++
	}
	return w
}

// own makes a piece that of a flow, the latest in use.
func (p *pool[T, P]) own(w *T, id flow.ID, now int64) {
	*P(w).order() = links[T]{owner: id, used: now}
	p.push(w)
}

// put takes a piece back.
func (p *pool[T, P]) put(w *T) {
	p.unlink(w)
	P(w).order().older = p.free
	p.free = w
}

// touch keeps the order of use, to the second.
func (p *pool[T, P]) touch(w *T, now int64) {
	if l := P(w).order(); now-l.used > 1_000_000_000 {
		l.used = now
		p.unlink(w)
		p.push(w)
	}
}

func (p *pool[T, P]) unlink(w *T) {
	l := P(w).order()
	if l.older != nil {
		P(l.older).order().newer = l.newer
	} else {
		p.oldest = l.newer
	}
	if l.newer != nil {
		P(l.newer).order().older = l.older
	} else {
		p.newest = l.older
	}
	l.older, l.newer = nil, nil
}

func (p *pool[T, P]) push(w *T) {
	l := P(w).order()
	if l.older = p.newest; l.older != nil {
		P(l.older).order().newer = w
	} else {
		p.oldest = w
	}
	p.newest = w
}
