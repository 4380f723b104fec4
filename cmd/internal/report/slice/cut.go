package slice

import (
	"slices"

	"chokepoint/capture"
	"chokepoint/cmd/internal/redact"
	"chokepoint/cmd/internal/report/packets"
)

const (
	// opening is how many packets of a flow's beginning are kept.
	opening = 8
	// before and behind are how many are kept around one that is named.
	before = 8
	behind = 8
)

// cut keeps packets of one flow.
type cut struct {
	packets.Wanted
	named map[uint64][]string
	hide  Hider

	kept  []kept
	bytes int
	ring  []kept // the latest not kept
	after int    // so many more are kept
	seen  int
}

// kept is a copy of a packet.
type kept struct {
	num   uint64
	time  int64
	ifc   uint16
	wire  uint32
	frame []byte
}

// Add implements [packets.Taker].
func (c *cut) Add(p *capture.Packet) {
	c.seen++
	_, named := c.named[p.Num]
	switch {
	case named:
		for _, k := range c.ring {
			c.keep(k)
		}
		c.ring = c.ring[:0]
		c.keep(c.copy(p))
		c.after = behind
	case c.seen <= opening:
		c.keep(c.copy(p))
	case c.after > 0:
		c.after--
		c.keep(c.copy(p))
	default:
		if len(c.ring) == before {
			c.ring = slices.Delete(c.ring, 0, 1)
		}
		c.ring = append(c.ring, c.copy(p))
	}
}

// keep keeps a packet if there is room; there is more for those that are named.
func (c *cut) keep(k kept) {
	limit := maxBytes
	if _, named := c.named[k.num]; named {
		limit *= 2
	}
	if c.bytes+len(k.frame) > limit {
		return
	}
	c.bytes += len(k.frame)
	c.kept = append(c.kept, k)
}

// copy copies a packet: as it was captured, or fit to be shared.
func (c *cut) copy(p *capture.Packet) kept {
	k := kept{num: p.Num, time: p.Time, ifc: p.If, wire: p.WireLen}
	if c.hide == nil {
		k.frame = slices.Clone(p.Frame)
		return k
	}
	k.frame = c.hide.Packet(p, p.Payload)
	k.time, k.ifc, k.wire = c.hide.Nanos(p.Time), 0, redact.WireLen(k.frame)
	return k
}
