package decode

import (
	"encoding/binary"

	"chokepoint/capture"
)

// UDP ports of the overlays (IANA service-names).
const (
	portVXLAN  = 4789
	portGTPU   = 2152
	portTeredo = 3544
)

// overlayPort reports whether the first word of a UDP header names a port of
// an overlay; VXLAN and GTP-U choose the source port freely.
func overlayPort(ports uint32) bool {
	switch ports & 0xffff {
	case portVXLAN, portGTPU, portTeredo:
		return true
	}
	return ports>>16 == portTeredo
}

// overlay finds the packet inside a UDP datagram whose header is at b and names
// an overlay's port.
func overlay(b []byte, wire int) tunnel {
	if len(b) < udpLen+8 {
		return tunnel{}
	}
	switch binary.BigEndian.Uint16(b[2:]) {
	case portVXLAN:
		return vxlan(b)
	case portGTPU:
		return gtpu(b, wire)
	}
	return teredo(b, wire)
}

// vxlan takes a frame behind a header with the I flag set (RFC 7348 section 5).
func vxlan(b []byte) tunnel {
	const valid, size = 0x08, 8
	if b[udpLen]&valid == 0 {
		return tunnel{}
	}
	return tunnel{capture.TunnelVXLAN, walk(b, udpLen+size, etherBridged)}
}

// GTP-U header (3GPP TS 29.281 section 5.1).
const (
	gtpVersionPT = 0x30 // version 1, protocol type GTP
	gtpOptional  = 0x07 // E, S or PN: four more bytes follow
	gtpExt       = 0x04 // E: the last of those names an extension header
	gtpTPDU      = 255  // message type that carries a user's packet
	gtpMaxExt    = 8    // senders use one, the PDU session container
)

// gtpu takes the packet of a G-PDU, whose length must fit the datagram.
func gtpu(b []byte, wire int) tunnel {
	h := b[udpLen:]
	if h[0]&0xf0 != gtpVersionPT || h[1] != gtpTPDU || udpLen+8+int(binary.BigEndian.Uint16(h[2:])) > wire {
		return tunnel{}
	}
	off, next := udpLen+8, uint8(0)
	if h[0]&gtpOptional != 0 {
		off += 4
		if off > len(b) {
			return tunnel{}
		}
		if h[0]&gtpExt != 0 {
			next = b[off-1]
		}
	}
	for range gtpMaxExt {
		if next == 0 {
			return tunnel{capture.TunnelGTPU, place{off: off, ver: version(b[off:])}}
		}
		if off >= len(b) {
			return tunnel{}
		}
		size := int(b[off]) * 4 // in units of four bytes, TS 29.281 section 5.2.1
		if size == 0 || off+size > len(b) {
			return tunnel{}
		}
		off += size
		next = b[off-1]
	}
	return tunnel{}
}

// teredoPrefix is 2001::/32 (RFC 4380 section 2.6).
const teredoPrefix = 0x20010000

// teredo takes an IPv6 packet that fills the datagram and has a Teredo address
// at one end. An origin indication may precede it (RFC 4380 section 5.1.1);
// authenticated ones are left packed.
func teredo(b []byte, wire int) tunnel {
	const origin = 8
	off := udpLen
	if b[off] == 0 && b[off+1] == 0 {
		off += origin
	}
	h := b[off:]
	if len(h) < ipv6Len || version(h) != 6 || off+ipv6Len+int(binary.BigEndian.Uint16(h[4:])) != wire {
		return tunnel{}
	}
	if binary.BigEndian.Uint32(h[8:]) != teredoPrefix && binary.BigEndian.Uint32(h[24:]) != teredoPrefix {
		return tunnel{}
	}
	return tunnel{capture.TunnelTeredo, place{off: off, ver: 6}}
}
