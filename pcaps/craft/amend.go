package craft

import (
	"encoding/binary"

	"chokepoint/capture"
)

// TCPHeader returns where the TCP header of an IP packet begins and where it ends, 0
// and 0 where anything but a whole one follows the IP header: IPv6 extensions, a
// fragment.
func TCPHeader(ip []byte) (at, end int) {
	switch {
	case len(ip) >= ipv4Len && ip[0]>>4 == 4:
		if ip[9] != capture.ProtoTCP || binary.BigEndian.Uint16(ip[6:])&0x3fff != 0 {
			return 0, 0
		}
		at = int(ip[0]&0x0f) * 4
	case len(ip) >= ipv6Len && ip[0]>>4 == 6 && ip[6] == capture.ProtoTCP:
		at = ipv6Len
	}
	if at < ipv4Len || len(ip) < at+tcpLen {
		return 0, 0
	}
	end = at + int(ip[at+12]>>4)*4
	if end < at+tcpLen || end > len(ip) {
		return 0, 0
	}
	return at, end
}

// Seal sets the lengths and checksums of an IP packet with a TCP header at at, which
// TCPHeader told, after something of it was changed.
func Seal(ip []byte, at int) {
	ends := ip[8:40]
	if ip[0]>>4 == 4 {
		ends = ip[12:20]
		binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)))
		ip[10], ip[11] = 0, 0
		binary.BigEndian.PutUint16(ip[10:], Checksum(ip[:at]))
	} else {
		binary.BigEndian.PutUint16(ip[4:], uint16(len(ip)-ipv6Len))
	}
	s := ip[at:]
	s[16], s[17] = 0, 0
	half := len(ends) / 2
	binary.BigEndian.PutUint16(s[16:], transportSum(ends[:half], ends[half:], capture.ProtoTCP, s))
}

// transportSum is the checksum over a pseudo header (RFC 9293 section 3.1, RFC 8200
// section 8.1) and what follows.
func transportSum(src, dst []byte, proto uint8, s []byte) uint16 {
	n := uint32(len(s))
	return Checksum(src, dst, []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n), 0, proto}, s)
}

// Checksum is the internet checksum (RFC 1071) of parts that follow each other, each
// but the last of even length.
func Checksum(parts ...[]byte) uint16 {
	var s uint32
	for _, b := range parts {
		for ; len(b) > 1; b = b[2:] {
			s += uint32(b[0])<<8 | uint32(b[1])
		}
		if len(b) > 0 {
			s += uint32(b[0]) << 8
		}
	}
	for s > 0xffff {
		s = s&0xffff + s>>16
	}
	return ^uint16(s)
}
