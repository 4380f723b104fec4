package synth

import (
	"encoding/binary"
	"fmt"
	"net"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"chokepoint/capture"
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

// Frame writes the packet as an Ethernet frame with right checksums. outgoing
// says whether the host that records sent it.
func (p *Packet) Frame(outgoing bool) ([]byte, error) {
	eth := &layers.Ethernet{SrcMAC: macFar, DstMAC: macNear}
	if outgoing {
		eth.SrcMAC, eth.DstMAC = macNear, macFar
	}
	if p.raw != nil {
		b := p.rewritten()
		copy(b, eth.DstMAC)
		copy(b[6:], eth.SrcMAC)
		if n := shortest - len(b); n > 0 && !outgoing {
			b = append(b, make([]byte, n)...)
		}
		return b, nil
	}
	ip, kind := ipLayer(p)
	eth.EthernetType = kind
	rows := []gopacket.SerializableLayer{eth, ip}
	if p.Proto != protoESP {
		transport, err := transportLayer(p, ip)
		if err != nil {
			return nil, fmt.Errorf("checksum of a packet from %v: %w", p.Src, err)
		}
		rows = append(rows, transport)
	}
	buf := gopacket.NewSerializeBuffer()
	opt := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(buf, opt, append(rows, gopacket.Payload(p.Payload))...); err != nil {
		return nil, fmt.Errorf("serialise a packet from %v: %w", p.Src, err)
	}
	b := buf.Bytes()
	if outgoing { // padding to 60 bytes is the card's, after the tap
		b = b[:ethernetLen+p.IPLen()]
	}
	return b, nil
}

// network is an IP header of either version.
type network interface {
	gopacket.SerializableLayer
	gopacket.NetworkLayer
}

// ipLayer returns the packet's IP header and how Ethernet names its version.
func ipLayer(p *Packet) (network, layers.EthernetType) {
	src, dst := p.Src.Addr(), p.Dst.Addr()
	if !src.Is4() {
		return &layers.IPv6{Version: 6, HopLimit: p.TTL, NextHeader: layers.IPProtocol(p.Proto),
			SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}, layers.EthernetTypeIPv6
	}
	ip := &layers.IPv4{Version: 4, IHL: 5, TTL: p.TTL, Id: p.ID, Protocol: layers.IPProtocol(p.Proto),
		Flags: layers.IPv4DontFragment, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
	if p.NoDF {
		ip.Flags = 0
	}
	return ip, layers.EthernetTypeIPv4
}

// transportLayer returns the TCP or UDP header, which takes its checksum's pseudo
// header from below.
func transportLayer(p *Packet, below gopacket.NetworkLayer) (gopacket.SerializableLayer, error) {
	src, dst := p.Src.Port(), p.Dst.Port()
	if p.Proto == capture.ProtoUDP {
		u := &layers.UDP{SrcPort: layers.UDPPort(src), DstPort: layers.UDPPort(dst)}
		return u, u.SetNetworkLayerForChecksum(below)
	}
	t := &layers.TCP{
		SrcPort: layers.TCPPort(src), DstPort: layers.TCPPort(dst), Seq: p.Seq, Ack: p.Ack, Window: p.Window,
		FIN: p.Flags&FIN != 0, SYN: p.Flags&SYN != 0, RST: p.Flags&RST != 0, PSH: p.Flags&PSH != 0, ACK: p.Flags&ACK != 0,
		Options: p.Options.layers(),
	}
	return t, t.SetNetworkLayerForChecksum(below)
}

// layers lists the options in the order and with the padding of Linux
// (net/ipv4/tcp_output.c, tcp_options_write).
func (o *Options) layers() []layers.TCPOption {
	var out []layers.TCPOption
	add := func(kind layers.TCPOptionKind, data []byte) {
		out = append(out, layers.TCPOption{OptionType: kind, OptionLength: uint8(2 + len(data)), OptionData: data})
	}
	nop := func(n int) {
		for range n {
			out = append(out, layers.TCPOption{OptionType: layers.TCPOptionKindNop, OptionLength: 1})
		}
	}
	if o.MSS != 0 {
		add(layers.TCPOptionKindMSS, binary.BigEndian.AppendUint16(nil, o.MSS))
	}
	switch {
	case o.SACKOK && o.TS:
		add(layers.TCPOptionKindSACKPermitted, nil)
	case o.SACKOK:
		nop(2)
		add(layers.TCPOptionKindSACKPermitted, nil)
	case o.TS:
		nop(2)
	}
	if o.TS {
		add(layers.TCPOptionKindTimestamps, binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, o.TSval), o.TSecr))
	}
	if o.MSS != 0 {
		nop(1)
		add(layers.TCPOptionKindWindowScale, []byte{o.WScale})
	}
	if len(o.SACK) > 0 {
		nop(2)
		var b []byte
		for _, s := range o.SACK {
			b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, s[0]), s[1])
		}
		add(layers.TCPOptionKindSACK, b)
	}
	return out
}
