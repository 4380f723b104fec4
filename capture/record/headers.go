package record

import (
	"encoding/binary"

	"chokepoint/capture"
	"chokepoint/capture/decode"
)

// Lengths of headers. ARP over Ethernet (RFC 826) has no payload.
const (
	ethernetLen = 14
	etherARP    = 0x0806
	arpLen      = 28
	ipv4Len     = 20
	ipv6Len     = 40
	// quotedLen is what an ICMP error quotes at least of the transport (RFC 792):
	// ports and sequence number.
	quotedLen = 8
)

// cutter finds where the headers of a packet end.
type cutter struct {
	decoder decode.Decoder
	p       capture.Packet // reused
}

// headers returns how many bytes of a frame are headers, those inside tunnels
// included. What is behind them may be payload.
func (c *cutter) headers(p *capture.Packet) int {
	q := &c.p
	q.Frame, q.WireLen, q.Link = p.Frame, p.WireLen, p.Link
	c.decoder.Decode(q)
	if q.Has&capture.HasIP == 0 || q.Payload == nil {
		return least(q)
	}
	// Payload is a slice of Frame: what both have behind their start differs by
	// what is before the payload.
	n := cap(q.Frame) - cap(q.Payload)
	if q.Has&capture.HasQuoted != 0 {
		n += quote(q.Payload)
	}
	return min(n, len(q.Frame))
}

// least is how many bytes of a frame are headers for certain, where decoding did
// not get to the end of them.
func least(p *capture.Packet) int {
	n := 0
	switch p.Link {
	case capture.LinkEthernet:
		n = ethernetLen
		if len(p.Frame) > n && binary.BigEndian.Uint16(p.Frame[12:]) == etherARP {
			n += arpLen
		}
	case capture.LinkSLL: // tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html
		n = 16
	case capture.LinkSLL2: // tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html
		n = 20
	case capture.LinkNull, capture.LinkLoop:
		n = 4
	}
	switch {
	case p.Has&capture.HasIPv6 != 0 && p.Has&capture.HasOuter == 0:
		n += ipv6Len
	case p.Has&capture.HasIP != 0:
		n += ipv4Len // inside or outside, there is as much at least
	}
	return min(n, len(p.Frame))
}

// quote returns how many bytes of what an ICMP error quotes are headers: those of
// IP, and the start of the transport's where the quote has it.
func quote(b []byte) int {
	const offset = 0x1fff // of a fragment
	n, proto := 0, uint8(0)
	switch {
	case len(b) >= ipv4Len && b[0]>>4 == 4:
		n, proto = int(b[0]&0x0f)*4, b[9]
		if binary.BigEndian.Uint16(b[6:])&offset != 0 {
			return min(n, len(b))
		}
	case len(b) >= ipv6Len && b[0]>>4 == 6:
		n, proto = ipv6Len, b[6]
	default:
		return 0
	}
	if startsWithHeader(proto) {
		n += quotedLen
	}
	return min(n, len(b))
}

// startsWithHeader says of an IP protocol that its first eight bytes are no
// payload: extension headers of IPv6 (RFC 8200 section 4) are as long at least.
func startsWithHeader(proto uint8) bool {
	const hopByHop, routing, fragment, destOpts = 0, 43, 44, 60
	switch proto {
	case capture.ProtoTCP, capture.ProtoUDP, capture.ProtoICMP, capture.ProtoICMPv6, capture.ProtoESP,
		hopByHop, routing, fragment, destOpts:
		return true
	}
	return false
}
