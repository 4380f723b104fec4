package vary

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"chokepoint/capture"
	"chokepoint/capture/decode"
)

// Linux cooked v2 (tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html): type, two bytes
// that must be zero, interface, ARPHRD type, packet type, length of the address, the
// address.
const (
	sll2Head     = 20 // bytes
	arphrdEther  = 1
	toUs, fromUs = 0, 4 // packet types
)

// Gateway is a router that translates addresses, and captures on all its interfaces.
type Gateway struct {
	Inside, Outside netip.Addr // IPv4: of the client, and what servers take for it
	Home            netip.Addr // its own at home: what goes there goes no further
	LAN, WAN        uint32     // interface indexes
	After           int64      // ns that it takes to forward
}

// Fault is the capture of the client taken on the gateway's pseudo-interface "any":
// every packet comes twice, as it arrives and as it leaves. Other than IPv4 is left
// out.
func (g Gateway) Fault() Fault {
	return func(packets []capture.Packet) []capture.Packet {
		var d decode.Decoder
		var out []capture.Packet
		for _, p := range packets {
			q := p
			d.Decode(&q)
			ip, head := ipv4(&p)
			if ip == nil {
				continue
			}
			up, local := q.Key.SrcAddr() == g.Inside, q.Key.SrcAddr() == g.Home || q.Key.DstAddr() == g.Home
			inside := g.cooked(&p, ip, g.LAN, !up)
			switch {
			case local:
				out = append(out, inside)
			case up:
				out = append(out, inside, g.cooked(&p, g.outside(ip, head, true), g.WAN, true))
				out[len(out)-1].Time += g.After
			default:
				out = append(out, g.cooked(&p, g.outside(ip, head, false), g.WAN, false), inside)
				out[len(out)-2].Time -= g.After
			}
		}
		return byTime(out)
	}
}

// outside is a packet as it is on the provider's side.
func (g Gateway) outside(ip []byte, head int, up bool) []byte {
	b := slices.Clone(ip)
	at, hops := ip4Src, -1
	if !up {
		at, hops = ip4Dst, 1
	}
	sums := []int{ip4Sum}
	switch first := binary.BigEndian.Uint16(b[6:]) & 0x1fff; {
	case first != 0: // a fragment without the header
	case b[ip4Proto] == capture.ProtoTCP:
		sums = append(sums, head+tcpSum)
	case b[ip4Proto] == capture.ProtoUDP && len(b) >= head+udpHead && binary.BigEndian.Uint16(b[head+udpSum:]) != 0:
		sums = append(sums, head+udpSum)
	}
	a := g.Outside.As4()
	exchange16(b, at, binary.BigEndian.Uint16(a[:]), sums...)
	exchange16(b, at+2, binary.BigEndian.Uint16(a[2:]), sums...)
	exchange16(b, ip4TTL, binary.BigEndian.Uint16(b[ip4TTL:])+uint16(hops<<8), ip4Sum)
	return b
}

// cooked is an IPv4 packet as it is captured on an interface.
func (g Gateway) cooked(p *capture.Packet, ip []byte, on uint32, leaves bool) capture.Packet {
	f := binary.BigEndian.AppendUint16(make([]byte, 0, sll2Head+len(ip)), typeIPv4)
	f = binary.BigEndian.AppendUint16(f, 0)
	f = binary.BigEndian.AppendUint32(f, on)
	kind := byte(toUs)
	if leaves {
		kind = fromUs
	}
	f = binary.BigEndian.AppendUint16(f, arphrdEther)
	f = append(f, kind, 6, 0x02, 0, 0, 0, 0, byte(on), 0, 0)
	q := undecoded(p, append(f, ip...))
	q.Link = capture.LinkSLL2
	q.WireLen = max(p.WireLen, uint32(len(p.Frame))) - etherHead + sll2Head
	return q
}
