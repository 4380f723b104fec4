package vary

import (
	"encoding/binary"
	"net/netip"

	"chokepoint/capture"
)

// Offsets of headers in IPv6 (RFC 8200 section 3) and ICMP (RFC 792, RFC 4443).
const (
	ip6Head, ip6Len, ip6Next, ip6Hops = 40, 4, 6, 7
	ip6Src, ip6Dst                    = 8, 24
	icmpHead, icmpSum                 = 8, 2
)

// Sixed is the same conversations over IPv6: addr is the address that a host has
// there. What DNS says of addresses over UDP is of the new ones, and errors quote
// the new packets; identification and options of IPv4 are gone. Fragments, and what
// is no IPv4 over untagged Ethernet, stay as they were.
func Sixed(addr func(netip.Addr) netip.Addr) Fault {
	return func(packets []capture.Packet) []capture.Packet {
		for i, p := range packets {
			ip, head := ipv4(&p)
			if ip == nil || binary.BigEndian.Uint16(ip[6:])&0x3fff != 0 {
				continue
			}
			b, long := sixed(ip, head, addr)
			frame := append(append(make([]byte, 0, etherHead+len(b)), p.Frame[:addresses]...), typeIPv6>>8, typeIPv6&0xff)
			packets[i] = undecoded(&p, append(frame, b...))
			packets[i].WireLen = max(uint32(etherHead+long), packets[i].WireLen)
		}
		return packets
	}
}

// sixed is an IPv4 packet, which may be cut, as IPv6, and how long it is uncut.
func sixed(ip []byte, head int, addr func(netip.Addr) netip.Addr) (out []byte, whole int) {
	src, dst := addr(netip.AddrFrom4([4]byte(ip[ip4Src:]))).As16(), addr(netip.AddrFrom4([4]byte(ip[ip4Dst:]))).As16()
	long := int(binary.BigEndian.Uint16(ip[ip4Len:]))
	if long < head { // left to the card
		long = len(ip)
	}
	end := min(len(ip), long) // what follows is the link's padding
	body, more, proto := append([]byte(nil), ip[head:end]...), 0, ip[ip4Proto]
	switch {
	case proto == capture.ProtoICMP:
		proto = capture.ProtoICMPv6
		body, more = icmpSixed(body, src, dst, addr)
	case proto == capture.ProtoTCP:
		moved(body, tcpSum, ip[ip4Src:ip4Src+8], src[:], dst[:])
	case proto == capture.ProtoUDP:
		if len(body) >= udpHead && isDNS(body) && long-head == len(body) {
			body, more = answersSixed(body, addr)
			sum6(body, udpSum, proto, src, dst)
		} else {
			moved(body, udpSum, ip[ip4Src:ip4Src+8], src[:], dst[:])
		}
	}
	out = make([]byte, ip6Head, ip6Head+len(body))
	out[0], out[1] = 0x60|ip[1]>>4, ip[1]<<4
	binary.BigEndian.PutUint16(out[ip6Len:], uint16(long-head+more))
	out[ip6Next], out[ip6Hops] = proto, ip[ip4TTL]
	copy(out[ip6Src:], src[:])
	copy(out[ip6Dst:], dst[:])
	return append(out, body...), ip6Head + long - head + more
}

// moved mends a transport checksum after its ends got other addresses (RFC 1624):
// one that was wrong stays wrong.
func moved(body []byte, at int, old []byte, now ...[]byte) {
	if len(body) < at+2 {
		return
	}
	s := uint32(^binary.BigEndian.Uint16(body[at:]))
	for i := 0; i < len(old); i += 2 {
		s += uint32(^binary.BigEndian.Uint16(old[i:]))
	}
	for _, n := range now {
		s += words(n)
	}
	binary.BigEndian.PutUint16(body[at:], ^folded(s))
}

// sum6 writes the checksum of a whole message (RFC 8200 section 8.1).
func sum6(body []byte, at int, proto uint8, src, dst [16]byte) {
	binary.BigEndian.PutUint16(body[at:], 0)
	s := words(src[:]) + words(dst[:]) + uint32(len(body)) + uint32(proto) + words(body)
	sum := ^folded(s)
	if sum == 0 {
		sum = 0xffff
	}
	binary.BigEndian.PutUint16(body[at:], sum)
}

func words(b []byte) (s uint32) {
	for ; len(b) >= 2; b = b[2:] {
		s += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		s += uint32(b[0]) << 8
	}
	return s
}

func folded(s uint32) uint16 {
	for s > 0xffff {
		s = s&0xffff + s>>16
	}
	return uint16(s)
}

// icmps are messages in IPv4 by type and code, and what they are in IPv6 (RFC 7915
// section 4.2).
var icmps = map[[2]byte][2]byte{
	{8, 0}: {128, 0}, {0, 0}: {129, 0}, {3, 0}: {1, 0}, {3, 1}: {1, 0}, {3, 3}: {1, 4}, {3, 4}: {2, 0},
	{3, 9}: {1, 1}, {3, 10}: {1, 1}, {3, 13}: {1, 1}, {11, 0}: {3, 0}, {11, 1}: {3, 1},
}

// icmpSixed is an ICMP message as ICMPv6.
func icmpSixed(body []byte, src, dst [16]byte, addr func(netip.Addr) netip.Addr) (out []byte, grown int) {
	if len(body) < icmpHead {
		return body, 0
	}
	was := [2]byte(body)
	now, ok := icmps[was]
	if !ok {
		now = [2]byte{1, 0}
	}
	copy(body, now[:])
	if was == [2]byte{3, 4} { // the MTU has another place
		mtu := binary.BigEndian.Uint16(body[6:])
		binary.BigEndian.PutUint32(body[4:], uint32(mtu)+ip6Head-ip4Head)
	}
	if quoted := body[icmpHead:]; now[0] < 128 && len(quoted) >= ip4Head {
		if head := int(quoted[0]&15) * 4; head >= ip4Head && head <= len(quoted) {
			b, _ := sixed(quoted, head, addr)
			grown = len(b) - len(quoted)
			body = append(body[:icmpHead:icmpHead], b...)
		}
	}
	sum6(body, icmpSum, capture.ProtoICMPv6, src, dst)
	return body, grown
}
