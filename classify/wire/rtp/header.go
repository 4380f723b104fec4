package rtp

import "encoding/binary"

// fixedLen is the length of the header without CSRCs, bytes (RFC 3550 section
// 5.1).
const fixedLen = 12

// Payload types that are RTCP's packet types 192 to 223 when the marker is set,
// and not used on a port with RTCP (RFC 5761 section 4).
const (
	firstRTCP = 64
	lastRTCP  = 95
)

// Header is the header of an RTP packet (RFC 3550 section 5.1).
type Header struct {
	Marker    bool
	Type      uint8 // payload type, 0 to 127
	Seq       uint16
	Timestamp uint32 // units of the medium's clock
	SSRC      uint32

	CSRCs     uint8  // 0 to 15
	Extended  bool   // an extension header follows
	Extension uint16 // its profile, such as 0xBEDE (RFC 8285)
	Offset    int    // of the payload, bytes
	Size      int    // of the payload without padding as far as that is known, bytes
	Padding   uint8  // bytes of it; 0 also when it cannot be read
}

// Parse reads the header of a whole datagram into h and reports whether it can
// be RTP: version 2, a payload type that is not RTCP's, CSRCs and extension that
// fit. h is set only then.
//
// Padding is plausible if there is a byte for it. Its count is the last byte of
// the packet only without SRTP, which encrypts it and puts a tag behind it (RFC
// 3711 section 3.1): so a count that does not fit is passed over.
func Parse(b []byte, h *Header) bool { return ParseCut(b, len(b), h) }

// ParseCut is [Parse] for a datagram of wireLen bytes, of which b was captured.
// What lies beyond b, except by its length, cannot speak against it.
func ParseCut(b []byte, wireLen int, h *Header) bool {
	n := max(wireLen, len(b))
	if len(b) < fixedLen || b[0]>>6 != 2 {
		return false
	}
	typ := b[1] & 0x7f
	if typ >= firstRTCP && typ <= lastRTCP {
		return false
	}
	be := binary.BigEndian
	out := Header{
		Marker: b[1]&0x80 != 0, Type: typ, Seq: be.Uint16(b[2:]), Timestamp: be.Uint32(b[4:]), SSRC: be.Uint32(b[8:]),
		CSRCs: b[0] & 15, Extended: b[0]&0x10 != 0,
	}
	out.Offset = fixedLen + 4*int(out.CSRCs)
	if out.Extended && !out.extension(b) {
		if len(b) == n || out.Offset+4 > n {
			return false
		}
		out.Offset += 4 // the capture ends before its length
	}
	if out.Offset > n {
		return false
	}
	if out.Size = n - out.Offset; b[0]&0x20 != 0 {
		if out.Size == 0 {
			return false
		}
		if last := b[len(b)-1]; len(b) == n && int(last) <= out.Size {
			out.Padding = last
		}
	}
	out.Size -= int(out.Padding)
	*h = out
	return true
}

// extension reads the extension's profile and length in words (RFC 3550 section
// 5.3.1).
func (h *Header) extension(b []byte) bool {
	if h.Offset+4 > len(b) {
		return false
	}
	h.Extension = binary.BigEndian.Uint16(b[h.Offset:])
	h.Offset += 4 + 4*int(binary.BigEndian.Uint16(b[h.Offset+2:]))
	return true
}
