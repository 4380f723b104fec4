package track

import (
	"math"
	"slices"
	"unsafe"

	"chokepoint/classify/flow"
)

// lru is the order in which the pieces of a pool were used. It lies apart from
// them: to reorder it touches no piece.
type lru struct {
	links                []link // by slot, from 1
	oldest, newest, free uint32 // slots, 0 none
}

type link struct {
	owner        flow.ID
	older, newer uint32
	look         int64 // when a pool that is walked is to look at the piece, ns; 0: next time
}

// never is when a piece is to be looked at that only a packet can change.
const never = math.MaxInt64

func (l *lru) unlink(slot uint32) {
	a := &l.links[slot]
	if a.older != 0 {
		l.links[a.older].newer = a.newer
	} else {
		l.oldest = a.newer
	}
	if a.newer != 0 {
		l.links[a.newer].older = a.older
	} else {
		l.newest = a.older
	}
	a.older, a.newer = 0, 0
}

func (l *lru) push(slot uint32) {
	a := &l.links[slot]
	if a.older = l.newest; a.older != 0 {
		l.links[a.older].newer = slot
	} else {
		l.oldest = slot
	}
	l.newest = slot
}

// touch makes a piece the latest in use.
func (l *lru) touch(slot uint32) {
	l.unlink(slot)
	l.push(slot)
}

// put takes a piece back.
func (l *lru) put(slot uint32) {
	l.unlink(slot)
	l.links[slot].older = l.free
	l.free = slot
}

// victim is whose the oldest piece is.
func (l *lru) victim() flow.ID { return l.links[l.oldest].owner }

// place is where a piece lies in its pool, and when it was used last, to the
// second.
type place struct {
	slot uint32
	used int64 // ns
}

// stale reports whether a piece is due to be touched.
func (p *place) stale(now int64) bool { return now-p.used > 1_000_000_000 }

// pool hands out pieces; when there are too many, the one that was not used for
// longest changes hands.
type pool[T any] struct {
	lru
	limit int
	made  int
	slab  uint32 // pieces in each of the slabs; the last may be shorter
	slabs [][]T
}

// slabBytes and slab bound how many pieces are allocated together: each shard takes a
// slab for its first piece, and 64 shards should not take a megabyte for one kind.
const (
	slabBytes = 16 << 10
	slab      = 16 // pieces
)

// get returns a piece that nobody has, as the latest in use by a flow, or nil
// when one must be taken from the victim.
func (p *pool[T]) get(id flow.ID, now int64) (*T, place) {
	if p.free == 0 {
		if p.made >= max(p.limit, 1) {
			return nil, place{}
		}
		p.more()
	}
	slot := p.free
	p.free = p.links[slot].older
	p.links[slot] = link{owner: id}
	p.push(slot)
	return p.at(slot), place{slot, now}
}

func (p *pool[T]) at(slot uint32) *T { return &p.slabs[(slot-1)/p.slab][(slot-1)%p.slab] }

// more makes some pieces.
func (p *pool[T]) more() {
	var piece T
	p.slab = max(1, min(slab, slabBytes/uint32(unsafe.Sizeof(piece))))
	made := make([]T, min(int(p.slab), max(p.limit, 1)-p.made))
	p.links = slices.Grow(p.links, 1+len(made))
	if len(p.links) == 0 {
		p.links = append(p.links, link{})
	}
	p.slabs = append(p.slabs, made)
	for i := len(made); i > 0; i-- {
		p.links = append(p.links, link{older: p.free})
		p.free = uint32(len(p.links) - 1)
	}
	p.made += len(made)
}
