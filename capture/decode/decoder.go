package decode

import (
	"encoding/binary"

	"chokepoint/capture"
)

// maxTunnels bounds how many tunnel headers are removed from one packet.
// Mobile cores nest GTP-U in IPsec or GRE; four leaves room to spare.
const maxTunnels = 4

// Decoder decodes frames and counts what is malformed. The zero value works; it
// is for one goroutine.
type Decoder struct {
	Seed   uint64 // of Packet.Hash, random per run
	Counts Counts

	frag Fragment // of the last packet that was a fragment
}

// Decode fills p from p.Frame, p.Link and p.WireLen, whatever p held before.
// Num, Time, If, Link, WireLen and Frame are left alone. Outer, Quoted and the
// SACK blocks beyond NSACK are only written when p.Has flags them.
func (d *Decoder) Decode(p *capture.Packet) {
	reset(p)
	b := p.Frame
	wire := max(int(p.WireLen), len(b))
	// The common frame goes straight to IP.
	if p.Link == capture.LinkEthernet && len(b) >= ethernetLen && binary.BigEndian.Uint16(b[12:]) == etherIPv4 {
		d.ip(p, b[ethernetLen:], wire-ethernetLen, 4)
	} else {
		d.frame(p, b, wire)
	}
	d.finish(p)
}

// DecodeIP fills p from a whole IP datagram, header included, that was put
// together from fragments; the header must be that of an unfragmented datagram
// with its checksum zero or right. Besides the fields that [Decoder.Decode]
// keeps, it keeps VLAN and Outer as the fragments had them, and sets
// Reassembled. Payload then lies in ip.
func (d *Decoder) DecodeIP(p *capture.Packet, ip []byte) {
	kept, vlan := p.Has&(capture.HasVLAN|capture.HasOuter), p.VLAN
	reset(p)
	p.Has |= kept | capture.Reassembled
	p.VLAN = vlan
	if ver := version(ip); ver != 0 {
		d.ip(p, ip, len(ip), ver)
	} else {
		d.Counts[BadIPVersion]++
	}
	d.finish(p)
}

// reset clears what the packet's last use left, except the large parts that
// Has guards.
func reset(p *capture.Packet) {
	p.Has = capture.Decoded | p.Has&capture.HasSegs
	p.IPLen = 0
	p.TTL, p.TOS = 0, 0
	p.IPID, p.FragOff, p.VLAN = 0, 0, 0
	p.ICMPType, p.ICMPCode = 0, 0
	p.Flags, p.Window = 0, 0
	p.Seq, p.Ack = 0, 0
	p.TSval, p.TSecr = 0, 0
	p.MSS, p.WScale, p.OptsLen, p.NSACK = 0, 0, 0, 0
	p.Payload, p.PayloadLen = nil, 0
	if p.Has&capture.HasSegs == 0 {
		p.Segs = 1
	}
}

func (d *Decoder) finish(p *capture.Packet) {
	if p.Has&capture.HasIP == 0 {
		p.Key = capture.Key{}
		p.Shard, p.Hash = 0, 0
		return
	}
	p.Shard = p.Key.Hash(0)
	p.Hash = p.Key.Hash(d.Seed)
}

// frame takes the way through the link layer, tag by tag.
func (d *Decoder) frame(p *capture.Packet, b []byte, wire int) {
	at := locateIP(b, p.Link)
	if at.tagged {
		p.Has |= capture.HasVLAN
		p.VLAN = at.vlan
	}
	if at.ver == 0 {
		if at.cause == TruncatedLink || at.cause == TruncatedIP {
			d.short(p, len(b), wire, at.cause)
		} else {
			d.Counts[at.cause]++
		}
		return
	}
	d.ip(p, b[at.off:], wire-at.off, at.ver)
}

// ip decodes from an IP header on and goes through tunnels to the innermost
// one. b is what was captured of the wire bytes.
func (d *Decoder) ip(p *capture.Packet, b []byte, wire int, ver uint8) {
	for {
		var ok bool
		if ver == 4 {
			b, wire, ok = d.ipv4(p, b, wire)
		} else {
			b, wire, ok = d.ipv6(p, b, wire)
		}
		if !ok {
			return
		}
		if !mayTunnel(p.Key.Proto, b) {
			break
		}
		t := findTunnel(p.Key.Proto, b, wire)
		if t.kind == capture.NoTunnel || !d.enter(p, &t) {
			break
		}
		b, wire, ver = b[t.off:], wire-t.off, t.ver
	}
	switch p.Key.Proto {
	case capture.ProtoTCP:
		d.tcp(p, b, wire)
	case capture.ProtoUDP:
		d.udp(p, b, wire)
	case capture.ProtoICMP, capture.ProtoICMPv6:
		d.icmp(p, b, wire)
	default:
		setPayload(p, b, wire)
	}
}

// setPayload records the payload: what was captured, and its length on the wire.
func setPayload(p *capture.Packet, b []byte, wire int) {
	p.Payload = b
	p.PayloadLen = uint32(wire)
	if len(b) < wire {
		p.Has |= capture.Clipped
	}
}

// short books a header that is not all there: to the snaplen if the wire had
// more than was captured, else to the sender.
func (d *Decoder) short(p *capture.Packet, have, wire int, c Cause) {
	if have < wire {
		p.Has |= capture.Clipped
		c = ClippedHeaders
	}
	d.Counts[c]++
}
