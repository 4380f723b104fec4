package policy

import (
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"chokepoint/pcaps/lab/box"
)

// Rewrite makes a RST|ACK of a TCP segment in its place, as the TSPU does with the
// server's: TTL, IPID, sequence number and, unless told otherwise, all else stay,
// and the payload is cut off. A SYN/ACK so becomes a RST|ACK with the server's
// initial sequence number, which no closed port sends (RFC 9293 section 3.5.2).
type Rewrite struct {
	Flags     uint16 // 0: RSTACK
	Seq, Ack  Value  // nil: as it is
	Window    Value  // nil: as it is
	NoOptions bool   // TCP options are cut off too
}

// Act implements [box.Action].
func (a *Rewrite) Act(b *box.Box, r *box.Rule, p *box.Packet) bool {
	if !plain(p) || !TCP(p) || p.Flow == nil {
		return true
	}
	frame := a.frame(sightOf(b, p, p.Dir, false))
	if frame == nil {
		return true
	}
	p.Packet = b.Decode(p.Dir, frame).Packet
	b.Note(r, box.Rewritten, p)
	return true
}

// frame is the segment as it leaves the box, nil if it cannot be taken apart.
func (a *Rewrite) frame(s *Sight) []byte {
	p := s.Trigger
	was := gopacket.NewPacket(p.Frame, layers.LayerTypeEthernet, gopacket.DecodeOptions{NoCopy: true})
	ip, _ := was.NetworkLayer().(network)
	tcp, _ := was.TransportLayer().(*layers.TCP)
	if ip == nil || tcp == nil || was.Layers()[2] != gopacket.Layer(tcp) || tcp.SetNetworkLayerForChecksum(ip) != nil {
		return nil // IPv6 extension headers stand between, for one
	}
	tcp.Seq, tcp.Ack = a.Seq.or(Const(p.Seq), s), a.Ack.or(Const(p.Ack), s)
	tcp.Window = uint16(a.Window.or(Const(uint32(p.Window)), s))
	setFlags(tcp, RSTACK)
	if a.Flags != 0 {
		setFlags(tcp, a.Flags)
	}
	tcp.Urgent, tcp.Padding = 0, nil
	if a.NoOptions {
		tcp.Options = nil
	}
	return serialize(p.Frame[:ethernet], ip, tcp)
}
