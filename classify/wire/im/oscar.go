package im

import "encoding/binary"

// FLAP is the framing of OSCAR (AIM and ICQ): '*', channel, sequence, length; the
// sign-on, channel 1, starts with version 1 (Wireshark packet-aim.c).
const (
	flapHead    = 6
	flapVersion = 1
)

// FLAPSignOn reports whether b is the first frame of an AIM or ICQ connection, of
// either side. Strong, 64 bits. ICQ closed in 2024, AIM in 2017.
func FLAPSignOn(b []byte, wireLen int) bool {
	if len(b) < flapHead+4 || b[0] != '*' || b[1] != 1 {
		return false
	}
	n := int(binary.BigEndian.Uint16(b[4:]))
	if n < 4 || flapHead+n > wireLen || binary.BigEndian.Uint32(b[flapHead:]) != flapVersion {
		return false
	}
	// Another frame may follow at once.
	next := flapHead + n
	return next == wireLen || len(b) <= next || b[next] == '*'
}
