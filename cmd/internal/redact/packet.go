package redact

import (
	"encoding/binary"
	"math"

	"chokepoint/capture"
	"chokepoint/capture/decode"
)

// Sizes of headers, bytes.
const (
	ip4Len  = 20
	ip6Len  = 40
	tcpLen  = 20
	udpLen  = 8
	icmpLen = 8
	fragLen = 8 // RFC 8200 section 4.5
	maxOpts = 40
)

const protoFragment = 44 // RFC 8200 section 4.5

// Packet returns a packet of IP (link type RAW) that says what p says of the
// network, with replaced ends: no link layer, tag or tunnel comes along. It is put
// together from what was decoded, so that nothing else can. Of payload, what was
// captured of it, only the length is used: it is zeroes. A packet that an ICMP
// error quotes is written anew. Checksums are right, as if the payload had been
// captured whole; what was not is missing at the end, and [WireLen] counts it in.
// It returns nil for what is not IP, and for fragments that cannot be read.
func (r *Redactor) Packet(p *capture.Packet, payload []byte) []byte {
	if p.Has&capture.HasIP == 0 {
		return nil
	}
	var w written
	w.v6 = p.Has&capture.HasIPv6 != 0
	w.key = r.ends(p.Key)
	w.captured, w.rest = len(payload), max(int(p.PayloadLen), len(payload))
	switch {
	case p.Has&capture.IsFragment != 0:
		if !w.fragment(p) {
			return nil
		}
	case p.Has&capture.HasTCP != 0:
		w.tcp(p)
	case p.Has&capture.HasUDP != 0:
		w.udp()
	case p.Has&capture.HasICMP != 0:
		w.icmp(r, p)
	default:
		w.unread(p)
	}
	return w.packet(p)
}

// WireLen is how long a packet of IP was on the wire by its header, bytes, where
// frame is what [Redactor.Packet] returned.
func WireLen(frame []byte) uint32 {
	switch {
	case len(frame) >= ip6Len && frame[0]>>4 == 6:
		return ip6Len + uint32(binary.BigEndian.Uint16(frame[4:]))
	case len(frame) >= ip4Len:
		return uint32(binary.BigEndian.Uint16(frame[2:]))
	}
	return 0
}

// written is a packet that is put together.
type written struct {
	key            capture.Key
	v6             bool
	header         []byte // of transport, and what else is not zero
	sumAt          int    // of its checksum, with the pseudo header; 0 none
	bare           bool   // without the pseudo header
	rest, captured int    // bytes of zeroes behind it: on the wire, and of them captured
	fragOff        uint16 // IPv4: flags and offset
	proto          uint8  // instead of the key's
}

// packet puts the IP header before it.
func (w *written) packet(p *capture.Packet) []byte {
	room := math.MaxUint16 - len(w.header)
	if !w.v6 {
		room -= ip4Len
	}
	w.rest = min(w.rest, room) // merged segments may exceed what the header can say
	w.captured = min(w.captured, w.rest)
	proto := w.key.Proto
	if w.proto != 0 {
		proto = w.proto
	}
	long := len(w.header) + w.rest
	var out []byte
	if w.v6 {
		out = make([]byte, ip6Len, ip6Len+len(w.header)+w.captured)
		binary.BigEndian.PutUint32(out, 6<<28|uint32(p.TOS)<<20)
		binary.BigEndian.PutUint16(out[4:], uint16(long))
		out[6], out[7] = proto, p.TTL
		copy(out[8:], w.key.Src[:])
		copy(out[24:], w.key.Dst[:])
	} else {
		out = make([]byte, ip4Len, ip4Len+len(w.header)+w.captured)
		w.fragOff |= flagDF(p)
		ip4(out, w.key, ip4Len+long, proto, p.TTL, p.TOS, p.IPID, w.fragOff)
	}
	if w.sumAt > 0 {
		var pseudo uint32
		if !w.bare {
			pseudo = w.pseudo(long)
		}
		binary.BigEndian.PutUint16(w.header[w.sumAt:], checksum(w.header, pseudo))
	}
	out = append(out, w.header...)
	return append(out, make([]byte, w.captured)...)
}

// unread writes a packet whose transport was cut, or is not one of ours: of it the
// ports at most, and zeroes.
func (w *written) unread(p *capture.Packet) {
	head := ip4Len
	if w.v6 {
		head = ip6Len
	}
	if p.Has&capture.HasPorts != 0 {
		w.header, w.captured = ports(nil, w.key), 0
	}
	w.rest = max(w.rest, int(p.IPLen)-head-len(w.header))
}

