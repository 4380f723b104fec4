package redact

import (
	"encoding/binary"

	"chokepoint/capture"
)

// Kinds of TCP options (IANA tcp-parameters).
const (
	optNOP    = 1
	optMSS    = 2
	optWScale = 3
	optSACKOK = 4
	optSACK   = 5
	optTS     = 8
	optMPTCP  = 30
	// mptcpRST is the subtype MP_TCPRST (RFC 8684 section 3.6).
	mptcpRST = 0x8
)

// tcp writes a TCP header with the options that were understood; others are NOPs.
func (w *written) tcp(p *capture.Packet) {
	opts := tcpOptions(p)
	b := ports(nil, w.key)
	b = binary.BigEndian.AppendUint32(b, p.Seq)
	b = binary.BigEndian.AppendUint32(b, p.Ack)
	b = binary.BigEndian.AppendUint16(b, uint16((tcpLen+len(opts))/4)<<12|p.Flags&0x0fff)
	b = binary.BigEndian.AppendUint16(b, p.Window)
	b = append(b, 0, 0, 0, 0) // checksum, urgent pointer
	w.header, w.sumAt = append(b, opts...), 16
}

// tcpOptions writes options in the order that Linux does. They take as much room as
// they did.
func tcpOptions(p *capture.Packet) []byte {
	var b []byte
	if p.Has&capture.HasMSS != 0 {
		b = binary.BigEndian.AppendUint16(append(b, optMSS, 4), p.MSS)
	}
	if p.Has&capture.HasSACKOK != 0 {
		b = append(b, optSACKOK, 2)
	}
	if p.Has&capture.HasTS != 0 {
		b = binary.BigEndian.AppendUint32(append(b, optTS, 10), p.TSval)
		b = binary.BigEndian.AppendUint32(b, p.TSecr)
	}
	if p.Has&capture.HasWScale != 0 {
		b = append(b, optWScale, 3, p.WScale)
	}
	if p.Has&capture.HasTCPRST != 0 {
		b = append(b, optMPTCP, 4, mptcpRST<<4, 0)
	}
	if n := int(p.NSACK); p.Has&capture.HasSACK != 0 && n > 0 && len(b)+2+8*n <= maxOpts {
		b = append(b, optSACK, byte(2+8*n))
		for _, block := range p.SACK[:n] {
			b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, block[0]), block[1])
		}
	}
	for len(b) < min(int(p.OptsLen), maxOpts) || len(b)%4 != 0 {
		b = append(b, optNOP)
	}
	return b
}

// icmp writes an ICMP message and the packet that it quotes.
func (w *written) icmp(r *Redactor, p *capture.Packet) {
	w.header = []byte{p.ICMPType, p.ICMPCode, 0, 0, 0, 0, 0, 0}
	w.sumAt, w.bare = 2, !w.v6
	if p.Has&capture.HasQuoted == 0 {
		return
	}
	if mtu := p.Quoted.MTU; w.v6 {
		binary.BigEndian.PutUint32(w.header[4:], uint32(mtu))
	} else {
		binary.BigEndian.PutUint16(w.header[6:], mtu)
	}
	quote := quoted(r.ends(p.Quoted.Key), &p.Quoted)
	w.header = append(w.header, quote...)
	w.rest, w.captured = max(w.rest-len(quote), 0), max(w.captured-len(quote), 0)
}

// quotedLen is what is quoted of a transport header at least (RFC 792).
const quotedLen = 8

// quoted writes a packet as an ICMP error quotes it: its headers, as far as they say
// which packet it was.
func quoted(k capture.Key, q *capture.Quoted) []byte {
	var b []byte
	if k.SrcAddr().Is4() {
		b = make([]byte, ip4Len, ip4Len+quotedLen)
		ip4(b, k, ip4Len+quotedLen, k.Proto, q.TTL, 0, 0, 0)
	} else {
		b = make([]byte, ip6Len, ip6Len+quotedLen)
		b[0], b[5], b[6], b[7] = 6<<4, quotedLen, k.Proto, q.TTL
		copy(b[8:], k.Src[:])
		copy(b[24:], k.Dst[:])
	}
	switch k.Proto {
	case capture.ProtoTCP:
		return binary.BigEndian.AppendUint32(ports(b, k), q.Seq)
	case capture.ProtoUDP:
		return append(ports(b, k), 0, udpLen, 0, 0)
	}
	return append(b, make([]byte, quotedLen)...)
}
