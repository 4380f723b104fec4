package plan

import (
	"encoding/binary"

	"chokepoint/capture"
)

// Ethertypes (IEEE 802 numbers registry, IANA).
const (
	etherIPv4    = 0x0800
	etherIPv6    = 0x86dd
	etherVLAN    = 0x8100 // IEEE 802.1Q
	etherQinQ    = 0x88a8 // IEEE 802.1ad
	etherQinQOld = 0x9100 // 802.1ad before it was standard
)

const (
	tagLen  = 4
	maxTags = 2 // that are looked behind
	ipv4Len = 20
	ipv6Len = 40
	// maxExtensions bounds the chain of IPv6; senders use one or two.
	maxExtensions = 4
)

// IPv6 extension headers that are passed over (RFC 8200 section 4).
const (
	hopByHop = 0
	routing  = 43
	destOpts = 60
)

// view is a frame while it is looked at. Offsets count from the frame's start.
type view struct {
	b       []byte // as captured
	wire    int64  // length on the wire
	l4      int    // where the transport header begins
	end     int64  // where the datagram ends on the wire, as it says itself
	payload int64  // bytes behind the transport header
	key     capture.Key
}

// at returns n bytes from an offset on, if they were captured.
func (f *view) at(off, n int) ([]byte, bool) {
	if off+n > len(f.b) {
		return nil, false
	}
	return f.b[off : off+n], true
}

// tagged says whether an Ethernet frame begins with a tag that Linux takes out of
// it: the kernel's eth_type_vlan (include/linux/if_vlan.h).
func tagged(b []byte) bool {
	if len(b) < 14 {
		return false
	}
	et := binary.BigEndian.Uint16(b[12:])
	return et == etherVLAN || et == etherQinQ
}

// internet goes through the link and IP headers to a transport that is looked at:
// TCP, UDP or ESP. false: there is none, and the frame counts whole.
func (f *view) internet(link capture.LinkType, skip int) bool {
	switch link {
	case capture.LinkEthernet:
		return f.typed(12+skip, 14+skip)
	case capture.LinkSLL: // tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html
		return f.typed(14, 16)
	case capture.LinkSLL2: // tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html
		return f.typed(0, 20)
	case capture.LinkNull, capture.LinkLoop:
		return f.versioned(4)
	case capture.LinkRaw, capture.LinkRawBSD, capture.LinkRawOpen, capture.LinkIPv4, capture.LinkIPv6:
		return f.versioned(0)
	}
	return false
}

// typed goes on from an ethertype and where what it names begins.
func (f *view) typed(at, off int) bool {
	for tags := 0; ; tags++ {
		b, ok := f.at(at, 2)
		if !ok {
			return false
		}
		switch binary.BigEndian.Uint16(b) {
		case etherIPv4:
			return f.ipv4(off)
		case etherIPv6:
			return f.ipv6(off)
		case etherVLAN, etherQinQ, etherQinQOld:
		default:
			return false
		}
		if tags == maxTags {
			return false
		}
		at, off = off+2, off+tagLen
	}
}

// versioned goes on from an IP header of either version.
func (f *view) versioned(off int) bool {
	b, ok := f.at(off, 1)
	switch {
	case !ok:
	case b[0]>>4 == 4:
		return f.ipv4(off)
	case b[0]>>4 == 6:
		return f.ipv6(off)
	}
	return false
}

// ipv4 reads a header (RFC 791 section 3.1). Fragments count whole.
func (f *view) ipv4(off int) bool {
	const moreOrOffset = 0x3fff
	h, ok := f.at(off, ipv4Len)
	if !ok || h[0]>>4 != 4 || h[0]&0x0f < ipv4Len/4 || binary.BigEndian.Uint16(h[6:])&moreOrOffset != 0 {
		return false
	}
	f.key.Src, f.key.Dst = mapped([4]byte(h[12:])), mapped([4]byte(h[16:]))
	f.ends(off, int64(binary.BigEndian.Uint16(h[2:])))
	return f.carries(off+int(h[0]&0x0f)*4, h[9])
}

// ipv6 reads a header and what extends it (RFC 8200). Fragments count whole.
func (f *view) ipv6(off int) bool {
	h, ok := f.at(off, ipv6Len)
	if !ok || h[0]>>4 != 6 {
		return false
	}
	f.key.Src, f.key.Dst = [16]byte(h[8:]), [16]byte(h[24:])
	total := int64(binary.BigEndian.Uint16(h[4:]))
	if total != 0 {
		total += ipv6Len
	}
	f.ends(off, total)
	next := h[6]
	off += ipv6Len
	for range maxExtensions {
		if next != hopByHop && next != routing && next != destOpts {
			break
		}
		e, ok := f.at(off, 2)
		if !ok {
			return false
		}
		next, off = e[0], off+(int(e[1])+1)*8
	}
	return f.carries(off, next)
}

// ends notes where a datagram ends. A length of zero was left to the network card,
// or has no room in its field: then it ends with the frame.
func (f *view) ends(off int, total int64) {
	f.end = f.wire
	if total != 0 {
		f.end = int64(off) + total
	}
}

// carries notes the transport, and says whether it is one that is looked at.
func (f *view) carries(off int, proto uint8) bool {
	f.l4, f.key.Proto = off, proto
	return proto == capture.ProtoTCP || proto == capture.ProtoUDP || proto == capture.ProtoESP
}

// ports reads what TCP and UDP begin with.
func (f *view) ports(h []byte) {
	f.key.SrcPort, f.key.DstPort = binary.BigEndian.Uint16(h), binary.BigEndian.Uint16(h[2:])
}

// mapped returns an address as IPv6 does (RFC 4291 section 2.5.5.2).
func mapped(a [4]byte) [16]byte {
	return [16]byte{10: 0xff, 11: 0xff, 12: a[0], 13: a[1], 14: a[2], 15: a[3]}
}
