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

// hold puts records in order of their time.
type hold struct {
	slots []slot
	order []mark
	kept  []byte // of the records held from one batch to the next
	bytes int    // of all slots
	// newest is the highest time seen, and emptied when the ring was last found
	// empty.
	newest, emptied uint64
}

// begin starts a batch: what was kept is at its beginning.
func (h *hold) begin(buf []byte) []byte {
	return append(buf, h.kept...)
}

// add adds a record whose bytes are in the buffer of the batch.
func (h *hold) add(r packets.Header, off, size int) {
	h.newest = max(h.newest, r.Time)
	h.bytes += size
	h.order = append(h.order, mark{r.Time, int32(len(h.slots))})
	h.slots = append(h.slots, slot{r, off, size})
}

// limit is the time up to which all records have come, as far as can be known.
func (h *hold) limit() uint64 {
	at := max(h.newest, h.emptied)
	return at - min(at, window)
}

// ready sorts the records and says how many may go.
func (h *hold) ready() int {
	sortMarks(h.order)
	limit, n, held := h.limit(), 0, h.bytes
	for n < len(h.order) {
		full := len(h.order)-n > maxHeld || held > maxHeldBytes
		if h.order[n].time > limit && !full {
			break
		}
		held -= h.slots[h.order[n].slot].size
		n++
	}
	return n
}

// keep forgets the first n records of the order, and takes the bytes of the
// others out of the batch.
func (h *hold) keep(n int, buf []byte, spare []slot) (free []slot) {
	h.kept, h.bytes = h.kept[:0], 0
	spare = spare[:0]
	for i, m := range h.order[n:] {
		s := h.slots[m.slot]
		off := len(h.kept)
		h.kept = append(h.kept, buf[s.off:s.off+s.size]...)
		s.off = off
		h.bytes += s.size
		spare = append(spare, s)
		h.order[i] = mark{m.time, int32(i)}
	}
	h.order = h.order[:len(spare)]
	free, h.slots = h.slots, spare
	return free
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
