package defrag

import (
	"encoding/binary"

	"chokepoint/capture"
)

// Fixed header lengths (RFC 791 section 3.1, RFC 8200 section 3).
const (
	ipv4Len = 20
	ipv6Len = 40
)

// Ethertypes (IEEE 802 numbers registry, IANA).
const (
	etherIPv4 = 0x0800
	etherVLAN = 0x8100 // 802.1Q
	etherQinQ = 0x88a8 // 802.1ad
	etherIPv6 = 0x86dd
)

// IPv6 extension headers that may stand before the fragment header (RFC 8200
// section 4.1).
const (
	hopByHop    = 0
	routing     = 43
	fragmentHdr = 44
	destOptions = 60
)

// Of returns the fragment in a packet's outermost IP header, found in its frame
// behind Ethernet with VLAN tags, Linux cooked, loopback or no link header. It
// reports false for everything else, whole datagrams included.
func Of(p *capture.Packet) (Fragment, bool) {
	ip := datagramIn(p.Frame, p.Link)
	if len(ip) == 0 {
		return Fragment{}, false
	}
	var f Fragment
	var ok bool
	switch ip[0] >> 4 {
	case 4:
		f, ok = ipv4(ip)
	case 6:
		f, ok = ipv6(ip)
	}
	f.If, f.Time = p.If, p.Time
	return f, ok
}

// datagramIn returns a frame from its IP header on, nil if there is none.
func datagramIn(b []byte, link capture.LinkType) []byte {
	switch link {
	case capture.LinkEthernet:
		return untag(b, 12, 14)
	case capture.LinkSLL: // tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html
		return untag(b, 14, 16)
	case capture.LinkSLL2: // tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html
		return untag(b, 0, 20)
	case capture.LinkNull, capture.LinkLoop: // an address family, which the IP version repeats
		return b[min(len(b), 4):]
	case capture.LinkRaw, capture.LinkRawBSD, capture.LinkRawOpen, capture.LinkIPv4, capture.LinkIPv6:
		return b
	}
	return nil
}

// untag reads an ethertype and steps over VLAN tags to an IP header.
func untag(b []byte, typeAt, end int) []byte {
	for len(b) >= end {
		switch binary.BigEndian.Uint16(b[typeAt:]) {
		case etherIPv4, etherIPv6:
			return b[end:]
		case etherVLAN, etherQinQ: // tag, then the type of what follows
			typeAt, end = end+2, end+4
		default:
			return nil
		}
	}
	return nil
}

func ipv4(b []byte) (f Fragment, ok bool) {
	if len(b) < ipv4Len {
		return f, false
	}
	header, total := int(b[0]&0xf)*4, int(binary.BigEndian.Uint16(b[2:]))
	place := binary.BigEndian.Uint16(b[6:])
	f.More, f.Off = place&0x2000 != 0, int(place&0x1fff)*8
	if f.whole() || header < ipv4Len || header > len(b) || total < header {
		return f, false
	}
	copy(f.Src[:], mapped[:])
	copy(f.Src[12:], b[12:16])
	copy(f.Dst[:], mapped[:])
	copy(f.Dst[12:], b[16:20])
	f.Proto, f.ID = b[9], uint32(binary.BigEndian.Uint16(b[4:]))
	f.Header, f.Len = b[:header], total-header
	f.Data = b[header:min(total, len(b))]
	return f, true
}

// mapped is the prefix of IPv4-mapped addresses (RFC 4291 section 2.5.5.2).
var mapped = [12]byte{10: 0xff, 11: 0xff}

func ipv6(b []byte) (f Fragment, ok bool) {
	if len(b) < ipv6Len {
		return f, false
	}
	end := ipv6Len + int(binary.BigEndian.Uint16(b[4:]))
	copy(f.Src[:], b[8:24])
	copy(f.Dst[:], b[24:40])
	f.V6 = true
	f.NextAt = 6
	for at := ipv6Len; len(b) >= at+8; {
		switch b[f.NextAt] {
		case fragmentHdr: // RFC 8200 section 4.5
			place := binary.BigEndian.Uint16(b[at+2:])
			f.More, f.Off = place&1 != 0, int(place&^7)
			f.Proto, f.ID = b[at], binary.BigEndian.Uint32(b[at+4:])
			f.Header, f.Len = b[:at:at], end-at-8
			f.Data = b[at+8 : max(at+8, min(end, len(b)))]
			return f, f.Len >= 0
		case hopByHop, routing, destOptions:
			f.NextAt = at
			at += int(b[at+1])*8 + 8
		default:
			return f, false
		}
	}
	return f, false
}
