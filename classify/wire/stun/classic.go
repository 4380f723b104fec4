package stun

import "encoding/binary"

// classic reports whether a whole datagram without the cookie is beyond doubt a
// message of RFC 3489 or of Microsoft's TURN of that time; its length already
// fits. A bare request of 20 bytes is not: four fixed bytes prove nothing. Asked
// for are either Microsoft's cookie, or a type of RFC 3489 with attributes of
// that RFC only, each of its exact length, at least one of them with a constant
// inside: 64 bits or more that must be right.
func classic(b []byte) bool {
	be := binary.BigEndian
	if microsoft(b) {
		return true
	}
	switch be.Uint16(b) {
	case 0x0001, 0x0101, 0x0111, 0x0002, 0x0102, 0x0112: // RFC 3489 section 11.1
	default:
		return false
	}
	telling := false
	for off := HeaderLen; off < len(b); {
		if off+4 > len(b) {
			return false
		}
		end := off + 4 + int(be.Uint16(b[off+2:]))
		if end > len(b) {
			return false
		}
		ok, tells := classicAttribute(be.Uint16(b[off:]), b[off+4:end])
		if !ok {
			return false
		}
		telling = telling || tells
		off = end
	}
	return telling
}

// classicAttribute reports whether the attribute is one of RFC 3489 (section
// 11.2, where lengths are multiples of 4) or of the two common additions, and
// whether its value has to look as it does.
func classicAttribute(typ uint16, v []byte) (ok, tells bool) {
	switch typ {
	case AttrMappedAddress, AttrResponseAddress, AttrSourceAddress, AttrChangedAddress, AttrReflectedFrom, AttrXorMappedOld:
		ok = len(v) == 8 && v[0] == 0 && v[1] == 1
		return ok, ok
	case AttrChangeRequest:
		ok = len(v) == 4 && binary.BigEndian.Uint32(v)&^6 == 0
		return ok, ok
	case AttrErrorCode:
		ok = len(v) >= 4 && len(v)%4 == 0 && v[0] == 0 && v[1] == 0 && v[2] >= 3 && v[2] <= 6 && v[3] < 100
		return ok, ok
	case AttrIntegrity:
		return len(v) == 20, false
	case AttrUsername, 0x0007 /* PASSWORD */, 0x000a /* UNKNOWN-ATTRIBUTES */, AttrSoftware:
		return len(v)%4 == 0, false
	}
	return false, false
}
