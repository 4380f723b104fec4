package policy

import (
	"net/netip"
	"slices"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"chokepoint/capture"
	"chokepoint/pcaps/lab/box"
)

// ethernet is the length of an Ethernet II header.
const ethernet = 14

// network is an IP header that can be written.
type network interface {
	gopacket.NetworkLayer
	gopacket.SerializableLayer
}

// forged is the network header of a packet that a box makes, about one that it saw.
type forged struct {
	about *box.Packet
	dir   box.Dir
	from  netip.Addr // zero: in the name of whom about comes from or goes to
	ttl   uint8      // when it leaves the box
	id    uint16     // IPv4
	noDF  bool
	tos   uint8
}

// plain reports whether a packet is one that can be answered: IP in Ethernet and
// nothing between.
func plain(p *box.Packet) bool {
	return p.Has&capture.HasIP != 0 && p.Has&(capture.HasOuter|capture.HasVLAN) == 0
}

// ports are those of the forged packet.
func (f *forged) ports() (src, dst uint16) {
	if f.dir == f.about.Dir {
		return f.about.Key.SrcPort, f.about.Key.DstPort
	}
	return f.about.Key.DstPort, f.about.Key.SrcPort
}

// headers are the link's and the network's.
func (f *forged) headers(proto layers.IPProtocol) (eth []byte, ip network) {
	eth = f.about.Frame[:ethernet]
	src, dst := f.about.Key.SrcAddr(), f.about.Key.DstAddr()
	if f.dir != f.about.Dir {
		src, dst = dst, src
		eth = slices.Concat(eth[6:12], eth[:6], eth[12:])
	}
	if f.from.IsValid() {
		src = f.from
	}
	if dst.Is4() {
		ip := &layers.IPv4{Version: 4, TTL: f.ttl, Id: f.id, TOS: f.tos, Protocol: proto, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
		if !f.noDF {
			ip.Flags = layers.IPv4DontFragment
		}
		return eth, ip
	}
	return eth, &layers.IPv6{Version: 6, HopLimit: f.ttl, TrafficClass: f.tos, NextHeader: proto, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
}

// tcp makes a frame with a segment. Its ports are filled in here.
func (f *forged) tcp(segment *layers.TCP, payload []byte) []byte {
	eth, ip := f.headers(layers.IPProtocolTCP)
	src, dst := f.ports()
	segment.SrcPort, segment.DstPort = layers.TCPPort(src), layers.TCPPort(dst)
	if segment.SetNetworkLayerForChecksum(ip) != nil {
		return nil
	}
	return serialize(eth, ip, segment, gopacket.Payload(payload))
}

// udp makes a frame with a datagram.
func (f *forged) udp(payload []byte) []byte {
	eth, ip := f.headers(layers.IPProtocolUDP)
	src, dst := f.ports()
	udp := &layers.UDP{SrcPort: layers.UDPPort(src), DstPort: layers.UDPPort(dst)}
	if udp.SetNetworkLayerForChecksum(ip) != nil {
		return nil
	}
	return serialize(eth, ip, udp, gopacket.Payload(payload))
}

// serialize writes layers behind an Ethernet header, with lengths and checksums; nil:
// they cannot be written. gopacket's own Ethernet would pad short frames, which
// kernels do not.
func serialize(eth []byte, ls ...gopacket.SerializableLayer) []byte {
	buf := gopacket.NewSerializeBuffer()
	if gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ls...) != nil {
		return nil
	}
	return slices.Concat(eth, buf.Bytes())
}

// inject sends a frame that was made, if it could be.
func inject(b *box.Box, r *box.Rule, d box.Dir, after time.Duration, frame []byte) {
	if frame != nil {
		b.Inject(r, d, after, frame)
	}
}

// finish ends an action about a packet: it goes on, or it is swallowed.
func finish(b *box.Box, r *box.Rule, p *box.Packet, swallow bool) (on bool) {
	if swallow {
		b.Drop(r, p)
	}
	return !swallow
}

// setFlags sets the flags of a segment as bits of package capture.
func setFlags(t *layers.TCP, flags uint16) {
	t.FIN, t.SYN, t.RST = flags&capture.FIN != 0, flags&capture.SYN != 0, flags&capture.RST != 0
	t.PSH, t.ACK, t.URG = flags&capture.PSH != 0, flags&capture.ACK != 0, flags&capture.URG != 0
	t.ECE, t.CWR, t.NS = flags&capture.ECE != 0, flags&capture.CWR != 0, flags&capture.NS != 0
}
