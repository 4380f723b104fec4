package decode

import (
	"encoding/binary"
	"math"

	"chokepoint/capture"
)

// Types of ICMP errors, which quote the packet they complain about.
const (
	unreachable  = 3 // RFC 792
	sourceQuench = 4
	redirect     = 5
	timeExceeded = 11
	paramProblem = 12

	fragNeeded = 4 // code of unreachable that carries an MTU, RFC 1191 section 4

	unreachable6  = 1 // RFC 4443 section 3
	packetTooBig6 = 2
	paramProblem6 = 4 // time exceeded, 3, lies between
)

// icmpLen is the part before the quote: type, code, checksum and four bytes
// whose meaning depends on the type. Shorter messages have no payload.
const icmpLen = 8

// icmp reads an ICMP or ICMPv6 message and the packet it quotes.
func (d *Decoder) icmp(p *capture.Packet, b []byte, wire int) {
	if len(b) < 4 {
		d.shortTransport(p, b, wire, 4)
		return
	}
	p.ICMPType, p.ICMPCode = b[0], b[1]
	p.Has |= capture.HasICMP
	if wire < icmpLen {
		return
	}
	setPayload(p, b[min(icmpLen, len(b)):], wire-icmpLen)
	if len(b) < icmpLen || !isError(p) {
		return
	}
	if ver := version(p.Payload); ver == 4 && quote4(&p.Quoted, p.Payload) || ver == 6 && quote6(&p.Quoted, p.Payload) {
		p.Quoted.MTU = nextHopMTU(p, b[4:8])
		p.Has |= capture.HasQuoted
	}
}

func isError(p *capture.Packet) bool {
	t := p.ICMPType
	if p.Key.Proto == capture.ProtoICMPv6 {
		return t >= unreachable6 && t <= paramProblem6
	}
	return t >= unreachable && t <= redirect || t == timeExceeded || t == paramProblem
}

// nextHopMTU returns the MTU in the second word of an error that carries one.
// ICMPv6 gives it 32 bits; more than the field holds is no limit to anyone.
func nextHopMTU(p *capture.Packet, word []byte) uint16 {
	switch {
	case p.Key.Proto == capture.ProtoICMP && p.ICMPType == unreachable && p.ICMPCode == fragNeeded:
		return binary.BigEndian.Uint16(word[2:])
	case p.Key.Proto == capture.ProtoICMPv6 && p.ICMPType == packetTooBig6:
		return uint16(min(binary.BigEndian.Uint32(word), math.MaxUint16))
	}
	return 0
}

// quote4 fills q from a quoted IPv4 header and as much of the transport as is
// there. Lengths and checksum are not checked: routers change them before they
// quote, and the quote is cut anyway.
func quote4(q *capture.Quoted, b []byte) bool {
	if len(b) < ipv4MinLen {
		return false
	}
	hlen := int(b[0]&0x0f) * 4
	if hlen < ipv4MinLen {
		return false
	}
	*q = capture.Quoted{TTL: b[8]}
	mapIPv4(&q.Key, b)
	q.Key.Proto = b[9]
	if binary.BigEndian.Uint16(b[6:])&fragMask == 0 && len(b) > hlen {
		quoteTransport(q, b[hlen:])
	}
	return true
}

func quote6(q *capture.Quoted, b []byte) bool {
	if len(b) < ipv6Len {
		return false
	}
	*q = capture.Quoted{TTL: b[7]}
	q.Key.Src = [16]byte(b[8:24])
	q.Key.Dst = [16]byte(b[24:40])
	q.Key.Proto = b[6]
	b = b[ipv6Len:]
	for range maxExtensions {
		if !isExtension(q.Key.Proto) {
			quoteTransport(q, b)
			return true
		}
		if len(b) < fragHeaderLen {
			return true
		}
		size, fragOff := extensionLen(q.Key.Proto, b), uint16(0)
		if q.Key.Proto == protoFragment {
			fragOff = binary.BigEndian.Uint16(b[2:]) & fragOffsetMask
		}
		q.Key.Proto = b[0]
		if fragOff != 0 || size > len(b) {
			return true
		}
		b = b[size:]
	}
	return true
}

// quoteTransport reads ports and, for TCP, the sequence number.
func quoteTransport(q *capture.Quoted, b []byte) {
	if q.Key.Proto != capture.ProtoTCP && q.Key.Proto != capture.ProtoUDP || len(b) < 4 {
		return
	}
	q.Key.SrcPort = binary.BigEndian.Uint16(b)
	q.Key.DstPort = binary.BigEndian.Uint16(b[2:])
	if q.Key.Proto == capture.ProtoTCP && len(b) >= 8 {
		q.Seq = binary.BigEndian.Uint32(b[4:])
	}
}