func flagDF(p *capture.Packet) uint16 {
	if p.Has&capture.HasDF != 0 {
		return 1 << 14
	}
	return 0
}

// ip4 fills an IPv4 header without options (RFC 791 section 3.1).
func ip4(b []byte, k capture.Key, total int, proto, ttl, tos uint8, ipid, fragOff uint16) {
	b[0], b[1] = 4<<4|ip4Len/4, tos
	binary.BigEndian.PutUint16(b[2:], uint16(total))
	binary.BigEndian.PutUint16(b[4:], ipid)
	binary.BigEndian.PutUint16(b[6:], fragOff)
	b[8], b[9] = ttl, proto
	copy(b[12:], k.Src[12:])
	copy(b[16:], k.Dst[12:])
	binary.BigEndian.PutUint16(b[10:], checksum(b[:ip4Len], 0))
}

// pseudo sums up the pseudo header (RFC 9293 section 3.1, RFC 8200 section 8.1).
func (w *written) pseudo(long int) uint32 {
	src, dst := w.key.Src[12:], w.key.Dst[12:]
	if w.v6 {
		src, dst = w.key.Src[:], w.key.Dst[:]
	}
	return sum(src) + sum(dst) + uint32(w.key.Proto) + uint32(long)
}

// checksum is the Internet checksum (RFC 1071) of b and what was summed up before;
// zeroes behind b do not change it.
func checksum(b []byte, before uint32) uint16 {
	s := before + sum(b)
	for s>>16 != 0 {
		s = s&0xffff + s>>16
	}
	return ^uint16(s)
}

func sum(b []byte) (s uint32) {
	for i := 0; i+1 < len(b); i += 2 {
		s += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	if len(b)%2 != 0 {
		s += uint32(b[len(b)-1]) << 8
	}
	return s
}

func ports(b []byte, k capture.Key) []byte {
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, k.SrcPort), k.DstPort)
}

// udp writes a UDP header; a checksum of 0 is sent as its complement (RFC 768).
func (w *written) udp() {
	w.rest = min(w.rest, math.MaxUint16-ip4Len-udpLen)
	w.header = binary.BigEndian.AppendUint16(ports(nil, w.key), uint16(udpLen+w.rest))
	w.header = append(w.header, 0, 0)
	binary.BigEndian.PutUint16(w.header[6:], checksum(w.header, w.pseudo(udpLen+w.rest)))
	if w.header[6] == 0 && w.header[7] == 0 {
		w.header[6], w.header[7] = 0xff, 0xff
	}
}

// fragment writes what is known of a fragment: its place, and no data.
func (w *written) fragment(p *capture.Packet) bool {
	f, ok := decode.FragmentOf(p)
	if !ok {
		return false
	}
	w.key.Proto = f.Next
	more := uint16(0)
	if f.More {
		more = 1
	}
	if !w.v6 {
		w.fragOff = p.FragOff/8 | more<<13
		return true
	}
	w.proto = protoFragment
	w.header = []byte{f.Next, 0}
	w.header = binary.BigEndian.AppendUint16(w.header, p.FragOff&^7|more)
	w.header = binary.BigEndian.AppendUint32(w.header, f.ID)
	return true
}

// ends replaces both ends of a packet, and the port of the one that is the client.
func (r *Redactor) ends(k capture.Key) capture.Key {
	out := capture.Key{Src: r.bytes(k.Src), Dst: r.bytes(k.Dst), SrcPort: k.SrcPort, DstPort: k.DstPort, Proto: k.Proto}
	if r.fromClient(k) {
		out.SrcPort = r.Port(k.SrcPort)
	} else {
		out.DstPort = r.Port(k.DstPort)
	}
	return out
}

// fromClient reports whether a packet's sender is the client, by the records of its
// flow. Of a flow that was in none the known end is the server, else the lower port.
func (r *Redactor) fromClient(k capture.Key) bool {
	c, swapped := k.Canonical()
	r.mu.Lock()
	server, ok := r.roles[c]
	r.mu.Unlock()
	if ok {
		return server == swapped
	}
	src, dst := r.knows(k.SrcAddr()), r.knows(k.DstAddr())
	switch {
	case src != dst:
		return dst
	case k.SrcPort != k.DstPort:
		return k.SrcPort > k.DstPort
	}
	return !swapped
}
