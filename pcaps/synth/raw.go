package synth

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"

	"chokepoint/capture"
	"chokepoint/capture/decode"
)

// Parse makes a packet of an Ethernet frame that goes in a direction, as something
// on the way has left it. Its bytes stay what they are, but for what routers
// change. The frame is the packet's.
func Parse(dir Dir, frame []byte) (*Packet, error) {
	c := capture.Packet{Frame: frame, WireLen: uint32(len(frame)), Link: capture.LinkEthernet}
	var d decode.Decoder
	d.Decode(&c)
	end := ethernetLen + int(c.IPLen)
	if c.Has&capture.HasIP == 0 || c.Has&(capture.HasOuter|capture.HasVLAN) != 0 || end > len(frame) {
		return nil, fmt.Errorf("a frame of %d bytes that holds no plain IP packet", len(frame))
	}
	p := &Packet{Dir: dir, Proto: c.Key.Proto, TTL: c.TTL, ID: c.IPID, NoDF: c.Has&(capture.HasIPID|capture.HasDF) == capture.HasIPID,
		Src: netip.AddrPortFrom(c.Key.SrcAddr(), c.Key.SrcPort), Dst: netip.AddrPortFrom(c.Key.DstAddr(), c.Key.DstPort),
		Flags: c.Flags, Seq: c.Seq, Ack: c.Ack, Window: c.Window, Options: optionsOf(&c), Payload: c.Payload, raw: frame[:end]}
	if c.Has&capture.HasQuoted != 0 {
		p.quoted = &complaint{c.Quoted, c.ICMPType, c.ICMPCode}
	}
	switch {
	case c.Has&(capture.BadIPSum|capture.IsFragment) != 0:
		p.broken = true
	case c.Has&capture.HasTCP != 0:
		p.broken = !p.sound(20 + int(c.OptsLen) + len(c.Payload))
	case c.Has&capture.HasUDP != 0:
		p.broken = !p.sound(8 + len(c.Payload))
	}
	return p, nil
}

// complaint is what an ICMP error says.
type complaint struct {
	capture.Quoted
	typ, code uint8
}

func optionsOf(c *capture.Packet) Options {
	o := Options{MSS: c.MSS, SACKOK: c.Has&capture.HasSACKOK != 0, WScale: c.WScale,
		TS: c.Has&capture.HasTS != 0, TSval: c.TSval, TSecr: c.TSecr}
	if c.Has&capture.HasSACK != 0 {
		o.SACK = slices.Clone(c.SACK[:c.NSACK])
	}
	return o
}

// sumAt is where the checksum stands in a transport's header.
var sumAt = map[uint8]int{capture.ProtoTCP: 16, capture.ProtoUDP: 6}

// sound reports whether the checksum of the transport, the last n bytes of the raw
// packet, is right.
func (p *Packet) sound(n int) bool {
	segment := p.raw[len(p.raw)-n:]
	if p.Proto == capture.ProtoUDP && binary.BigEndian.Uint16(segment[6:]) == 0 {
		return p.Src.Addr().Is4() // not computed (RFC 768); IPv6 insists on one
	}
	sum := uint32(n) + uint32(p.Proto)
	for _, part := range [][]byte{p.Src.Addr().AsSlice(), p.Dst.Addr().AsSlice(), segment} {
		for ; len(part) > 1; part = part[2:] {
			sum += uint32(binary.BigEndian.Uint16(part))
		}
		if len(part) > 0 {
			sum += uint32(part[0]) << 8
		}
	}
	return fold(sum) == 0xffff
}

func fold(sum uint32) uint16 {
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	return uint16(sum)
}

// rewritten is the raw frame with the addresses and the TTL that the packet has
// now. Checksums are mended, not made anew: a wrong one stays wrong.
func (p *Packet) rewritten() []byte {
	b := slices.Clone(p.raw)
	ip := b[ethernetLen:]
	if !p.Src.Addr().Is4() {
		ip[7] = p.TTL // nobody translates IPv6 here
		return b
	}
	exchange(ip[8:9], []byte{p.TTL}, ip[10:12])
	p.translate(ip, 12, p.Src.Addr())
	p.translate(ip, 16, p.Dst.Addr())
	return b
}

// translate changes an IPv4 address at its place in the header.
func (p *Packet) translate(ip []byte, at int, to netip.Addr) {
	old, is := ip[at:at+4], to.AsSlice()
	if string(old) == string(is) {
		return
	}
	rest := ip[int(ip[0]&0x0f)*4:]
	first := binary.BigEndian.Uint16(ip[6:])&0x1fff == 0
	if at, ok := sumAt[p.Proto]; ok && first && len(rest) >= at+2 {
		exchange(slices.Clone(old), is, rest[at:at+2])
	}
	if p.quoted != nil {
		translateQuote(rest, old, is)
	}
	exchange(old, is, ip[10:12])
}

// translateQuote changes an address in the header that an ICMP error quotes (RFC
// 5508 section 4.2). What follows that header stays: its checksum is not looked at.
func translateQuote(icmp, old, is []byte) {
	quote := icmp[8:] // what is quoted has a whole IPv4 header
	for at := 12; at <= 16; at += 4 {
		a := quote[at : at+4]
		if string(a) != string(old) {
			continue
		}
		sum := slices.Clone(quote[10:12])
		exchange(slices.Clone(a), is, sum)
		exchange(quote[10:12], sum, icmp[2:4])
		exchange(a, is, icmp[2:4])
		return
	}
}

// exchange puts new bytes in the place of old ones, which begin at an even place of
// what a checksum covers, and mends the checksum (RFC 1624 equation 3).
func exchange(old, is, sum []byte) {
	s := uint32(^binary.BigEndian.Uint16(sum))
	for i := range old {
		shift := 8 * (1 - i&1)
		s += uint32(^(uint16(old[i]) << shift)) + uint32(is[i])<<shift
		old[i] = is[i]
	}
	binary.BigEndian.PutUint16(sum, ^fold(s))
}
