package decode

import (
	"net/netip"
	"strings"

	"chokepoint/capture"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// facts is what both decoders can say of a packet, in comparable form.
type facts struct {
	IP         bool
	Src, Dst   netip.Addr
	Proto      uint8
	TTL, TOS   uint8
	ID         uint16
	Fragment   bool
	FragOff    uint16
	Transport  string // "tcp", "udp", "icmp" or ""
	SPort      uint16
	DPort      uint16
	Seq, Ack   uint32
	Flags      uint16
	Window     uint16
	MSS        uint16
	WScale     int
	SACKOK     bool
	TS         bool
	TSval      uint32
	TSecr      uint32
	SACK       string
	PayloadLen int // on the wire
	Captured   int
	Checksum   bool // IPv4 header checksum is not wrong
}

// ours states the facts of a decoded packet.
func ours(p *capture.Packet) facts {
	f := facts{WScale: -1, Checksum: p.Has&capture.BadIPSum == 0}
	if p.Has&capture.HasIP == 0 {
		return f
	}
	f.IP, f.Src, f.Dst, f.Proto = true, p.Key.SrcAddr(), p.Key.DstAddr(), p.Key.Proto
	if p.Has&capture.HasIPv6 != 0 {
		f.Src, f.Dst = netip.AddrFrom16(p.Key.Src), netip.AddrFrom16(p.Key.Dst)
	}
	f.TTL, f.TOS, f.ID = p.TTL, p.TOS, p.IPID
	f.Fragment, f.FragOff = p.Has&capture.IsFragment != 0, p.FragOff
	if f.Fragment {
		return f
	}
	switch {
	case p.Has&capture.HasTCP != 0:
		f.Transport = "tcp"
		f.Seq, f.Ack, f.Flags, f.Window = p.Seq, p.Ack, p.Flags, p.Window
		f.MSS, f.SACKOK, f.TS, f.TSval, f.TSecr = p.MSS, p.Has&capture.HasSACKOK != 0, p.Has&capture.HasTS != 0, p.TSval, p.TSecr
		if p.Has&capture.HasWScale != 0 {
			f.WScale = int(p.WScale)
		}
		f.SACK = blocks(p)
	case p.Has&capture.HasUDP != 0:
		f.Transport = "udp"
	case p.Has&capture.HasICMP != 0:
		f.Transport = "icmp"
	default:
		return f
	}
	if p.Has&(capture.HasTCP|capture.HasUDP) != 0 {
		f.SPort, f.DPort = p.Key.SrcPort, p.Key.DstPort
		f.PayloadLen, f.Captured = int(p.PayloadLen), len(p.Payload)
	}
	return f
}

func blocks(p *capture.Packet) string {
	var s strings.Builder
	for _, b := range p.SACK[:p.NSACK] {
		s.Write(u32(int(b[0])))
		s.Write(u32(int(b[1])))
	}
	return s.String()
}

// theirs states the facts as gopacket decodes them: the last IP header, and the
// transport behind it.
func theirs(pkt gopacket.Packet) facts {
	f := facts{WScale: -1, Checksum: true}
	rest := 0
	for _, l := range pkt.Layers() {
		switch l := l.(type) {
		case *layers.IPv4:
			if len(l.Contents) < 20 || int(l.IHL)*4 != len(l.Contents) {
				continue // a header it found bad, kept as a layer all the same
			}
			src, _ := netip.AddrFromSlice(l.SrcIP)
			dst, _ := netip.AddrFromSlice(l.DstIP)
			f = facts{WScale: -1, IP: true, Src: src, Dst: dst, Proto: uint8(l.Protocol), TTL: l.TTL, TOS: l.TOS, ID: l.Id}
			f.Fragment = l.Flags&layers.IPv4MoreFragments != 0 || l.FragOffset != 0
			f.FragOff = l.FragOffset * 8
			f.Checksum = l.Checksum == 0 || onesSum(l.Contents) == 0xffff
			rest = int(l.Length) - len(l.Contents)
		case *layers.IPv6:
			src, _ := netip.AddrFromSlice(l.SrcIP)
			dst, _ := netip.AddrFromSlice(l.DstIP)
			f = facts{WScale: -1, IP: true, Src: src, Dst: dst, Proto: uint8(l.NextHeader), TTL: l.HopLimit, TOS: l.TrafficClass, Checksum: true}
			rest = int(l.Length)
			if l.HopByHop != nil {
				rest -= len(l.HopByHop.Contents)
				f.Proto = uint8(l.HopByHop.NextHeader)
			}
		case *layers.IPv6Destination:
			f.Proto, rest = uint8(l.NextHeader), rest-len(l.Contents)
		case *layers.IPv6Routing:
			f.Proto, rest = uint8(l.NextHeader), rest-len(l.Contents)
		case *layers.IPv6Fragment:
			f.Proto, rest = uint8(l.NextHeader), rest-len(l.Contents)
			f.Fragment, f.FragOff = l.FragmentOffset != 0 || l.MoreFragments, l.FragmentOffset*8
		case *layers.IPSecAH:
			f.Proto, rest = uint8(l.NextHeader), rest-len(l.Contents)
		case *layers.TCP:
			f.tcp(l, rest)
		case *layers.UDP:
			f.udp(l, rest)
		case *layers.ICMPv4, *layers.ICMPv6:
			f.Transport = "icmp"
		}
	}
	return f
}

func (f *facts) tcp(l *layers.TCP, rest int) {
	if len(l.Contents) < 20 {
		return // found bad, kept as a layer all the same
	}
	f.Transport, f.SPort, f.DPort = "tcp", uint16(l.SrcPort), uint16(l.DstPort)
	f.Seq, f.Ack, f.Window = l.Seq, l.Ack, l.Window
	f.Flags = uint16(l.Contents[12])<<8&0x0f00 | uint16(l.Contents[13])
	f.PayloadLen, f.Captured = rest-len(l.Contents), len(l.Payload)
	for _, o := range l.Options {
		v := o.OptionData
		switch {
		case o.OptionType == layers.TCPOptionKindMSS && len(v) == 2:
			f.MSS = uint16(v[0])<<8 | uint16(v[1])
		case o.OptionType == layers.TCPOptionKindWindowScale && len(v) == 1:
			f.WScale = int(v[0])
		case o.OptionType == layers.TCPOptionKindSACKPermitted && len(v) == 0:
			f.SACKOK = true
		case o.OptionType == layers.TCPOptionKindSACK && len(v) > 0 && len(v)%8 == 0:
			f.SACK = string(v)
		case o.OptionType == layers.TCPOptionKindTimestamps && len(v) == 8:
			f.TS = true
			f.TSval = uint32(v[0])<<24 | uint32(v[1])<<16 | uint32(v[2])<<8 | uint32(v[3])
			f.TSecr = uint32(v[4])<<24 | uint32(v[5])<<16 | uint32(v[6])<<8 | uint32(v[7])
		}
	}
}

func (f *facts) udp(l *layers.UDP, rest int) {
	if len(l.Contents) < 8 {
		return
	}
	f.Transport, f.SPort, f.DPort = "udp", uint16(l.SrcPort), uint16(l.DstPort)
	f.PayloadLen, f.Captured = int(l.Length)-8, len(l.Payload)
	if l.Length == 0 || int(l.Length) > rest {
		f.PayloadLen = rest - 8
	}
}

func onesSum(h []byte) uint16 {
	sum := 0
	for i := 0; i+1 < len(h); i += 2 {
		sum += int(h[i])<<8 | int(h[i+1])
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}

// oracle decodes with gopacket. Its panics inside are recovered by NewPacket.
// Link types it does not know are given to it as ones it does.
func oracle(link capture.LinkType, frame []byte) (facts, gopacket.Packet) {
	switch {
	case link == capture.LinkIPv4, link == capture.LinkIPv6, link == capture.LinkRawBSD, link == capture.LinkRawOpen:
		link = capture.LinkRaw
	case link == capture.LinkSLL2 && len(frame) >= 20 && frame[0] >= 6:
		link, frame = capture.LinkEthernet, ether(int(frame[0])<<8|int(frame[1]), frame[20:])
	}
	pkt := gopacket.NewPacket(frame, layers.LinkType(link), gopacket.DecodeOptions{NoCopy: true})
	return theirs(pkt), pkt
}

// linkType undoes what gopacket's 8-bit link type does to LINUX_SLL2.
func linkType(l layers.LinkType) capture.LinkType {
	if capture.LinkType(l) == capture.LinkSLL2&0xff {
		return capture.LinkSLL2
	}
	return capture.LinkType(l)
}
