package decode

import (
	"encoding/binary"

	"chokepoint/capture"
)

const (
	ipv6Len = 40 // RFC 8200 section 3
	// maxExtensions bounds the chain; Linux takes eight options of each kind
	// before it drops (net.ipv6.max_dst_opts_number), senders use one or two.
	maxExtensions = 8
)

// Next-header values (IANA protocol-numbers, RFC 8200 section 4).
const (
	protoHopByHop  = 0
	protoRouting   = 43
	protoFragment  = 44
	protoAH        = 51 // RFC 4302
	protoNone      = 59
	protoDestOpts  = 60
	protoMobility  = 135 // RFC 6275
	protoHIP       = 139 // RFC 7401
	protoShim6     = 140 // RFC 5533
	fragHeaderLen  = 8
	fragOffsetMask = 0xfff8
)

// ipv6 is for IPv6 what [Decoder.ipv4] is for IPv4.
func (d *Decoder) ipv6(p *capture.Packet, b []byte, wire int) (rest []byte, restWire int, ok bool) {
	if len(b) < ipv6Len {
		d.short(p, len(b), wire, TruncatedIP)
		return nil, 0, false
	}
	if b[0]>>4 != 6 {
		d.Counts[BadIPVersion]++
		return nil, 0, false
	}
	next := b[6]
	total := ipv6Len + int(binary.BigEndian.Uint16(b[4:]))
	jumbo := 0
	if total == ipv6Len && next != protoNone {
		total = wire // a jumbogram (RFC 2675) or captured before segmentation
		if isBigTCP(b) {
			jumbo = jumboLen
		}
	}
	if total > wire {
		d.Counts[IPBeyondFrame]++
	}
	p.Key.Src = [16]byte(b[8:24])
	p.Key.Dst = [16]byte(b[24:40])
	p.Key.SrcPort, p.Key.DstPort = 0, 0
	p.Key.Proto = next
	p.IPLen = uint32(total - jumbo)
	p.TOS = uint8(binary.BigEndian.Uint16(b) >> 4)
	p.TTL = b[7]
	p.Has |= capture.HasIP | capture.HasIPv6
	whole := b[:min(len(b), total)]
	if next == capture.ProtoTCP || next == capture.ProtoUDP {
		return whole[ipv6Len:], total - ipv6Len, true
	}
	return d.extensions(p, whole, ipv6Len, total)
}

// jumboLen is the length of a hop-by-hop header with the jumbo payload option alone
// (RFC 2675 section 2).
const jumboLen = 8

// isBigTCP reports whether such a header is in front of TCP. Linux writes it into
// segments that it merged to more than 64 KiB (struct hop_jumbo_hdr in net/ipv6.h)
// and takes it out before they reach a wire: it counts for none of them.
func isBigTCP(b []byte) bool {
	const jumboOption = 0xc2
	return len(b) >= ipv6Len+jumboLen && b[6] == protoHopByHop && b[ipv6Len] == capture.ProtoTCP &&
		b[ipv6Len+1] == 0 && b[ipv6Len+2] == jumboOption
}

// extensions follows next headers from off on to the transport. ip is what was
// captured of a datagram of total bytes; p.Key.Proto names the first header and
// in the end the transport.
func (d *Decoder) extensions(p *capture.Packet, ip []byte, off, total int) (rest []byte, restWire int, ok bool) {
	nextAt := 6
	for range maxExtensions {
		proto := p.Key.Proto
		if !isExtension(proto) {
			return ip[off:], total - off, true
		}
		if len(ip)-off < fragHeaderLen { // the smallest of them all
			d.short(p, len(ip), total, BadIPExtension)
			return nil, 0, false
		}
		h := ip[off:]
		size := extensionLen(proto, h)
		if size > len(h) {
			d.short(p, len(ip), min(total, off+size), BadIPExtension)
			return nil, 0, false
		}
		p.Key.Proto = h[0]
		if proto == protoFragment && d.fragment6(p, ip, off, nextAt) {
			setPayload(p, h[size:], total-off-size)
			return nil, 0, false
		}
		nextAt = off
		off += size
	}
	if !isExtension(p.Key.Proto) {
		return ip[off:], total - off, true
	}
	d.Counts[TooManyExtensions]++
	return nil, 0, false
}

func isExtension(proto uint8) bool {
	switch proto {
	case protoHopByHop, protoRouting, protoFragment, protoAH, protoDestOpts, protoMobility, protoHIP, protoShim6:
		return true
	}
	return false
}

// extensionLen returns the length of the extension header h in bytes.
func extensionLen(proto uint8, h []byte) int {
	switch proto {
	case protoFragment:
		return fragHeaderLen
	case protoAH: // in 4-byte units less 2, RFC 4302 section 2.2
		return (int(h[1]) + 2) * 4
	}
	return (int(h[1]) + 1) * 8
}

// fragment6 notes the fragment header at off. An atomic fragment (RFC 6946) is
// a whole datagram and reported as none.
func (d *Decoder) fragment6(p *capture.Packet, ip []byte, off, nextAt int) bool {
	h := ip[off : off+fragHeaderLen]
	v := binary.BigEndian.Uint16(h[2:])
	more := v&1 != 0
	if v&fragOffsetMask == 0 && !more {
		return false
	}
	d.frag = Fragment{
		IP: ip, HeaderLen: off, NextAt: nextAt,
		ID: binary.BigEndian.Uint32(h[4:]), Next: h[0], More: more,
	}
	p.Has |= capture.IsFragment
	p.FragOff = v & fragOffsetMask
	return true
}
