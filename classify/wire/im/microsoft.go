package im

import "encoding/binary"

// Microsoft's multiplexed TURN of Teams and Skype (nDPI stun.c): ff10, length of
// the rest, 8 bytes, then STUN (RFC 8489 section 5).
const (
	muxHead     = 12
	stunHead    = 20
	stunCookie  = 0x2112a442
	stunTypeMax = 0x3fff // the two top bits of a message are zero
)

// TeamsMux reports whether b is STUN behind Microsoft's multiplexing head. Strong,
// 80 bits.
func TeamsMux(b []byte, wireLen int) bool {
	if len(b) < muxHead+8 || b[0] != 0xff || b[1] != 0x10 || int(binary.BigEndian.Uint16(b[2:])) != wireLen-4 {
		return false
	}
	stun := b[muxHead:]
	if binary.BigEndian.Uint16(stun) > stunTypeMax || binary.BigEndian.Uint32(stun[4:]) != stunCookie {
		return false
	}
	n := int(binary.BigEndian.Uint16(stun[2:]))
	return n%4 == 0 && muxHead+stunHead+n <= wireLen
}
