package box

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"chokepoint/capture"
	"chokepoint/pcaps/craft"
)

// Who answers what does not fit: a router of the provider, under an address that
// providers use inside (RFC 6598), and one of the documentation's (RFC 3849).
var (
	router4 = netip.AddrFrom4([4]byte{100, 64, 0, 1})
	router6 = netip.MustParseAddr("2001:db8:ffff::1")
)

// How much of a packet an ICMP error quotes: the whole answer has at most 576
// bytes (RFC 1812 section 4.3.2.3) or 1280 (RFC 4443 section 3.2).
const (
	longestICMP   = 576
	longestICMPv6 = 1280
)

// tooBig reports whether a packet ends here for its size, and lets the router say
// so.
func (l *Pipe) tooBig(b *Box, p *Packet) bool {
	if p.size() <= l.MTU || p.ipv4() != nil && p.ipv4()[6]&0x40 == 0 {
		return false
	}
	if answer := tooBigAnswer(p, l.MTU); l.PTB && answer != nil {
		_, delay, _ := l.distance(p) // there and back: the router stands half way
		b.After(delay, func() { b.judge(b.Decode(p.Dir.Other(), answer)) })
	}
	return true
}

// tooBigAnswer is the frame that says so, nil if nobody may be told: an ICMP error
// and a fragment other than the first are not answered (RFC 1122 section 3.2.2).
func tooBigAnswer(p *Packet, mtu int) []byte {
	if p.Has&capture.HasQuoted != 0 || p.FragOff > 0 {
		return nil
	}
	head := slices.Concat(p.Frame[6:12], p.Frame[:6], p.Frame[12:14])
	if ip := p.ipv4(); ip != nil {
		return append(head, icmp4(ip, mtu)...)
	}
	if ip := p.ipv6(); ip != nil {
		return append(head, icmp6(ip, mtu)...)
	}
	return nil
}

// icmp4 is "fragmentation needed" (RFC 1191 section 4): type 3, code 4, as Linux
// sends it with the precedence of network control.
func icmp4(ip []byte, mtu int) []byte {
	quote := ip[:min(len(ip), longestICMP-28)]
	out := make([]byte, 28, 28+len(quote))
	out[0], out[1], out[8], out[9] = 0x45, 0xc0, 64, capture.ProtoICMP
	binary.BigEndian.PutUint16(out[2:], uint16(28+len(quote)))
	copy(out[12:16], router4.AsSlice())
	copy(out[16:20], ip[12:16])
	binary.BigEndian.PutUint16(out[10:], craft.Checksum(out[:20]))
	out[20], out[21] = 3, 4
	binary.BigEndian.PutUint16(out[26:], uint16(mtu))
	out = append(out, quote...)
	binary.BigEndian.PutUint16(out[22:], craft.Checksum(out[20:]))
	return out
}

// icmp6 is "packet too big" (RFC 4443 section 3.2): type 2, code 0.
func icmp6(ip []byte, mtu int) []byte {
	quote := ip[:min(len(ip), longestICMPv6-48)]
	out := make([]byte, 48, 48+len(quote))
	out[0], out[6], out[7] = 0x60, capture.ProtoICMPv6, 64
	binary.BigEndian.PutUint16(out[4:], uint16(8+len(quote)))
	copy(out[8:24], router6.AsSlice())
	copy(out[24:40], ip[8:24])
	out[40] = 2
	binary.BigEndian.PutUint32(out[44:], uint32(mtu))
	out = append(out, quote...)
	pseudo := []byte{0, 0, byte((8 + len(quote)) >> 8), byte(8 + len(quote)), 0, 0, 0, capture.ProtoICMPv6}
	binary.BigEndian.PutUint16(out[42:], craft.Checksum(out[8:40], pseudo, out[40:]))
	return out
}
