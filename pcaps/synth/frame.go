package synth

import (
	"encoding/binary"
	"fmt"
	"net"
	"slices"

	"chokepoint/capture"
	"chokepoint/pcaps/craft"
)

// Hardware addresses of the recorded link: locally administered, nobody's.
var (
	macNear = net.HardwareAddr{2, 0, 0, 0, 0, 0x17}
	macFar  = net.HardwareAddr{2, 0, 0, 0, 0, 0x01}
)

const ethernetLen = 14

// shortest is the length of the shortest Ethernet frame without its checksum: what
// comes in is padded (IEEE 802.3 section 4.4.2).
const shortest = 60

// etherTypes are how Ethernet names the versions of IP (IEEE 802).
var etherTypes = map[bool][]byte{true: {0x08, 0x00}, false: {0x86, 0xdd}}

// Frame writes the packet as an Ethernet frame with right checksums. outgoing
// says whether the host that records sent it.
func (p *Packet) Frame(outgoing bool) ([]byte, error) {
	to, from := macNear, macFar
	if outgoing {
		to, from = macFar, macNear
	}
	var b []byte
	if p.raw != nil {
		b = p.rewritten()
		copy(b, to)
		copy(b[6:], from)
	} else {
		ip, err := p.packet()
		if err != nil {
			return nil, fmt.Errorf("write a packet from %v: %w", p.Src, err)
		}
		b = slices.Concat(to, from, etherTypes[p.Dst.Addr().Is4()], ip)
	}
	if n := shortest - len(b); n > 0 && !outgoing { // of what goes out, padding is the card's, after the tap
		b = append(b, make([]byte, n)...)
	}
	return b, nil
}

// packet is the IP packet.
func (p *Packet) packet() ([]byte, error) {
	ip := craft.IP{Src: p.Src.Addr(), Dst: p.Dst.Addr(), TTL: p.TTL, ID: p.ID, DF: !p.NoDF}
	switch p.Proto {
	case protoESP:
		return ip.Packet(p.Proto, p.Payload)
	case capture.ProtoUDP:
		return ip.UDP(p.Src.Port(), p.Dst.Port(), p.Payload)
	}
	return ip.TCP(&craft.TCP{
		Src: p.Src.Port(), Dst: p.Dst.Port(), Seq: p.Seq, Ack: p.Ack, Window: p.Window,
		Flags: p.Flags & (FIN | SYN | RST | PSH | ACK), Options: p.Options.bytes(),
	}, p.Payload)
}

// Kinds of TCP options (RFC 9293 section 3.1, RFC 7323, RFC 2018).
const (
	optNOP        = 1
	optMSS        = 2
	optWScale     = 3
	optSACKOK     = 4
	optSACK       = 5
	optTimestamps = 8
)

// bytes are the options in the order and with the padding of Linux
// (net/ipv4/tcp_output.c, tcp_options_write).
func (o *Options) bytes() []byte {
	var b []byte
	if o.MSS != 0 {
		b = binary.BigEndian.AppendUint16(append(b, optMSS, 4), o.MSS)
	}
	switch {
	case o.SACKOK && o.TS:
		b = append(b, optSACKOK, 2)
	case o.SACKOK:
		b = append(b, optNOP, optNOP, optSACKOK, 2)
	case o.TS:
		b = append(b, optNOP, optNOP)
	}
	if o.TS {
		b = binary.BigEndian.AppendUint32(append(b, optTimestamps, 10), o.TSval)
		b = binary.BigEndian.AppendUint32(b, o.TSecr)
	}
	if o.MSS != 0 {
		b = append(b, optNOP, optWScale, 3, o.WScale)
	}
	if len(o.SACK) > 0 {
		b = append(b, optNOP, optNOP, optSACK, uint8(2+8*len(o.SACK)))
		for _, s := range o.SACK {
			b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, s[0]), s[1])
		}
	}
	return b
}
