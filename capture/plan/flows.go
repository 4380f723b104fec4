package plan

import (
	"math/rand/v2"

	"chokepoint/capture"
)

// maxFlows is how many flows are told apart, as many as in the kernel's map. A
// flow that was forgotten is new again: it costs a few more whole packets.
const maxFlows = 65536

// flows counts the packets with payload of both directions of each flow. The
// flow that was not asked about for longest is forgotten first.
type flows struct {
	seed  uint64   // foreign packets choose the keys
	heads []uint32 // first entry of each chain; 0 none
	slots []slot   // slots[0] is no flow: its older and newer are the ends of the queue
	max   int
}

type slot struct {
	key          capture.Key // canonical
	counts       [2]uint32   // by direction: as the key is, and the other way
	chain        uint32      // next entry of the same hash
	older, newer uint32
}

func newFlows(most int) flows {
	return flows{seed: rand.Uint64(), heads: make([]uint32, most), slots: make([]slot, 1, 64), max: most}
}

// begin makes a flow new, whether it was known or not.
func (f *flows) begin(k *capture.Key) {
	c, _ := k.Canonical()
	f.find(&c).counts = [2]uint32{}
}

// count says whether a packet with payload is among the first n of its
// direction.
func (f *flows) count(k *capture.Key, n uint32) bool {
	c, swapped := k.Canonical()
	dir := 0
	if swapped {
		dir = 1
	}
	s := f.find(&c)
	if s.counts[dir] >= n {
		return false
	}
	s.counts[dir]++
	return true
}

// find returns the slot of a flow, which is then the newest.
func (f *flows) find(k *capture.Key) *slot {
	head := f.head(k)
	i := *head
	for i != 0 && f.slots[i].key != *k {
		i = f.slots[i].chain
	}
	if i == 0 {
		i = f.take()
		f.slots[i] = slot{key: *k, chain: *head}
		*head = i
	} else if f.slots[0].newer != i {
		f.unlink(i)
	} else {
		return &f.slots[i]
	}
	f.append(i)
	return &f.slots[i]
}

func (f *flows) head(k *capture.Key) *uint32 {
	return &f.heads[k.Hash(f.seed)%uint64(len(f.heads))]
}

// take returns a slot that is on no chain and not in the queue.
func (f *flows) take() uint32 {
	if len(f.slots) <= f.max {
		f.slots = append(f.slots, slot{})
		return uint32(len(f.slots) - 1)
	}
	i := f.slots[0].older
	f.unlink(i)
	at := f.head(&f.slots[i].key)
	for *at != i {
		at = &f.slots[*at].chain
	}
	*at = f.slots[i].chain
	return i
}

// append puts a slot at the newer end of the queue. slots[0].older is the oldest,
// slots[0].newer the newest.
func (f *flows) append(i uint32) {
	last := f.slots[0].newer
	f.slots[i].older, f.slots[i].newer = last, 0
	f.slots[0].newer = i
	if last == 0 {
		f.slots[0].older = i
	} else {
		f.slots[last].newer = i
	}
}

func (f *flows) unlink(i uint32) {
	s := &f.slots[i]
	if s.older == 0 {
		f.slots[0].older = s.newer
	} else {
		f.slots[s.older].newer = s.newer
	}
	if s.newer == 0 {
		f.slots[0].newer = s.older
	} else {
		f.slots[s.newer].older = s.older
	}
}
