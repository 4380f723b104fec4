//go:build linux

package packets

import (
	"errors"
	"unsafe"

	"github.com/cilium/ebpf"
)

// flowKey is struct key of flow.h: the lower end first.
type flowKey struct {
	Low, High         [16]byte
	LowPort, HighPort uint16
	Proto             uint8
	_                 [3]byte
}

// flowValue is struct flow.
type flowValue struct {
	Born     uint64
	Since    uint64
	Payloads [2]uint32
	To       [2]struct{ Segs, Bytes, Time uint64 } // from low to high, and back
	Ifindex  uint32
	_        uint32
}

// toldBytes is the length of struct told.
const toldBytes = headerBytes + int(unsafe.Sizeof(flowKey{})) + int(unsafe.Sizeof(flowValue{}))

// told is what was handed out of a flow so far: the kernel's numbers only grow, as
// long as the entry lives.
type told struct {
	born  uint64
	to    [2]struct{ segs, bytes uint64 }
	sweep uint64 // that last met it
}

// sweepBatch is how many flows are read at once. The kernel hands out whole buckets
// of its hash table, which have one entry on average.
const sweepBatch = 2048

// tallies hands out what was counted of flows.
type tallies struct {
	waiting []Unseen // from records that Next met
	known   map[flowKey]told
	unseen  uint64 // Counts.Unseen at the last sweep
	sweep   uint64
	keys    []flowKey
	values  []flowValue
}

// Unseen calls tell with what was counted since the last call, flow by flow and
// direction by direction. What was counted of a flow that the table of flows has
// forgotten since is in Counts alone.
func (p *Program) Unseen(tell func(Unseen)) error {
	for _, u := range p.waiting {
		tell(u)
	}
	p.waiting = p.waiting[:0]
	c, err := p.Counts()
	if err != nil || c.Unseen == p.unseen {
		return err
	}
	if err := p.sweepFlows(tell); err != nil {
		return err
	}
	p.unseen = c.Unseen
	return nil
}

// sweepFlows reads the whole table.
func (p *Program) sweepFlows(tell func(Unseen)) error {
	if p.keys == nil {
		p.keys, p.values = make([]flowKey, sweepBatch), make([]flowValue, sweepBatch)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sweep++
	var cursor ebpf.MapBatchCursor
	for {
		n, err := p.Flows.BatchLookup(&cursor, p.keys, p.values, nil)
		for i := range p.keys[:n] {
			p.grown(&p.keys[i], &p.values[i], tell)
		}
		if errors.Is(err, ebpf.ErrKeyNotExist) {
			break // the end
		}
		if err != nil {
			return err
		}
	}
	for k, t := range p.known {
		if t.sweep != p.sweep {
			delete(p.known, k)
		}
	}
	return nil
}

// heard takes a tally that came as a record.
func (p *Program) heard(sample []byte) {
	if len(sample) < toldBytes || len(p.waiting) >= defaultFlows {
		return // the next sweep finds it
	}
	var k flowKey
	var v flowValue
	b := sample[headerBytes:toldBytes]
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&k)), unsafe.Sizeof(k)), b)
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&v)), unsafe.Sizeof(v)), b[unsafe.Sizeof(k):])
	p.grown(&k, &v, func(u Unseen) { p.waiting = append(p.waiting, u) })
}

// grown tells by how much a flow's numbers are above those told before.
func (t *tallies) grown(k *flowKey, v *flowValue, tell func(Unseen)) {
	if v.To[0].Segs == 0 && v.To[1].Segs == 0 {
		return
	}
	before, known := t.known[*k]
	switch {
	case known && v.Born < before.born:
		return // a record of an entry that was forgotten, and begun anew
	case !known || v.Born > before.born:
		before = told{born: v.Born}
	}
	before.sweep = t.sweep
	for dir := range v.To {
		now, last := &v.To[dir], &before.to[dir]
		// A record may be older than what a sweep has read.
		if now.Segs <= last.segs {
			continue
		}
		u := Unseen{Src: k.Low, Dst: k.High, SrcPort: k.LowPort, DstPort: k.HighPort, Proto: k.Proto,
			Segs: uint32(now.Segs - last.segs), Bytes: max(now.Bytes, last.bytes) - last.bytes, Ifindex: v.Ifindex, Time: now.Time}
		if dir == 1 {
			u.Src, u.Dst, u.SrcPort, u.DstPort = u.Dst, u.Src, u.DstPort, u.SrcPort
		}
		last.segs, last.bytes = now.Segs, max(now.Bytes, last.bytes)
		tell(u)
	}
	if t.known == nil {
		t.known = map[flowKey]told{}
	}
	t.known[*k] = before
}
