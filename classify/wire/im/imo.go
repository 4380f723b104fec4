package im

import "encoding/binary"

// Imo reports whether b may be a datagram of an imo call (nDPI imo.c). Weak: of
// the short ones 16 and 24 bits are fixed. nDPI also believes two equal datagrams of
// one byte; that is how NAT keepalives of IPsec, SIP, Teredo and many games look
// (RFC 3948 section 4 is one byte ff), so it is left out.
func Imo(b []byte, wireLen int) bool {
	if len(b) < 4 {
		return false
	}
	switch wireLen {
	case 10:
		return b[0] == 9 && b[1] == 2
	case 11:
		return b[0] == 0 && b[1] == 9 && b[2] == 3
	case 1099:
		return binary.BigEndian.Uint32(b) == 0x88491a00
	}
	return false
}
