package quic

import (
	"encoding/binary"

	"chokepoint/classify/wire"
)

// Type is what a packet with a long header is for.
type Type uint8

// The types of long packets (RFC 9000 section 17.2).
const (
	Initial     Type = 1 + iota // carries the hellos
	ZeroRTT                     // early data of a client
	Handshake                   //
	Retry                       // a server wants the address validated
	Negotiation                 // a server lists the versions it speaks
	Google                      // gQUIC with a layout of its own, up to Q049
)

// String returns the type in lower case.
func (t Type) String() string {
	switch t {
	case Initial:
		return "initial"
	case ZeroRTT:
		return "0-rtt"
	case Handshake:
		return "handshake"
	case Retry:
		return "retry"
	case Negotiation:
		return "version negotiation"
	case Google:
		return "gquic"
	}
	return "invalid type"
}

const (
	maxCID      = 20 // RFC 9000 section 17.2: connection ids of version 1, bytes
	maxVersions = 16 // of a version negotiation that are kept; servers list up to ten

	longForm = 0x80 // of the first byte: a long header (RFC 8999 section 5.1)
	fixedBit = 0x40 // set in all versions but those after negotiating RFC 9287

	tagLen    = 16         // AEAD tag, and the integrity tag of Retry (RFC 9001 section 5.3, 5.8)
	sampleLen = 16         // RFC 9001 section 5.4.2
	maxPN     = 4          // bytes of a packet number at most; the sample starts behind as many
	leastBody = maxPN + 16 // a packet must hold a whole sample
)

// Packet is the header of one packet. All slices point into the datagram, but
// Versions, whose memory the next Parse uses again.
type Packet struct {
	Type    Type
	Version Version
	DCID    []byte // destination connection id, at most 20 bytes; 8 with Google
	SCID    []byte // source connection id, at most 20 bytes
	Token   []byte // of Initial and Retry

	Header    []byte // up to the packet number; its length is where that starts
	Protected []byte // packet number and payload, both protected; 20 bytes or more

	Versions []uint32 // offered by a version negotiation, the first 16
}

// Parse reads the packet at the start of a datagram, or behind another one in
// it, and returns how many bytes it takes. Alien: there is no packet with a long
// header of a version we know, of GREASE or of Google's; its lengths do not fit
// the datagram; or it is a version negotiation that names none of these. Packets
// with a short header have nothing to be recognised by: they are Alien here. n
// is 0 unless Done.
func Parse(datagram []byte, p *Packet) (n int, s wire.Status) {
	*p = Packet{Versions: p.Versions[:0]}
	b := octets(datagram)
	first, ok := b.take(1)
	if !ok {
		return 0, wire.Alien
	}
	if first[0]&longForm == 0 {
		return p.public(datagram)
	}
	v, ok := b.uint32()
	p.Version = Version(v)
	switch {
	case !ok:
	case p.Version == Negotiate:
		ok = p.cids(&b) && p.offers(b)
		b = nil
	case first[0]&fixedBit == 0:
		ok = false
	case p.Version.GQUIC() && !p.Version.modern():
		return p.q046(datagram)
	case p.Version.Known(), p.Version.GREASE(), p.Version.GQUIC():
		p.Type = p.Version.packetType(first[0])
		ok = p.cids(&b) && p.body(datagram, &b)
	default:
		ok = false
	}
	if !ok {
		*p = Packet{Versions: p.Versions[:0]}
		return 0, wire.Alien
	}
	return len(datagram) - len(b), wire.Done
}

// packetType reads the two type bits. Version 2 shifted the values by one, lest
// boxes on the path grow fond of them (RFC 9369 section 3.2).
func (v Version) packetType(first byte) Type {
	bits := first >> 4 & 3
	if v == V2 {
		bits = (bits - 1) & 3
	}
	return Initial + Type(bits)
}

// cids reads the connection ids.
func (p *Packet) cids(b *octets) bool {
	d, ok := b.vec8()
	if !ok || len(d) > maxCID {
		return false
	}
	s, ok := b.vec8()
	p.DCID, p.SCID = d, s
	return ok && len(s) <= maxCID
}

// body reads what follows the connection ids, and cuts the packet off b.
func (p *Packet) body(datagram []byte, b *octets) bool {
	if p.Type == Retry {
		if len(*b) <= tagLen { // an empty token is forbidden: RFC 9000 section 17.2.5.2
			return false
		}
		p.Token, *b = (*b)[:len(*b)-tagLen], nil
		return true
	}
	if p.Type == Initial {
		n, ok := b.varint()
		if !ok {
			return false
		}
		if p.Token, ok = b.take(n); !ok {
			return false
		}
	}
	n, ok := b.varint()
	if !ok || n < leastBody {
		return false
	}
	p.Header = datagram[:len(datagram)-len(*b)]
	p.Protected, ok = b.take(n)
	return ok
}

// offers reads the list of a version negotiation. Four zero bytes are common:
// one version in the list must be known.
func (p *Packet) offers(b octets) bool {
	p.Type = Negotiation
	if len(b) == 0 || len(b)%4 != 0 {
		return false
	}
	named := false
	for i := 0; i < len(b); i += 4 {
		v := binary.BigEndian.Uint32(b[i:])
		if len(p.Versions) < maxVersions {
			p.Versions = append(p.Versions, v)
		}
		named = named || Version(v).Known() || Version(v).GQUIC()
	}
	return named
}
