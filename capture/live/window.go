//go:build linux

package live

import (
	"cmp"
	"slices"
	"time"

	"chokepoint/bpf/packets"
)

const (
	// window is how long a packet is held for an earlier one that another CPU is
	// still writing. They overtake each other by microseconds; a virtual CPU that is
	// taken off its core in between may be away for milliseconds.
	window = uint64(10 * time.Millisecond)
	// maxHeld and maxHeldBytes bound what is held.
	maxHeld      = 16384
	maxHeldBytes = 4 << 20
)

// slot is a record and where its bytes are.
type slot struct {
	packets.Header
	off, size int
}

// mark stands for a slot while slots are put in order.
type mark struct {
	time uint64
	slot int32
}

// hold puts records in order of their time. Records stay where they were read to
// until more than half of the memory is of those that are gone.
type hold struct {
	order []mark // of those held
	pile
	spare pile
	bytes int // of those held
	// newest is the highest time seen, and emptied when the ring was last found
	// empty.
	newest, emptied uint64
}

// pile is records and their bytes, as they came.
type pile struct {
	slots []slot
	data  []byte
}

// newHold returns one with room for what is held in heavy traffic. Memory that is
// never used costs nothing; to grow in the midst of a burst does.
func newHold() hold {
	pile := func() pile {
		return pile{slots: make([]slot, 0, 4*maxRecords), data: make([]byte, 0, 2*maxBytes)}
	}
	return hold{order: make([]mark, 0, 4*maxRecords), pile: pile(), spare: pile()}
}

// add adds a record whose bytes are the last of data.
func (h *hold) add(r packets.Header, data []byte) {
	off := len(h.data)
	h.data = data
	h.newest = max(h.newest, r.Time)
	h.bytes += len(data) - off
	h.order = append(h.order, mark{r.Time, int32(len(h.slots))})
	h.slots = append(h.slots, slot{r, off, len(data) - off})
}

// limit is the time up to which all records have come, as far as can be known.
func (h *hold) limit() uint64 {
	at := max(h.newest, h.emptied)
	return at - min(at, window)
}

// ready sorts the records. It says how many may go, and of how many bytes they are.
func (h *hold) ready() (n, bytes int) {
	sortMarks(h.order)
	limit := h.limit()
	for n < len(h.order) {
		full := len(h.order)-n > maxHeld || h.bytes-bytes > maxHeldBytes
		if h.order[n].time > limit && !full {
			break
		}
		bytes += h.slots[h.order[n].slot].size
		n++
	}
	return n, bytes
}

// drop forgets the first n records of the order, of so many bytes.
func (h *hold) drop(n, bytes int) {
	h.bytes -= bytes
	h.order = h.order[:copy(h.order, h.order[n:])]
	if len(h.slots) <= 2*len(h.order)+maxRecords/8 && len(h.data) <= 2*h.bytes+maxBytes/8 {
		return
	}
	h.spare.slots, h.spare.data = h.spare.slots[:0], h.spare.data[:0]
	for i := range h.order {
		s := h.slots[h.order[i].slot]
		h.order[i].slot = int32(i)
		off := len(h.spare.data)
		h.spare.data = append(h.spare.data, h.data[s.off:s.off+s.size]...)
		s.off = off
		h.spare.slots = append(h.spare.slots, s)
	}
	h.pile, h.spare = h.spare, h.pile
}

// sortMarks sorts by time, equal ones as they came. It is made for what is almost
// in order, and gives up its way on anything else.
func sortMarks(m []mark) {
	budget := 4 * len(m)
	for i := 1; i < len(m); i++ {
		x, j := m[i], i
		for ; j > 0 && m[j-1].time > x.time; j-- {
			m[j] = m[j-1]
			budget--
		}
		m[j] = x
		if budget < 0 {
			slices.SortFunc(m, func(a, b mark) int {
				return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.slot, b.slot))
			})
			return
		}
	}
}
