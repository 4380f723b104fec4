package decode

import (
	"encoding/binary"

	"chokepoint/capture"
)

const (
	tcpMinLen = 20     // RFC 9293 section 3.1
	flagsMask = 0x0fff // what follows the data offset in bytes 12 and 13
)

func (d *Decoder) tcp(p *capture.Packet, b []byte, wire int) {
	if len(b) < tcpMinLen {
		d.shortTransport(p, b, wire, tcpMinLen)
		return
	}
	h := b[:tcpMinLen]
	p.Key.SrcPort = binary.BigEndian.Uint16(h)
	p.Key.DstPort = binary.BigEndian.Uint16(h[2:])
	p.Seq = binary.BigEndian.Uint32(h[4:])
	p.Ack = binary.BigEndian.Uint32(h[8:])
	p.Flags = binary.BigEndian.Uint16(h[12:]) & flagsMask
	p.Window = binary.BigEndian.Uint16(h[14:])
	p.Has |= capture.HasPorts | capture.HasTCP
	size := int(h[12]>>4) * 4
	if size < tcpMinLen || size > wire {
		// Where the payload begins is anyone's guess, so there is none.
		p.Has |= capture.BadOpts
		d.Counts[BadTCPOffset]++
		return
	}
	if size > tcpMinLen {
		p.OptsLen = uint8(size - tcpMinLen)
		if size > len(b) {
			p.Has |= capture.Clipped
		}
		d.options(p, b[tcpMinLen:min(size, len(b))])
	}
	setPayload(p, b[min(size, len(b)):], wire-size)
}

// shortTransport handles a transport header of need bytes that is not all in b.
// If the snaplen cut it, the ports are still worth having.
func (d *Decoder) shortTransport(p *capture.Packet, b []byte, wire, need int) {
	if wire < need {
		d.Counts[TruncatedTransport]++
		return
	}
	p.Has |= capture.Clipped
	d.Counts[ClippedHeaders]++
	if len(b) >= 4 && p.Key.Proto != capture.ProtoICMP && p.Key.Proto != capture.ProtoICMPv6 {
		p.Key.SrcPort = binary.BigEndian.Uint16(b)
		p.Key.DstPort = binary.BigEndian.Uint16(b[2:])
		p.Has |= capture.HasPorts
	}
}
