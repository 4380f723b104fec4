package plan

import (
	"encoding/binary"

	"chokepoint/capture"
)

var be = binary.BigEndian

// ether puts an Ethernet header before a packet, with tags of these ethertypes.
func ether(et uint16, rest []byte, tags ...uint16) []byte {
	b := make([]byte, 12)
	for i, t := range tags {
		b = be.AppendUint16(be.AppendUint16(b, t), uint16(i+1))
	}
	b = be.AppendUint16(b, et)
	return append(b, rest...)
}

// v4 is an IPv4 datagram from 10.0.0.1 to 10.0.0.2.
func v4(proto uint8, rest []byte) []byte {
	b := make([]byte, ipv4Len, ipv4Len+len(rest))
	b[0], b[8], b[9] = 0x45, 64, proto
	be.PutUint16(b[2:], uint16(ipv4Len+len(rest)))
	copy(b[12:], []byte{10, 0, 0, 1, 10, 0, 0, 2})
	return append(b, rest...)
}

// v6 is an IPv6 datagram from fd00::1 to fd00::2.
func v6(next uint8, rest []byte) []byte {
	b := make([]byte, ipv6Len, ipv6Len+len(rest))
	b[0], b[6], b[7] = 0x60, next, 64
	be.PutUint16(b[4:], uint16(len(rest)))
	b[8], b[23], b[24], b[39] = 0xfd, 1, 0xfd, 2
	return append(b, rest...)
}

// extended puts extension headers of these types and eight bytes each before a
// transport; what announces the first is the caller's.
func extended(proto uint8, rest []byte, types ...uint8) []byte {
	var b []byte
	for i := range types {
		next := proto
		if i+1 < len(types) {
			next = types[i+1]
		}
		b = append(b, next, 0, 0, 0, 0, 0, 0, 0)
	}
	return append(b, rest...)
}

func tcp(src, dst uint16, flags uint16, options int, payload []byte) []byte {
	b := make([]byte, tcpLen+options, tcpLen+options+len(payload))
	be.PutUint16(b, src)
	be.PutUint16(b[2:], dst)
	b[12], b[13] = byte(tcpLen+options)/4<<4, byte(flags)
	for i := tcpLen; i < len(b); i++ {
		b[i] = 1 // NOP
	}
	return append(b, payload...)
}

func udp(src, dst uint16, payload []byte) []byte {
	b := be.AppendUint16(be.AppendUint16(nil, src), dst)
	b = be.AppendUint16(be.AppendUint16(b, uint16(udpLen+len(payload))), 0)
	return append(b, payload...)
}

// zeros is a payload that begins nothing known: for STUN there is no cookie.
func zeros(n int) []byte { return make([]byte, n) }

// starting is a payload of n bytes with these at its start.
func starting(n int, with ...byte) []byte { return append(with, make([]byte, n-len(with))...) }

// one cuts a single frame with a Decider to which its flow has said enough
// already: payload counts as late.
func one(frame []byte, link capture.LinkType) int {
	d := NewDecider(capture.Plan{Payloads: 0, Whole: 4096, Head: 32})
	return d.Cut(frame, uint32(len(frame)), link)
}
