package decode

import (
	"encoding/binary"

	"chokepoint/capture"
)

// Protocol numbers of tunnels directly on IP (IANA protocol-numbers).
const (
	protoIPIP = 4  // RFC 2003
	protoIPv6 = 41 // RFC 4213
	protoGRE  = 47 // RFC 2784
)

// tunnel is an encapsulation and the place of the packet inside it, counted
// from the end of the outer IP header. Its kind is NoTunnel when nothing that
// looks like a packet was found.
type tunnel struct {
	kind capture.TunnelKind
	place
}

// mayTunnel tells cheaply the many packets that hold no other.
func mayTunnel(proto uint8, b []byte) bool {
	switch proto {
	case capture.ProtoTCP:
		return false
	case capture.ProtoUDP:
		return len(b) >= udpLen && overlayPort(binary.BigEndian.Uint32(b))
	}
	return proto == protoIPIP || proto == protoIPv6 || proto == protoGRE
}

// findTunnel looks for a packet inside the transport bytes b.
func findTunnel(proto uint8, b []byte, wire int) tunnel {
	var t tunnel
	switch proto {
	case protoIPIP:
		t = tunnel{capture.TunnelIPIP, place{ver: 4}}
	case protoIPv6:
		t = tunnel{capture.TunnelIPIP, place{ver: 6}}
	case protoGRE:
		t = gre(b)
	case capture.ProtoUDP:
		t = overlay(b, wire)
	}
	if t.kind != capture.NoTunnel && !plausible(b, wire, t.place) {
		t.kind = capture.NoTunnel
	}
	return t
}

// plausible reports whether a complete IP header with lengths that fit lies at
// the place.
func plausible(b []byte, wire int, at place) bool {
	if at.ver == 0 || at.off > len(b) {
		return false
	}
	b, wire = b[at.off:], wire-at.off
	if version(b) != at.ver {
		return false
	}
	if at.ver == 6 {
		return len(b) >= ipv6Len && ipv6Len+int(binary.BigEndian.Uint16(b[4:])) <= wire
	}
	if len(b) < ipv4MinLen {
		return false
	}
	hlen, total := int(b[0]&0x0f)*4, int(binary.BigEndian.Uint16(b[2:]))
	return hlen >= ipv4MinLen && hlen <= len(b) && hlen <= total && total <= wire
}

// enter books the outer header and makes room for the inner one. It refuses
// when too many were entered already.
func (d *Decoder) enter(p *capture.Packet, t *tunnel) bool {
	if p.Has&capture.HasOuter == 0 {
		p.Outer = capture.Tunnel{Kind: t.kind, TTL: p.TTL, Src: p.Key.Src, Dst: p.Key.Dst}
	} else if p.Outer.Depth >= maxTunnels {
		d.Counts[TunnelTooDeep]++
		return false
	}
	p.Outer.Depth++
	p.Has = p.Has&(capture.Decoded|capture.HasVLAN|capture.Reassembled) | capture.HasOuter
	p.IPID = 0
	if t.tagged && p.Has&capture.HasVLAN == 0 {
		p.Has |= capture.HasVLAN
		p.VLAN = t.vlan
	}
	return true
}
