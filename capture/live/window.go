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

// mark stands for a record while records are put in order.
type mark struct {
	time   uint64
	record int32
}

// hold puts records in order of their time. Records stay where they were read to
// until more than half of the memory is of those that are gone.
type hold struct {
	order []mark // of those held
	packets.Block
	spare packets.Block
	bytes int // of those held
	// newest is the highest time seen, and emptied when the ring was last found
	// empty.
	newest, emptied uint64
}

// newHold returns one with room for what is held in heavy traffic. Memory that is
// never used costs nothing; to grow in the midst of a burst does.
func newHold() hold {
	block := func() packets.Block {
		return packets.Block{Records: make([]packets.Record, 0, 4*packets.MaxRecords), Data: make([]byte, 0, 2*packets.MaxBytes)}
	}
	return hold{order: make([]mark, 0, 4*packets.MaxRecords), Block: block(), spare: block()}
}

// took marks the records that came behind the first n of the block.
func (h *hold) took(n int) {
	for i := n; i < len(h.Records); i++ {
		r := &h.Records[i]
		h.newest = max(h.newest, r.Time)
		h.bytes += r.Size
		h.order = append(h.order, mark{r.Time, int32(i)})
	}
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
		bytes += h.Records[h.order[n].record].Size
		n++
	}
	return n, bytes
}

// drop forgets the first n records of the order, of so many bytes.
func (h *hold) drop(n, bytes int) {
	h.bytes -= bytes
	h.order = h.order[:copy(h.order, h.order[n:])]
	if len(h.Records) <= 2*len(h.order)+packets.MaxRecords/8 && len(h.Data) <= 2*h.bytes+packets.MaxBytes/8 {
		return
	}
	h.spare.Records, h.spare.Data = h.spare.Records[:0], h.spare.Data[:0]
	for i := range h.order {
		r := &h.Records[h.order[i].record]
		h.order[i].record = int32(i)
		h.spare.Add(r.Header, h.Frame(r))
	}
	h.Block, h.spare = h.spare, h.Block
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
				return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.record, b.record))
			})
			return
		}
	}
}
