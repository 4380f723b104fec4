package main

import (
	"bytes"
	"encoding/binary"
	"net/netip"
)

// header is where the addresses of an Ethernet frame's outermost IP header are.
type header struct {
	src, dst []byte // in place
	sum      []byte // the IPv4 header checksum; nil: IPv6
	l4       []byte // from the transport header on; nil: not there, as in later fragments
	proto    byte
}

// locate finds the IP header behind any VLAN tags.
func locate(f []byte) (h header, ok bool) {
	at := 12
	for at+2 <= len(f) {
		kind := binary.BigEndian.Uint16(f[at:])
		at += 2
		switch kind {
		case 0x8100, 0x88a8: // IEEE 802.1Q, 802.1ad
			at += 2
		case 0x0800:
			return locate4(f[at:])
		case 0x86dd:
			return locate6(f[at:])
		default:
			return h, false
		}
	}
	return h, false
}

func locate4(ip []byte) (h header, ok bool) {
	if len(ip) < 20 || ip[0]>>4 != 4 {
		return h, false
	}
	h = header{src: ip[12:16], dst: ip[16:20], sum: ip[10:12], proto: ip[9]}
	if n := int(ip[0]&15) * 4; n >= 20 && n <= len(ip) && binary.BigEndian.Uint16(ip[6:])&0x1fff == 0 {
		h.l4 = ip[n:]
	}
	return h, true
}

// locate6 looks for a transport header right behind the fixed one: extension
// headers are rare enough to be left alone.
func locate6(ip []byte) (h header, ok bool) {
	if len(ip) < 40 || ip[0]>>4 != 6 {
		return h, false
	}
	return header{src: ip[8:24], dst: ip[24:40], l4: ip[40:], proto: ip[6]}, true
}

// moveClient gives the client of a frame another address, a different one for
// each n, so that a capture repeated is other flows of other hosts. The client
// is the private side, or else the one with the higher port. Checksums that were
// right stay right. What an ICMP error quotes keeps its old addresses.
func moveClient(f []byte, n uint16) {
	h, ok := locate(f)
	if !ok || n == 0 {
		return
	}
	addr := h.src
	if h.clientIsDst() {
		addr = h.dst
	}
	old := bytes.Clone(addr)
	at := 1
	if len(addr) == 16 {
		at = 6 // the last of the subnet
	} else if a, _ := netip.AddrFromSlice(addr); a.IsPrivate() {
		addr[0] = 10 // what is private stays so, whatever becomes of the rest
	}
	addr[at] ^= byte(n >> 8)
	addr[at+1] ^= byte(n)
	h.fixSums(old, addr)
}

// fixSums brings the checksums that cover an address up to date.
func (h *header) fixSums(old, now []byte) {
	if h.sum != nil {
		fixSum(h.sum, old, now)
	}
	at := map[byte]int{6: 16, 17: 6, 58: 2}[h.proto] // TCP, UDP, ICMPv6: where the checksum is
	if at == 0 || len(h.l4) < at+2 {
		return
	}
	sum := h.l4[at : at+2]
	if h.proto == 17 && binary.BigEndian.Uint16(sum) == 0 {
		return // RFC 768: none was made
	}
	fixSum(sum, old, now)
	if h.proto == 17 && binary.BigEndian.Uint16(sum) == 0 {
		sum[0], sum[1] = 0xff, 0xff
	}
}

// fixSum updates an Internet checksum for bytes that changed (RFC 1624, eqn 3).
func fixSum(sum, old, now []byte) {
	s := uint32(^binary.BigEndian.Uint16(sum))
	for i := 0; i < len(old); i += 2 {
		s += uint32(^binary.BigEndian.Uint16(old[i:])) + uint32(binary.BigEndian.Uint16(now[i:]))
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	binary.BigEndian.PutUint16(sum, ^uint16(s))
}

// clientIsDst reports whether the destination is the client.
func (h *header) clientIsDst() bool {
	src, _ := netip.AddrFromSlice(h.src)
	dst, _ := netip.AddrFromSlice(h.dst)
	switch {
	case src.IsPrivate() != dst.IsPrivate():
		return dst.IsPrivate()
	case len(h.l4) >= 4 && (h.proto == 6 || h.proto == 17):
		s, d := binary.BigEndian.Uint16(h.l4), binary.BigEndian.Uint16(h.l4[2:])
		return s < d || s == d && src.Less(dst)
	}
	return src.Less(dst)
}
