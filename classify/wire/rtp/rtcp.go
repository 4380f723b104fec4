package rtp

import "encoding/binary"

// Packet types (RFC 3550 section 12.1, RFC 4585 section 6.1, RFC 3611).
const (
	typeSR    = 200
	typeRR    = 201
	typeSDES  = 202
	typeBYE   = 203
	typeAPP   = 204
	typeRTPFB = 205
	typePSFB  = 206
	typeXR    = 207
	lastType  = 213 // the last assigned (IANA RTCP Control Packet Types); 209 is seen in WhatsApp
)

// Kinds is a set of RTCP packet types.
type Kinds uint16

// The types told apart.
const (
	SR        Kinds = 1 << iota // sender report
	RR                          // receiver report
	SDES                        // source description
	BYE                         // a source leaves
	APP                         // application-defined
	RTPFB                       // transport feedback
	PSFB                        // payload feedback
	XR                          // extended report
	OtherKind                   // assigned later
)

// MaxBlocks bounds the report blocks kept of one datagram; the rest is counted.
const MaxBlocks = 8

// maxCompound bounds the packets read of one datagram: real ones hold a few.
const maxCompound = 64

// Block is a report about one source (RFC 3550 section 6.4.1).
type Block struct {
	SSRC     uint32 // of the source
	Fraction uint8  // lost since the last report, of 256
	Lost     int32  // since the beginning, packets; negative when some came twice
	Highest  uint32 // sequence number, extended by its cycles
	Jitter   uint32 // units of the medium's clock
	LastSR   uint32 // the middle 32 bits of the NTP time of the last SR; 0 none
	Delay    uint32 // since that, 1/65536 s
}

// RTCP is a datagram of RTCP packets (RFC 3550 section 6.1).
//
// Of SRTCP, the first 8 bytes are readable and no more (RFC 3711 section 3.4):
// Kinds has the first packet's type, SSRC its sender, and Secured is set.
type RTCP struct {
	Kinds   Kinds
	Packets int    // read
	SSRC    uint32 // sender of the first
	Secured bool   // what follows the first 8 bytes cannot be read

	NTP     uint64 // of a sender report, 1/2^32 s since 1900
	RTPTime uint32 // the same moment on the medium's clock
	Sent    uint32 // packets
	Octets  uint32 // of payload

	Blocks     [MaxBlocks]Block
	NBlocks    int
	MoreBlocks int
}

// minTrailer is the least that SRTCP appends: an index of 4 bytes and a tag of 8
// (RFC 3711 section 3.4, RFC 7714 section 9).
const minTrailer = 4 + 8

// ParseRTCP reads a whole datagram and reports whether it can be RTCP: the
// packets fill it to the end, or the first one fits and what follows it has room
// for SRTCP's trailer. Reports of a secured datagram are not read.
//
// The first packet may be any, for feedback travels alone (RFC 5506). A secured
// datagram has about 12 bits that must be right: it tells something only on a
// port that has RTP.
func ParseRTCP(b []byte, r *RTCP) bool {
	*r = RTCP{}
	if !fits(b) {
		return false
	}
	r.SSRC = binary.BigEndian.Uint32(b[4:])
	if whole(b) {
		for len(b) > 0 {
			n := size(b)
			r.packet(b[:n])
			b = b[n:]
		}
		return true
	}
	if len(b)-size(b) < minTrailer {
		return false
	}
	r.Kinds, r.Packets, r.Secured = kind(b[1]), 1, true
	return true
}

// size is the packet's length by its header, bytes.
func size(b []byte) int { return 4 * (1 + int(binary.BigEndian.Uint16(b[2:]))) }

// fits reports whether b begins with a packet of RTCP whose length has room for
// what its type and count say.
func fits(b []byte) bool {
	if len(b) < 8 || b[0]>>6 != 2 || b[1] < typeSR || b[1] > lastType {
		return false
	}
	count := int(b[0] & 31)
	need := 8
	switch b[1] {
	case typeSR:
		need = 28 + 24*count
	case typeRR:
		need = 8 + 24*count
	case typeSDES:
		need = 4 + 8*count
	case typeBYE:
		need = 4 + 4*count
	case typeAPP, typeRTPFB, typePSFB:
		need = 12
	}
	n := size(b)
	return n >= need && n <= len(b)
}

// whole reports whether packets fill b, only the last of them padded (RFC 3550
// appendix A.2).
func whole(b []byte) bool {
	for range maxCompound {
		// An empty SDES or BYE has 4 bytes.
		if len(b) == 4 && b[0]>>6 == 2 && b[0]&31 == 0 && (b[1] == typeSDES || b[1] == typeBYE) && size(b) == 4 {
			return true
		}
		if !fits(b) {
			return false
		}
		n := size(b)
		if padded := b[0]&0x20 != 0; padded && (n != len(b) || b[n-1] == 0 || int(b[n-1]) > n-4 || b[n-1]%4 != 0) {
			return false
		}
		if n == len(b) {
			return true
		}
		b = b[n:]
	}
	return false
}

func kind(typ byte) Kinds {
	if typ > typeXR {
		return OtherKind
	}
	return 1 << (typ - typeSR)
}

// packet reads one that fits.
func (r *RTCP) packet(b []byte) {
	r.Packets++
	r.Kinds |= kind(b[1])
	be := binary.BigEndian
	at := 8
	switch b[1] {
	case typeSR:
		r.NTP, r.RTPTime, r.Sent, r.Octets = be.Uint64(b[8:]), be.Uint32(b[16:]), be.Uint32(b[20:]), be.Uint32(b[24:])
		at = 28
	case typeRR:
	default:
		return
	}
	for range b[0] & 31 {
		r.block(b[at : at+24])
		at += 24
	}
}

func (r *RTCP) block(b []byte) {
	if r.NBlocks == MaxBlocks {
		r.MoreBlocks++
		return
	}
	be := binary.BigEndian
	r.Blocks[r.NBlocks] = Block{
		SSRC: be.Uint32(b), Fraction: b[4], Lost: int32(be.Uint32(b[4:])<<8) >> 8, Highest: be.Uint32(b[8:]),
		Jitter: be.Uint32(b[12:]), LastSR: be.Uint32(b[16:]), Delay: be.Uint32(b[20:]),
	}
	r.NBlocks++
}
