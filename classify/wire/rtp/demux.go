package rtp

// Kind is what a datagram on a port of a call is by its first byte.
type Kind uint8

// The kinds. Other covers what RFC 7983 leaves open; RFC 9443 gave 80 to 127
// and 192 to 255 of it to QUIC.
const (
	Other Kind = iota
	STUN
	ZRTP
	DTLS
	TURNChannel
	RTP // or RTCP
)

// String returns the kind's usual name.
func (k Kind) String() string {
	switch k {
	case Other:
		return "other"
	case STUN:
		return "STUN"
	case ZRTP:
		return "ZRTP"
	case DTLS:
		return "DTLS"
	case TURNChannel:
		return "TURN channel"
	case RTP:
		return "RTP"
	}
	return "invalid kind"
}

// Demux returns what the first byte says (RFC 7983 section 7). It holds on a
// port that is known to carry a call and nowhere else.
func Demux(first byte) Kind {
	switch {
	case first <= 3:
		return STUN
	case first >= 16 && first <= 19:
		return ZRTP
	case first >= 20 && first <= 63:
		return DTLS
	case first >= 64 && first <= 79:
		return TURNChannel
	case first >= 128 && first <= 191:
		return RTP
	}
	return Other
}
