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
	if p.free == nil && p.made < max(p.limit, 1) {
		p.more()
	}
	w := p.free
	if w != nil {
		p.free = P(w).order().older
	}
	return w
}

// slab is how many pieces are allocated together.
const slab = 16

// more makes some pieces.
func (p *pool[T, P]) more() {
	made := make([]T, min(slab, max(p.limit, 1)-p.made))
	for i := range made {
		w := &made[i]
		P(w).order().older = p.free
		p.free = w
	}
	p.made += len(made)
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

// stale reports whether a piece is due for [pool.touch]: the order of use is kept
// to the second.
func (l *links[T]) stale(now int64) bool { return now-l.used > 1_000_000_000 }

// touch makes a piece the latest in use.
func (p *pool[T, P]) touch(w *T, now int64) {
	P(w).order().used = now
	p.unlink(w)
	p.push(w)
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
