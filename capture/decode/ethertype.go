package decode

import "encoding/binary"

// PPP protocol numbers (IANA ppp-numbers).
const (
	pppIPv4 = 0x0021
	pppIPv6 = 0x0057
)

// walk follows ethertypes from the header of type et at off to an IP header.
func walk(b []byte, off int, et uint16) place {
	at := place{off: off}
	for range maxLinkHeaders {
		switch et {
		case etherIPv4:
			at.ver = 4
			return at
		case etherIPv6:
			at.ver = 6
			return at
		}
		var need int
		if et, need = at.next(b[at.off:], et); need == 0 {
			at.cause = UnsupportedEtherType
			return at
		}
		if at.off += need; at.off > len(b) {
			at.cause = TruncatedLink
			return at
		}
	}
	at.cause = LinkTooDeep
	return at
}

// next reads the header of type et at the start of b. It returns the type of
// what follows and the header's length, 0 if the type leads nowhere, more than
// len(b) if it is cut short.
func (at *place) next(b []byte, et uint16) (follows uint16, size int) {
	switch et {
	case etherBridged:
		return typeAt(b, 12, ethernetLen)
	case etherVLAN, etherQinQ, etherQinQOld:
		if len(b) >= 4 && !at.tagged {
			at.tagged = true
			at.vlan = binary.BigEndian.Uint16(b) & 0x0fff
		}
		return typeAt(b, 2, 4)
	case etherPPPoE:
		return pppoe(b)
	case etherMPLS, etherMPLSMulti:
		return mpls(b, et)
	}
	if et <= maxLLCLength {
		return llc(b)
	}
	return 0, 0
}

// typeAt reads a header of a fixed size with the ethertype of what follows.
func typeAt(b []byte, at, size int) (uint16, int) {
	if len(b) < size {
		return 0, size
	}
	return binary.BigEndian.Uint16(b[at:]), size
}

// pppoe reads version, type, code, session and length (RFC 2516 section 4). The
// length is not used: that of the IP header inside is what receivers obey.
func pppoe(b []byte) (uint16, int) {
	const size = 6
	if len(b) >= 2 && (b[0] != 0x11 || b[1] != 0) {
		return 0, 0
	}
	return ppp(b, size)
}

// ppp reads the protocol field behind skip bytes, which is one byte long when
// compressed (RFC 1661 section 6.5), and returns the ethertype it stands for.
func ppp(b []byte, skip int) (uint16, int) {
	if len(b) < skip+2 {
		return 0, skip + 2
	}
	proto, size := binary.BigEndian.Uint16(b[skip:]), skip+2
	if b[skip]&1 == 1 {
		proto, size = uint16(b[skip]), skip+1
	}
	switch proto {
	case pppIPv4:
		return etherIPv4, size
	case pppIPv6:
		return etherIPv6, size
	}
	return 0, 0
}

// mpls reads one label stack entry. Behind the last one nothing names the
// payload; the first nibble tells IP from a pseudowire's control word (RFC 4385
// section 3), and what is neither can only be Ethernet without one.
func mpls(b []byte, et uint16) (uint16, int) {
	if len(b) < 5 {
		return 0, 5
	}
	if b[2]&1 == 0 { // not yet the bottom of the stack, RFC 3032 section 2.1
		return et, 4
	}
	switch b[4] >> 4 {
	case 4:
		return etherIPv4, 4
	case 6:
		return etherIPv6, 4
	case 0:
		return etherBridged, 8
	case 1: // associated channel, RFC 4385 section 5: OAM, no user's packet
		return 0, 0
	}
	return etherBridged, 4
}

// llc reads an IEEE 802.2 header: SNAP with the two organization codes that
// mean "an ethertype follows" (RFC 1042, IEEE 802.1H), or IP's own SAP.
func llc(b []byte) (uint16, int) {
	if len(b) < 3 {
		return 0, 3
	}
	switch {
	case b[0] == 0x06 && b[1] == 0x06 && b[2] == 0x03:
		return etherIPv4, 3
	case b[0] != 0xaa || b[1] != 0xaa || b[2] != 0x03:
		return 0, 0
	case len(b) < 8:
		return 0, 8
	}
	if oui := binary.BigEndian.Uint32(b[2:]) & 0xffffff; oui != 0x000000 && oui != 0x0000f8 {
		return 0, 0
	}
	et := binary.BigEndian.Uint16(b[6:])
	if et <= maxLLCLength { // no LLC inside LLC
		return 0, 0
	}
	return et, 8
}
