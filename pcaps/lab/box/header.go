package box

import (
	"encoding/binary"

	"chokepoint/capture"
)

// EtherTypes (IEEE 802).
const (
	etherIPv4 = 0x0800
	etherIPv6 = 0x86dd
)

// ipv4 and ipv6 return the packet's outermost IP header with all that follows, nil
// if it is another kind of packet or too short.
func (p *Packet) ipv4() []byte { return p.network(etherIPv4, 20) }
func (p *Packet) ipv6() []byte { return p.network(etherIPv6, 40) }

func (p *Packet) network(kind uint16, header int) []byte {
	if len(p.Frame) < ethernet+header || binary.BigEndian.Uint16(p.Frame[12:]) != kind {
		return nil
	}
	return p.Frame[ethernet:]
}

// age takes hops off TTL or hop limit, mends the header checksum (RFC 1624
// equation 3) and reports whether the packet lives. If not, it is as it was.
func (p *Packet) age(hops uint8) bool {
	if hops == 0 {
		return true
	}
	v4, v6 := p.ipv4(), p.ipv6()
	var ttl *byte
	switch {
	case v4 != nil:
		ttl = &v4[8]
	case v6 != nil:
		ttl = &v6[7]
	default:
		return true // it counts no hops
	}
	if *ttl <= hops {
		return false
	}
	if v4 != nil {
		old := binary.BigEndian.Uint16(v4[8:])
		mend(v4[10:12], old, old-uint16(hops)<<8)
	}
	*ttl -= hops
	if p.Has&capture.HasOuter == 0 {
		p.TTL = *ttl
	}
	return true
}

// mend corrects an internet checksum for a word that changed.
func mend(sum []byte, old, new uint16) {
	s := uint32(^binary.BigEndian.Uint16(sum)) + uint32(^old) + uint32(new)
	s = s&0xffff + s>>16
	s = s&0xffff + s>>16
	binary.BigEndian.PutUint16(sum, ^uint16(s))
}
