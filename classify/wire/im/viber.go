package im

import "encoding/binary"

// ViberTCP reports whether b is the first payload of a Viber connection (nDPI
// viber.c): a u16 little-endian length that is the payload's, and one of two
// patterns. Strong, 40 bits.
func ViberTCP(b []byte, wireLen int) bool {
	if len(b) < 11 || int(binary.LittleEndian.Uint16(b)) != wireLen {
		return false
	}
	return b[6] == 0xfc && b[7] == 0xff && b[9] == 0x80 ||
		b[4] == 0x03 && b[5] == 0x80 && b[10] == 0x0a
}

// ViberUDP reports whether b may be a datagram of a Viber call (nDPI viber.c).
// Weak, 16 bits: require a Viber port or prefix. One flow of another protocol was
// matched, HART-IP, whose messages start with such numbers.
func ViberUDP(b []byte, wireLen int) bool {
	if len(b) < 6 {
		return false
	}
	switch kind := binary.LittleEndian.Uint16(b[2:]); kind {
	case 0x0003:
		return true
	case 0x0009:
		return wireLen == 20
	case 0x0001:
		return b[4] == 5 && b[5] == 0
	case 0x0019, 0x001b:
		return wireLen == 34
	}
	return false
}
