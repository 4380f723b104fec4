package im

import "encoding/binary"

// Heads of LINE's call datagrams (nDPI line.c). In the low ten bits of the first
// two bytes stands the length of what follows the first four; so it is in all
// captured calls, of 2019 and 2022, and nDPI does not check it.
const (
	lineHead    = 4
	lineLenMask = 0x3ff
	lineKind    = 0xfc // of the first byte
	lineSetup   = 0xd8
	lineMedia   = 0xd0
	lineMinimum = 150 // of a setup
	lineSkipped = 8   // datagrams lost between two that are compared
)

// LineCall reports whether b sets a LINE call up, or is one of the fixed
// datagrams around it. Strong, 32 bits.
func LineCall(b []byte, wireLen int) bool {
	if len(b) < 6 {
		return false
	}
	switch binary.BigEndian.Uint32(b) {
	case 0xb618006a:
		return wireLen == 110
	case 0xb6130006:
		return wireLen == 46
	case 0xb6070004:
		return wireLen == 8
	case 0xb609000c:
		return wireLen == 16
	}
	return lineDatagram(b, wireLen, lineSetup) && wireLen >= lineMinimum && b[4] == 0x06 && b[5] == 0x02
}

// LineMedia reports whether b carries a LINE call on after prev, an earlier
// datagram of its direction for which the length was right too, as the number at 2
// says. Strong once two pairs of a flow agree: one has 35 bits.
func LineMedia(b []byte, wireLen int, prev []byte, prevWireLen int) bool {
	if !lineDatagram(b, wireLen, lineMedia) || !lineDatagram(prev, prevWireLen, lineMedia) {
		return false
	}
	gap := binary.BigEndian.Uint16(b[2:]) - binary.BigEndian.Uint16(prev[2:])
	return gap >= 1 && gap <= lineSkipped
}

func lineDatagram(b []byte, wireLen int, kind byte) bool {
	return len(b) >= lineHead && b[0]&lineKind == kind && int(binary.BigEndian.Uint16(b)&lineLenMask) == wireLen-lineHead
}
