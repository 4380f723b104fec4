// Package craft writes packets that no kernel sends: those of simulated hosts, of
// injectors, of routers that complain, of scanners. Headers say what they are told,
// with right lengths and checksums.
//
// It is not gopacket that does so, as the program carries the lab: gopacket/layers
// fills tables of 65,536 entries in each process that has it, a fifth of what a run
// on a small file took. It is the oracle of the tests.
package craft

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"chokepoint/capture"
)

// Lengths of headers without options, bytes.
const (
	ipv4Len = 20 // RFC 791 section 3.1
	ipv6Len = 40 // RFC 8200 section 3
	tcpLen  = 20 // RFC 9293 section 3.1
	udpLen  = 8  // RFC 768
	icmpLen = 8  // of errors: RFC 792, RFC 4443 section 3
)

// longest is what a length field can say, bytes.
const longest = 1<<16 - 1

// dontFragment is DF among flags and fragment offset.
const dontFragment = 0x4000

// IP is a header of either version, without options or extensions.
type IP struct {
	Src, Dst netip.Addr // of the same version
	TTL      uint8      // or hop limit
	TOS      uint8      // or traffic class
	ID       uint16     // IPv4
	DF       bool       // IPv4
}

// TCP is a header. Options are padded to whole words here; they have at most 40 bytes.
type TCP struct {
	Src, Dst uint16
	Seq, Ack uint32
	Flags    uint16 // as package capture has them
	Window   uint16
	Options  []byte
}

// Packet returns an IP packet around what is to follow its header. The error is one
// of what no header can say: addresses of two versions, a length beyond 16 bits.
func (h *IP) Packet(proto uint8, payload []byte) ([]byte, error) {
	b, rest, err := h.room(proto, len(payload))
	copy(rest, payload)
	return b, err
}

// TCP returns an IP packet with a segment. Errors are those of Packet, and too many
// options.
func (h *IP) TCP(t *TCP, payload []byte) ([]byte, error) {
	head := tcpLen + (len(t.Options)+3)/4*4
	if head > 60 {
		return nil, fmt.Errorf("%d bytes of TCP options", len(t.Options))
	}
	b, s, err := h.room(capture.ProtoTCP, head+len(payload))
	if err != nil {
		return nil, err
	}
	ports(s, t.Src, t.Dst)
	binary.BigEndian.PutUint32(s[4:], t.Seq)
	binary.BigEndian.PutUint32(s[8:], t.Ack)
	binary.BigEndian.PutUint16(s[12:], uint16(head/4)<<12|t.Flags)
	binary.BigEndian.PutUint16(s[14:], t.Window)
	copy(s[tcpLen:], t.Options)
	copy(s[head:], payload)
	binary.BigEndian.PutUint16(s[16:], h.sum(capture.ProtoTCP, s))
	return b, nil
}

// UDP returns an IP packet with a datagram. Errors are those of Packet.
func (h *IP) UDP(src, dst uint16, payload []byte) ([]byte, error) {
	b, s, err := h.room(capture.ProtoUDP, udpLen+len(payload))
	if err != nil {
		return nil, err
	}
	ports(s, src, dst)
	binary.BigEndian.PutUint16(s[4:], uint16(len(s)))
	copy(s[udpLen:], payload)
	sum := h.sum(capture.ProtoUDP, s)
	if sum == 0 {
		sum = 0xffff // zero says that there is none
	}
	binary.BigEndian.PutUint16(s[6:], sum)
	return b, nil
}

// Complain returns an IP packet with an ICMP error, or an ICMPv6 error, about a
// packet that it quotes. Errors are those of Packet.
func (h *IP) Complain(kind, code uint8, quote []byte) ([]byte, error) {
	proto := uint8(capture.ProtoICMPv6)
	if h.Dst.Is4() {
		proto = capture.ProtoICMP
	}
	b, s, err := h.room(proto, icmpLen+len(quote))
	if err != nil {
		return nil, err
	}
	s[0], s[1] = kind, code
	copy(s[icmpLen:], quote)
	sum := Checksum(s)
	if proto == capture.ProtoICMPv6 {
		sum = h.sum(proto, s)
	}
	binary.BigEndian.PutUint16(s[2:], sum)
	return b, nil
}

func ports(b []byte, src, dst uint16) {
	binary.BigEndian.PutUint16(b, src)
	binary.BigEndian.PutUint16(b[2:], dst)
}

// room returns a packet with n bytes that follow its header, and these.
func (h *IP) room(proto uint8, n int) (packet, rest []byte, err error) {
	if !h.Src.IsValid() || h.Src.BitLen() != h.Dst.BitLen() {
		return nil, nil, fmt.Errorf("an IP packet from %v to %v", h.Src, h.Dst)
	}
	head, limit := ipv6Len, ipv6Len+longest
	if h.Dst.Is4() {
		head, limit = ipv4Len, longest
	}
	if head+n > limit {
		return nil, nil, fmt.Errorf("an IP packet of %d bytes", head+n)
	}
	b := make([]byte, head+n)
	if h.Dst.Is4() {
		h.four(b, proto)
	} else {
		h.six(b, proto)
	}
	return b, b[head:], nil
}

func (h *IP) four(b []byte, proto uint8) {
	b[0], b[1] = 0x45, h.TOS
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	binary.BigEndian.PutUint16(b[4:], h.ID)
	if h.DF {
		binary.BigEndian.PutUint16(b[6:], dontFragment)
	}
	b[8], b[9] = h.TTL, proto
	copy(b[12:], h.Src.AsSlice())
	copy(b[16:], h.Dst.AsSlice())
	binary.BigEndian.PutUint16(b[10:], Checksum(b[:ipv4Len]))
}

func (h *IP) six(b []byte, proto uint8) {
	b[0], b[1] = 0x60|h.TOS>>4, h.TOS<<4
	binary.BigEndian.PutUint16(b[4:], uint16(len(b)-ipv6Len))
	b[6], b[7] = proto, h.TTL
	copy(b[8:], h.Src.AsSlice())
	copy(b[24:], h.Dst.AsSlice())
}

// sum is the checksum of a transport's header and payload, in which it is still zero.
func (h *IP) sum(proto uint8, s []byte) uint16 {
	return transportSum(h.Src.AsSlice(), h.Dst.AsSlice(), proto, s)
}
