package pcapfile

import (
	"fmt"

	"chokepoint/capture"
)

// record is the part that packet blocks have in common.
type record struct {
	iface    uint32 // as the section counts
	units    uint64
	captured uint32
	wire     uint32
}

// packetHeaderLen is the length of enhanced and obsolete packet blocks' fixed
// fields.
const packetHeaderLen = 20

// enhanced reads a packet block (draft-ietf-opsawg-pcapng section 4.3): its
// options are not needed.
func (n *blocks) enhanced(body []byte, p *capture.Packet) (outcome, error) {
	if len(body) < packetHeaderLen {
		return more, fmt.Errorf("packet block has %d bytes, at least %d are needed", len(body), packetHeaderLen)
	}
	return n.deliver(n.record(n.u32(body), body), body[packetHeaderLen:], p)
}

// noCount is the drop count of a writer that does not know (appendix A).
const noCount = 0xffff

// obsolete reads the packet block that came before (appendix A): 16 bits of
// interface and 16 of packets dropped since the packet before.
func (n *blocks) obsolete(body []byte, p *capture.Packet) (outcome, error) {
	if len(body) < packetHeaderLen {
		return more, fmt.Errorf("packet block has %d bytes, at least %d are needed", len(body), packetHeaderLen)
	}
	r := n.record(uint32(n.u16(body)), body)
	what, err := n.deliver(r, body[packetHeaderLen:], p)
	if drops := n.u16(body[2:]); err == nil && drops != noCount {
		n.ifs[n.section+int(r.iface)].Dropped += uint64(drops)
	}
	return what, err
}

func (n *blocks) record(iface uint32, body []byte) record {
	return record{
		iface:    iface,
		units:    uint64(n.u32(body[4:]))<<32 | uint64(n.u32(body[8:])),
		captured: n.u32(body[12:]),
		wire:     n.u32(body[16:]),
	}
}

// simple reads a packet block without time or interface (section 4.4). It
// belongs to the section's first interface, whose snaplen tells how much was
// captured, and gets the time of the packet before it.
func (n *blocks) simple(body []byte, p *capture.Packet) (outcome, error) {
	if len(body) < 4 {
		return more, fmt.Errorf("simple packet block has %d bytes, at least 4 are needed", len(body))
	}
	r := record{wire: n.u32(body)}
	r.captured = r.wire
	if n.section < len(n.ifs) {
		if snaplen := n.ifs[n.section].Snaplen; snaplen != 0 {
			r.captured = min(r.wire, snaplen)
		}
	}
	last := n.last
	what, err := n.deliver(r, body[4:], p)
	n.last = last
	if what == packet {
		p.Time = last
	}
	return what, err
}

// deliver fills p from a record whose data, padding and options are in rest.
func (n *blocks) deliver(r record, rest []byte, p *capture.Packet) (outcome, error) {
	known := uint32(len(n.ifs) - n.section)
	if r.iface >= known {
		return more, fmt.Errorf("packet of interface %d, but the section describes %d", r.iface, known)
	}
	index := n.section + int(r.iface)
	c := &n.clocks[index]
	switch {
	case r.captured > c.limit:
		return more, fmt.Errorf("packet claims %d captured bytes, more than the %d believed", r.captured, c.limit)
	case int(r.captured) > len(rest):
		return more, fmt.Errorf("packet claims %d captured bytes, its block has room for %d", r.captured, len(rest))
	case !c.known:
		return skipped, nil
	}
	// Some writers note a wire length below the captured one.
	p.Frame, p.WireLen = trimFCS(rest[:r.captured:r.captured], max(r.wire, r.captured), c.fcs)
	p.Time = c.nanos(r.units)
	p.If, p.Link = uint16(index), n.ifs[index].Link
	n.last = p.Time
	return packet, nil
}
