package policy

import (
	"net/netip"
	"slices"
	"time"

	"chokepoint/capture"
	"chokepoint/pcaps/craft"
	"chokepoint/pcaps/lab/box"
)

// ethernet is the length of an Ethernet II header.
const ethernet = 14

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
func (f *forged) headers() (eth []byte, ip *craft.IP) {
	eth = f.about.Frame[:ethernet]
	src, dst := f.about.Key.SrcAddr(), f.about.Key.DstAddr()
	if f.dir != f.about.Dir {
		src, dst = dst, src
		eth = slices.Concat(eth[6:12], eth[:6], eth[12:])
	}
	if f.from.IsValid() {
		src = f.from
	}
	return eth, &craft.IP{Src: src, Dst: dst, TTL: f.ttl, TOS: f.tos, ID: f.id, DF: !f.noDF}
}

// tcp makes a frame with a segment. Its ports are filled in here.
func (f *forged) tcp(segment *craft.TCP, payload []byte) []byte {
	eth, ip := f.headers()
	segment.Src, segment.Dst = f.ports()
	packet, err := ip.TCP(segment, payload)
	return framed(eth, packet, err)
}

// udp makes a frame with a datagram.
func (f *forged) udp(payload []byte) []byte {
	eth, ip := f.headers()
	src, dst := f.ports()
	packet, err := ip.UDP(src, dst, payload)
	return framed(eth, packet, err)
}

// icmp makes a frame with an error.
func (f *forged) icmp(what [2]uint8, quote []byte) []byte {
	eth, ip := f.headers()
	packet, err := ip.Complain(what[0], what[1], quote)
	return framed(eth, packet, err)
}

// framed puts a packet behind an Ethernet header; nil: it could not be written. Short
// frames are not padded, as kernels do not.
func framed(eth, packet []byte, err error) []byte {
	if err != nil {
		return nil
	}
	return slices.Concat(eth, packet)
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
