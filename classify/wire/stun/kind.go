package stun

import "encoding/binary"

// Kind reads no more of a datagram than what kind of message it is: two bits, the
// cookie, class and method (RFC 8489 section 5). It is for those that need not be
// parsed any more.
func Kind(b []byte) (c Class, m Method, ok bool) {
	if len(b) < 8 || b[0]&0xc0 != 0 || binary.BigEndian.Uint32(b[4:]) != Magic {
		return 0, 0, false
	}
	c, m = kindOf(binary.BigEndian.Uint16(b))
	return c, m, true
}

// kindOf takes a type apart.
func kindOf(typ uint16) (Class, Method) {
	if typ >= WhatsAppFirst && typ <= WhatsAppPong {
		return Private, Method(typ)
	}
	// The two class bits sit between those of the method.
	return Class(typ>>4&1 | typ>>7&2), Method(typ&0x000f | typ>>1&0x0070 | typ>>2&0x0f80)
}

// Carries reports whether a message has an attribute of the type, as far as it was
// captured. The value begins at the offset that is returned.
func Carries(b []byte, attr uint16) (at int, ok bool) {
	const head = 4 // type and length (RFC 8489 section 14)
	for at, n := HeaderLen, 0; at+head <= len(b) && n < MaxAttrs; n++ {
		if binary.BigEndian.Uint16(b[at:]) == attr {
			return at + head, true
		}
		at += head + int(binary.BigEndian.Uint16(b[at+2:])+3)&^3
	}
	return 0, false
}
