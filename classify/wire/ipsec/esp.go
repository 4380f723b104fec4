package ipsec

import "encoding/binary"

// Bounds of ESP in UDP.
const (
	espHeader = 8       // SPI, sequence number (RFC 4303 section 2)
	minSPI    = 256     // lower ones are reserved (RFC 4303 section 2.1)
	minESP    = 24      // header, padding with its length and next header, a tag of 12
	maxGap    = 1 << 16 // in sequence numbers between two packets that are compared
)

// OpenVPN's data packets count behind four constant bytes as ESP does: an opcode
// of five bits, a key id, and the number of the peer, small or none at all.
const (
	openVPNData  = 9
	openVPNPeers = 1 << 16
	openVPNNone  = 1<<24 - 1
)

// Keepalive reports whether a datagram of wireLen bytes is the single byte that
// keeps a NAT mapping (RFC 3948 section 2.3). Others keep theirs alike.
func Keepalive(b []byte, wireLen int) bool {
	return len(b) == 1 && wireLen <= 1 && b[0] == 0xff
}

// ESP reads the header of an ESP packet in a datagram of wireLen bytes, of which
// b was captured (RFC 3948 section 2.1). Only the size, which ends on a word
// (RFC 4303 section 2.4), and a reserved SPI can be wrong: most of what is not
// ESP passes too, see [SameESP].
func ESP(b []byte, wireLen int) (spi, seq uint32, ok bool) {
	n := max(wireLen, len(b))
	if len(b) < espHeader || n < minESP || n%4 != 0 {
		return 0, 0, false
	}
	spi, seq = binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	peer := spi & openVPNNone
	other := b[0]>>3 == openVPNData && (peer < openVPNPeers || peer == openVPNNone)
	if spi < minSPI || seq == 0 || other {
		return 0, 0, false
	}
	return spi, seq, true
}

// SameESP reports whether two datagrams of one direction are ESP packets of one
// security association: the same SPI, and a sequence number that grew. It looks
// at the first 8 bytes of each, so the sizes are to be asserted with [ESP] first.
// It is evidence on port 4500 or beside IKE only: elsewhere it is true of DHCP's
// transactions, for one.
func SameESP(first, later []byte) bool {
	spi, from, ok1 := ESP(first, minESP+(len(first)+3)/4*4)
	other, to, ok2 := ESP(later, minESP+(len(later)+3)/4*4)
	return ok1 && ok2 && spi == other && from < to && to-from <= maxGap
}
