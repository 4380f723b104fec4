package decode

import (
	"encoding/binary"

	"chokepoint/capture"
)

const udpLen = 8 // RFC 768

// udp reads a UDP header. The payload is as long as the header says; what the
// datagram holds beyond is padding or UDP options (RFC 9868). A length of zero
// is a jumbogram (RFC 2675 section 4) or not yet filled in: the rest.
func (d *Decoder) udp(p *capture.Packet, b []byte, wire int) {
	if len(b) < udpLen {
		d.shortTransport(p, b, wire, udpLen)
		return
	}
	p.Key.SrcPort = binary.BigEndian.Uint16(b)
	p.Key.DstPort = binary.BigEndian.Uint16(b[2:])
	p.Has |= capture.HasPorts | capture.HasUDP
	size := int(binary.BigEndian.Uint16(b[4:]))
	switch {
	case size == 0:
		size = wire
	case size < udpLen || size > wire:
		d.Counts[BadUDPLength]++
		size = wire
	}
	setPayload(p, b[udpLen:min(len(b), size)], size-udpLen)
}
