package expr

import (
	"encoding/binary"

	"chokepoint/capture"
)

// Filter is a compiled expression. It holds no state, so goroutines may share
// it. A nil Filter matches every packet.
type Filter struct {
	code []branch
}

// branch is a test and where to go on either outcome: an index, which is always
// a later one, or accept or reject.
type branch struct {
	test
	yes, no int32
}

const (
	accept int32 = -1
	reject int32 = -2
)

// Match reports whether the expression holds for a decoded packet. It does not
// allocate.
func (f *Filter) Match(p *capture.Packet) bool {
	if f == nil || len(f.code) == 0 {
		return true
	}
	i := int32(0)
	for i >= 0 {
		b := &f.code[i]
		if b.holds(p) {
			i = b.yes
		} else {
			i = b.no
		}
	}
	return i == accept
}

type op uint8

const (
	opVersion op = iota // an IP packet of version ver
	opProto             // IP protocol proto
	opAddr              // address within addr and mask
	opPort              // port in lo..hi
	opVLAN              // VLAN id in lo..hi
)

type direction uint8

const (
	either direction = iota // src or dst, also when nothing is said
	src
	dst
	both
)

// test is one primitive.
type test struct {
	op         op
	dir        direction
	ver        uint8 // 4 or 6; 0: either
	proto      uint8 // opPort: 0 is TCP or UDP
	lo, hi     uint16
	addr, mask [2]uint64 // big endian halves, IPv4 mapped into IPv6
}

func (t *test) holds(p *capture.Packet) bool {
	if t.op == opVLAN {
		return p.Has&capture.HasVLAN != 0 && t.lo <= p.VLAN && p.VLAN <= t.hi
	}
	if p.Has&capture.HasIP == 0 || t.ver != 0 && t.ver != version(p) {
		return false
	}
	switch t.op {
	case opProto:
		return p.Key.Proto == t.proto
	case opAddr:
		return t.dir.holds(t.inNet(&p.Key.Src), t.inNet(&p.Key.Dst))
	case opPort:
		if p.Has&capture.HasPorts == 0 || t.proto != 0 && t.proto != p.Key.Proto {
			return false
		}
		return t.dir.holds(t.inRange(p.Key.SrcPort), t.inRange(p.Key.DstPort))
	}
	return true // opVersion
}

func version(p *capture.Packet) uint8 {
	if p.Has&capture.HasIPv6 != 0 {
		return 6
	}
	return 4
}

func (d direction) holds(atSrc, atDst bool) bool {
	switch d {
	case src:
		return atSrc
	case dst:
		return atDst
	case both:
		return atSrc && atDst
	}
	return atSrc || atDst
}

func (t *test) inNet(a *[16]byte) bool {
	return binary.BigEndian.Uint64(a[:8])&t.mask[0] == t.addr[0] && binary.BigEndian.Uint64(a[8:])&t.mask[1] == t.addr[1]
}

func (t *test) inRange(port uint16) bool { return t.lo <= port && port <= t.hi }
