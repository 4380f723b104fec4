package pcapfile

import (
	"encoding/binary"
	"fmt"

	"chokepoint/capture"
)

// Sizes of pcap headers (draft-ietf-opsawg-pcap sections 4 and 5; libpcap's
// sf-pcap.c for the record header of the modified format, which adds interface
// index, protocol, packet type and a pad).
const (
	pcapHeaderLen     = 24
	recordHeaderLen   = 16
	modifiedHeaderLen = 24
)

// classic cuts the records of a pcap stream.
type classic struct {
	order
	header int   // length of a record header
	nanos  int64 // ns in one unit of the fraction
	limit  uint32
	fcs    uint32 // bytes of frame check sequence at the end of frames
	ifs    [1]capture.Interface
	known  bool // decode understands the link type
}

// newClassic reads the file header.
func newClassic(h *[pcapHeaderLen]byte) (*classic, error) {
	c := &classic{header: recordHeaderLen, nanos: 1000}
	c.big = !isPcap(binary.LittleEndian.Uint32(h[:]))
	switch c.u32(h[:]) {
	case magicNanos:
		c.nanos = 1
	case magicModified:
		c.header = modifiedHeaderLen
	}
	if major := c.u16(h[4:]); major != 2 {
		return nil, fmt.Errorf("pcap version %d.%d is not known", major, c.u16(h[6:]))
	}
	snaplen := c.u32(h[16:])
	c.limit = recordLimit(snaplen)
	link, fcs, err := linkField(c.u32(h[20:]))
	c.fcs, c.known = fcs, link.Supported()
	c.ifs[0] = capture.Interface{Link: link, Snaplen: snaplen}
	return c, err
}

// linkField splits the link type field: the low 16 bits are the type, bit 26
// says that the top four hold the frame check sequence's length in 16-bit words
// (draft-ietf-opsawg-pcap section 4).
func linkField(v uint32) (capture.LinkType, uint32, error) {
	const present, typeMask = 1 << 26, 0x03ffffff
	if v&typeMask > 0xffff {
		return 0, 0, fmt.Errorf("link type %d is not assigned", v&typeMask)
	}
	if v&present == 0 {
		return capture.LinkType(v), 0, nil
	}
	return capture.LinkType(v & typeMask), v >> 28 * 2, nil
}

func (c *classic) interfaces() []capture.Interface { return c.ifs[:] }

func (c *classic) part(b []byte) string {
	if len(b) < c.header {
		return "record header"
	}
	return "record"
}

func (c *classic) next(b []byte, p *capture.Packet) (int, outcome, error) {
	if len(b) < c.header {
		return c.header, more, nil
	}
	seconds, fraction := c.u32(b), c.u32(b[4:])
	captured, wire := c.u32(b[8:]), c.u32(b[12:])
	if captured > c.limit {
		return 0, more, fmt.Errorf("record claims %d captured bytes, more than the %d believed", captured, c.limit)
	}
	size := c.header + int(captured)
	if len(b) < size {
		return size, more, nil
	}
	if !c.known {
		return size, skipped, nil
	}
	// Some writers note a wire length below the captured one.
	wire = max(wire, captured)
	p.Frame, p.WireLen = trimFCS(b[c.header:size:size], wire, c.fcs)
	// 2^32 seconds and 2^32 units stay below maxTime.
	p.Time = int64(seconds)*nanosPerSecond + int64(fraction)*c.nanos
	p.If, p.Link = 0, c.ifs[0].Link
	return size, packet, nil
}
