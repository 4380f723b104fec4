package flow

import "chokepoint/capture"

const (
	// slabBits sets how many entries a slab holds: enough that slabs are few,
	// few enough that 64 half-empty ones cost little.
	slabBits = 8
	slabSize = 1 << slabBits
	slabMask = slabSize - 1
	// minIndex is the first size of the index, in cells.
	minIndex = 64
	// slack is how long an entry's place in its queue may lag behind its last
	// packet, ns. It spares most packets the cost of relinking.
	slack = 1_000_000_000
)

// ID names an entry; 0 is none. It is valid until the entry is removed.
type ID uint32

// Queue is a lifetime class: entries on one queue expire after the same time.
type Queue uint8

// Entry is a flow and its owner's record.
type Entry[R any] struct {
	Key    capture.Key // as the owner oriented it, usually client to server
	queue  Queue
	next   ID // newer
	prev   ID // older; next free entry on the free list
	placed int64
	Rec    R
}

type ends struct {
	oldest, newest ID
	n              int
}

// Table is a hash table of flows. It is for one goroutine.
type Table[R any] struct {
	cells []uint64 // hash's upper half <<32 | ID, 0 empty; linear probing
	slabs []*[slabSize]Entry[R]
	queue []ends
	free  ID
	used  ID // entries ever handed out
	n     int
	seed  uint64
}

// NewTable returns a table with so many queues. seed is that of Packet.Hash.
func NewTable[R any](queues int, seed uint64) *Table[R] {
	return &Table[R]{cells: make([]uint64, minIndex), queue: make([]ends, queues), seed: seed}
}

// Len returns how many entries there are.
func (t *Table[R]) Len() int { return t.n }

// LenOf returns how many entries are on a queue.
func (t *Table[R]) LenOf(q Queue) int { return t.queue[q].n }

// At returns the entry of an ID.
func (t *Table[R]) At(id ID) *Entry[R] {
	return &t.slabs[(id-1)>>slabBits][(id-1)&slabMask]
}

// Find looks up a key in either direction. reverse: the entry is oriented the
// other way. hash is the key's, as in Packet.Hash.
func (t *Table[R]) Find(k *capture.Key, hash uint64) (id ID, e *Entry[R], reverse bool) {
	mask := uint64(len(t.cells) - 1)
	tag := hash >> 32
	for i := tag & mask; ; i = (i + 1) & mask {
		c := t.cells[i]
		if c == 0 {
			return 0, nil, false
		}
		if c>>32 != tag {
			continue
		}
		e := t.At(ID(c))
		if e.Key.SrcPort == k.SrcPort && e.Key.DstPort == k.DstPort && e.Key.Src == k.Src && e.Key.Dst == k.Dst && e.Key.Proto == k.Proto {
			return ID(c), e, false
		}
		if e.Key.SrcPort == k.DstPort && e.Key.DstPort == k.SrcPort && e.Key.Src == k.Dst && e.Key.Dst == k.Src && e.Key.Proto == k.Proto {
			return ID(c), e, true
		}
	}
}

// Add makes an entry with a zero record. The key must not be in the table.
func (t *Table[R]) Add(k capture.Key, hash uint64, q Queue, now int64) (ID, *Entry[R]) {
	if 4*(t.n+1) > 3*len(t.cells) {
		t.grow()
	}
	id := t.free
	if id != 0 {
		t.free = t.At(id).prev
	} else {
		if int(t.used)>>slabBits == len(t.slabs) {
			t.slabs = append(t.slabs, new([slabSize]Entry[R]))
		}
		t.used++
		id = t.used
	}
	e := t.At(id)
	*e = Entry[R]{Key: k, queue: q}
	t.put(hash>>32<<32 | uint64(id))
	t.n++
	t.push(id, e, now)
	return id, e
}

func (t *Table[R]) put(cell uint64) {
	mask := uint64(len(t.cells) - 1)
	i := cell >> 32 & mask
	for t.cells[i] != 0 {
		i = (i + 1) & mask
	}
	t.cells[i] = cell
}

func (t *Table[R]) grow() {
	old := t.cells
	t.cells = make([]uint64, 2*len(old))
	for _, c := range old {
		if c != 0 {
			t.put(c)
		}
	}
}

// Remove takes an entry out. Its memory is used again by a later Add.
func (t *Table[R]) Remove(id ID) {
	e := t.At(id)
	t.unlink(id, e)
	t.clear(id, e.Key.Hash(t.seed)>>32)
	*e = Entry[R]{prev: t.free}
	t.free = id
	t.n--
}

// clear empties the cell of id and moves back those that probed past it.
func (t *Table[R]) clear(id ID, tag uint64) {
	mask := uint64(len(t.cells) - 1)
	i := tag & mask
	for ID(t.cells[i]) != id {
		i = (i + 1) & mask
	}
	for j := i; ; {
		j = (j + 1) & mask
		c := t.cells[j]
		if c == 0 {
			break
		}
		if home := c >> 32 & mask; (j-home)&mask >= (j-i)&mask {
			t.cells[i] = c
			i = j
		}
	}
	t.cells[i] = 0
}

// Touch notes that an entry was active at now, and moves it to queue q.
func (t *Table[R]) Touch(id ID, e *Entry[R], q Queue, now int64) {
	if e.queue == q && now-e.placed < slack {
		return
	}
	t.unlink(id, e)
	e.queue = q
	t.push(id, e, now)
}

func (t *Table[R]) push(id ID, e *Entry[R], now int64) {
	q := &t.queue[e.queue]
	e.placed, e.next, e.prev = now, 0, q.newest
	if q.newest != 0 {
		t.At(q.newest).next = id
	} else {
		q.oldest = id
	}
	q.newest = id
	q.n++
}

func (t *Table[R]) unlink(id ID, e *Entry[R]) {
	q := &t.queue[e.queue]
	if e.prev != 0 {
		t.At(e.prev).next = e.next
	} else {
		q.oldest = e.next
	}
	if e.next != 0 {
		t.At(e.next).prev = e.prev
	} else {
		q.newest = e.prev
	}
	q.n--
}

// Oldest returns the entry of a queue that was placed there first, and when;
// its last packet may be up to a second later. 0: the queue is empty.
func (t *Table[R]) Oldest(q Queue) (id ID, placed int64) {
	if id = t.queue[q].oldest; id != 0 {
		placed = t.At(id).placed
	}
	return id, placed
}

// QueueOf returns the queue an entry is on.
func (e *Entry[R]) QueueOf() Queue { return e.queue }

// Each calls f with every entry, in no useful order but always the same one
// for the same history. f may remove the entry it is given.
func (t *Table[R]) Each(f func(id ID, e *Entry[R])) {
	for q := range t.queue {
		for id := t.queue[q].oldest; id != 0; {
			e := t.At(id)
			next := e.next
			f(id, e)
			id = next
		}
	}
}

// Bytes returns the memory the table holds, without what records point to.
func (t *Table[R]) Bytes() int {
	return 8*len(t.cells) + len(t.slabs)*int(sizeof[[slabSize]Entry[R]]())
}

// PerEntry is what an entry costs with its cells of the index, bytes: two at
// the least favourable load.
func (t *Table[R]) PerEntry() int { return int(sizeof[Entry[R]]()) + 2*8 }
