package decode

import (
	"encoding/binary"

	"chokepoint/capture"
)

// Ethertypes (IEEE 802 numbers registry, IANA).
const (
	etherIPv4      = 0x0800
	etherIPv6      = 0x86dd
	etherVLAN      = 0x8100 // IEEE 802.1Q
	etherQinQ      = 0x88a8 // IEEE 802.1ad
	etherQinQOld   = 0x9100 // 802.1ad before it was standard
	etherPPPoE     = 0x8864 // session stage, RFC 2516 section 4
	etherMPLS      = 0x8847 // RFC 5332
	etherMPLSMulti = 0x8848
	etherBridged   = 0x6558 // transparent Ethernet bridging, RFC 1701
	maxLLCLength   = 1500   // IEEE 802.3 clause 3.2.6: up to here it is a length
)

const (
	ethernetLen = 14
	// maxLinkHeaders bounds tags, labels and bridged headers of one frame. Real
	// ones carry two tags and some five labels.
	maxLinkHeaders = 16
)

// place says where the IP header is found behind link headers.
type place struct {
	off    int
	ver    uint8 // 4 or 6; 0 when there is none, and cause says why
	cause  Cause
	tagged bool
	vlan   uint16 // outermost 802.1Q id, when tagged
}

// locateIP finds the IP header of a frame.
func locateIP(b []byte, link capture.LinkType) place {
	switch link {
	case capture.LinkEthernet:
		return walk(b, 0, etherBridged)
	case capture.LinkSLL:
		// Packet type, ARPHRD, address length, address, protocol:
		// tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html
		return cooked(b, 16, 14, 2)
	case capture.LinkSLL2:
		// Protocol, reserved, interface, ARPHRD, packet type, address length,
		// address: tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html
		return cooked(b, 20, 0, 8)
	case capture.LinkNull, capture.LinkLoop:
		return loopback(b)
	case capture.LinkRaw, capture.LinkRawBSD, capture.LinkRawOpen:
		return raw(b)
	case capture.LinkIPv4:
		return place{ver: 4}
	case capture.LinkIPv6:
		return place{ver: 6}
	}
	return place{cause: UnsupportedLink}
}

// arphrdNetlink is the ARPHRD of nlmon devices, whose protocol field is a
// netlink family and no ethertype (Linux if_arp.h).
const arphrdNetlink = 824

// llc8022 is the protocol cooked captures give 802.2 frames (Linux
// if_ether.h, ETH_P_802_2).
const llc8022 = 0x0004

func cooked(b []byte, size, protoAt, hrdAt int) place {
	if len(b) < size {
		return place{cause: TruncatedLink}
	}
	proto := binary.BigEndian.Uint16(b[protoAt:])
	switch {
	case binary.BigEndian.Uint16(b[hrdAt:]) == arphrdNetlink:
		return place{cause: UnsupportedEtherType}
	case proto <= maxLLCLength && proto != llc8022:
		return place{cause: UnsupportedEtherType}
	}
	return walk(b, size, proto)
}

// loopback reads the address family in the byte order that makes sense of it:
// the order is the capturing host's, which a file does not tell.
func loopback(b []byte) place {
	if len(b) < 4 {
		return place{cause: TruncatedLink}
	}
	family := binary.LittleEndian.Uint32(b)
	if family > 0xffff {
		family = binary.BigEndian.Uint32(b)
	}
	switch family {
	case 2: // AF_INET everywhere
		return place{off: 4, ver: 4}
	case 10, 23, 24, 28, 30: // AF_INET6 of Linux, Windows, NetBSD/OpenBSD, FreeBSD, Darwin
		return place{off: 4, ver: 6}
	}
	return place{cause: UnsupportedEtherType}
}

func raw(b []byte) place {
	if len(b) == 0 {
		return place{cause: TruncatedIP}
	}
	if ver := version(b); ver != 0 {
		return place{ver: ver}
	}
	return place{cause: BadIPVersion}
}

// version returns the IP version in the first nibble, 0 when it is none.
func version(b []byte) uint8 {
	if len(b) > 0 && (b[0]>>4 == 4 || b[0]>>4 == 6) {
		return b[0] >> 4
	}
	return 0
}
