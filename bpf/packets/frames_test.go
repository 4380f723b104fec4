//go:build linux

package packets

import "encoding/binary"

var be = binary.BigEndian

// ether puts an Ethernet header before a packet, with tags of these EtherTypes.
func ether(kind uint16, rest []byte, tags ...uint16) []byte {
	b := make([]byte, 12)
	for i, tag := range tags {
		b = be.AppendUint16(be.AppendUint16(b, tag), uint16(i+1))
	}
	return append(be.AppendUint16(b, kind), rest...)
}

// from4 and the others are the two ends of flows.
var (
	from4, to4 = [4]byte{10, 0, 0, 1}, [4]byte{10, 0, 0, 2}
	from6, to6 = [16]byte{0: 0xfd, 15: 1}, [16]byte{0: 0xfd, 15: 2}
)

func v4(proto uint8, rest []byte) []byte {
	b := make([]byte, 20, 20+len(rest))
	b[0], b[8], b[9] = 0x45, 64, proto
	be.PutUint16(b[2:], uint16(20+len(rest)))
	copy(b[12:], from4[:])
	copy(b[16:], to4[:])
	return append(b, rest...)
}

func v6(next uint8, rest []byte) []byte {
	b := make([]byte, 40, 40+len(rest))
	b[0], b[6], b[7] = 0x60, next, 64
	be.PutUint16(b[4:], uint16(len(rest)))
	copy(b[8:], from6[:])
	copy(b[24:], to6[:])
	return append(b, rest...)
}

// v6via is v6 with extension headers of 8 bytes.
func v6via(proto uint8, rest []byte, extensions ...uint8) []byte {
	next := proto
	for i := len(extensions) - 1; i >= 0; i-- {
		rest = append([]byte{next, 0, 0, 0, 0, 0, 0, 0}, rest...)
		next = extensions[i]
	}
	return v6(next, rest)
}

const (
	fin, syn, rst, psh, ack = 1, 2, 4, 8, 16
)

func tcp(src, dst uint16, flags uint8, options int, payload []byte) []byte {
	b := make([]byte, 20+options, 20+options+len(payload))
	be.PutUint16(b, src)
	be.PutUint16(b[2:], dst)
	b[12], b[13] = byte(20+options)/4<<4, flags
	return append(b, payload...)
}

func udp(src, dst uint16, payload []byte) []byte {
	b := be.AppendUint16(be.AppendUint16(nil, src), dst)
	b = be.AppendUint16(be.AppendUint16(b, uint16(8+len(payload))), 0)
	return append(b, payload...)
}

// zeros is payload that begins nothing known; starting is some that begins so.
func zeros(n int) []byte                     { return make([]byte, n) }
func starting(n int, with ...byte) []byte    { return append(with, make([]byte, n-len(with))...) }
func set(b []byte, at int, v ...byte) []byte { copy(b[at:], v); return b }

// reversed swaps the addresses and ports of an IPv4 packet behind Ethernet.
func reversed(frame []byte) []byte {
	b := append([]byte(nil), frame...)
	copy(b[26:], frame[30:34])
	copy(b[30:], frame[26:30])
	copy(b[34:], frame[36:38])
	copy(b[36:], frame[34:36])
	return b
}
