package vary

import (
	"cmp"
	"encoding/binary"
	"slices"

	"chokepoint/capture"
)

// Faults of where the tap stands. They change Ethernet frames only.

// Sizes and types of the link layer (IEEE 802.3 clause 3.2, IEEE 802.1Q clause 9).
const (
	addresses = 12 // bytes before the type: two MAC addresses
	etherHead = 14 // bytes
	tagLen    = 4  // bytes
	typeIPv4  = 0x0800
	typeIPv6  = 0x86dd
	typeVLAN  = 0x8100
)

// Copy says how a packet is captured a second time.
type Copy struct {
	After int64  // ns later
	If    uint16 // on the interface so many further on
	Hops  uint8  // behind so many routers
}

// Copied captures every packet again. The copies lie in the order of time.
func Copied(c Copy) Fault {
	return func(packets []capture.Packet) []capture.Packet {
		out := make([]capture.Packet, 0, 2*len(packets))
		for _, p := range packets {
			q := p
			q.Time += c.After
			q.If += c.If
			if c.Hops > 0 && p.Link == capture.LinkEthernet {
				q = undecoded(&q, slices.Clone(p.Frame))
				routed(q.Frame, c.Hops)
			}
			out = append(out, p, q)
		}
		slices.SortStableFunc(out, func(a, b capture.Packet) int { return cmp.Compare(a.Time, b.Time) })
		return out
	}
}

// routed takes hops off an untagged frame of IPv4 or IPv6, down to 1.
func routed(b []byte, hops uint8) {
	if len(b) < etherHead+20 {
		return
	}
	ip := b[etherHead:]
	switch binary.BigEndian.Uint16(b[addresses:]) {
	case typeIPv4:
		less := min(hops, max(ip[8], 1)-1)
		ip[8] -= less
		if sum := binary.BigEndian.Uint16(ip[10:]); sum != 0 { // 0: left to the card
			binary.BigEndian.PutUint16(ip[10:], raised(sum, uint16(less)<<8))
		}
	case typeIPv6:
		ip[7] -= min(hops, max(ip[7], 1)-1)
	}
}

// raised is an IPv4 header checksum after a 16-bit field went down by less (RFC
// 1141).
func raised(sum, less uint16) uint16 {
	s := uint32(sum) + uint32(less)
	return uint16(s + s>>16)
}

// Tagged puts every frame into a VLAN.
func Tagged(id uint16) Fault {
	return func(packets []capture.Packet) []capture.Packet {
		for i, p := range packets {
			if p.Link != capture.LinkEthernet || len(p.Frame) < etherHead {
				continue
			}
			frame := make([]byte, 0, len(p.Frame)+tagLen)
			frame = append(frame, p.Frame[:addresses]...)
			frame = binary.BigEndian.AppendUint16(frame, typeVLAN)
			frame = binary.BigEndian.AppendUint16(frame, id)
			frame = append(frame, p.Frame[addresses:]...)
			packets[i] = undecoded(&p, frame)
			packets[i].WireLen = max(p.WireLen, uint32(len(p.Frame))) + tagLen
		}
		return packets
	}
}

// undecoded is a packet with another frame: what decode found is forgotten.
func undecoded(p *capture.Packet, frame []byte) capture.Packet {
	return capture.Packet{Num: p.Num, Time: p.Time, If: p.If, Link: p.Link, Frame: frame, WireLen: max(p.WireLen, uint32(len(p.Frame)))}
}
