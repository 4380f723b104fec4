package decode

import (
	"encoding/binary"

	"chokepoint/capture"
)

// GRE header bits (RFC 2784 and 2890; RFC 1701 for routing; RFC 2637 section
// 4.1 for version 1).
const (
	greChecksum = 0x8000
	greRouting  = 0x4000
	greKey      = 0x2000
	greSeq      = 0x1000
	greAck      = 0x0080 // version 1 only
	greVersion  = 0x0007

	grePPP       = 0x880b // RFC 2637
	greERSPAN    = 0x88be // types I and II: draft-foschiano-erspan-03 section 4
	greERSPANIII = 0x22eb
)

// gre finds the packet inside a GRE header of version 0, or inside PPP over it.
func gre(b []byte) tunnel {
	if len(b) < 4 {
		return tunnel{}
	}
	flags, proto := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	size := 4
	for _, bit := range [...]uint16{greChecksum, greKey, greSeq} {
		if flags&bit != 0 {
			size += 4
		}
	}
	if flags&greVersion == 1 && proto == grePPP && flags&greAck != 0 {
		size += 4
	}
	switch {
	case flags&greRouting != 0 || size > len(b):
		return tunnel{}
	case flags&greVersion <= 1 && proto == grePPP: // PPTP, or PPP as such
		return framed(b, size)
	case flags&greVersion != 0:
		return tunnel{}
	case proto == greERSPAN:
		return erspan2(b, size, flags)
	case proto == greERSPANIII:
		return erspan3(b, size)
	case proto <= maxLLCLength:
		return tunnel{} // a length means nothing here
	}
	return tunnel{capture.TunnelGRE, walk(b, size, proto)}
}

// framed finds the packet in a PPP frame: it skips PPP's address and control bytes when they were not left out
// (RFC 1662 section 3.1), then its protocol.
func framed(b []byte, off int) tunnel {
	if len(b) < off+2 {
		return tunnel{}
	}
	if b[off] == 0xff && b[off+1] == 0x03 {
		off += 2
	}
	et, size := ppp(b, off)
	if et == 0 {
		return tunnel{}
	}
	return tunnel{capture.TunnelGRE, walk(b, size, et)}
}

// erspan2 finds the mirrored frame behind ERSPAN type II's 8 bytes, or right
// behind GRE for type I, which is known by its lack of a sequence number.
func erspan2(b []byte, off int, flags uint16) tunnel {
	if flags&greSeq != 0 {
		off += 8
	}
	if off > len(b) {
		return tunnel{}
	}
	return tunnel{capture.TunnelERSPAN, walk(b, off, etherBridged)}
}

// erspan3 skips type III's 12 bytes and, if the O bit says so, the 8 of the
// platform subheader. The frame type is Ethernet or IP.
func erspan3(b []byte, off int) tunnel {
	const size, subheader = 12, 8
	if len(b) < off+size {
		return tunnel{}
	}
	last := binary.BigEndian.Uint16(b[off+10:])
	off += size
	if last&1 != 0 {
		off += subheader
	}
	if off > len(b) {
		return tunnel{}
	}
	switch last >> 10 & 0x1f {
	case 0:
		return tunnel{capture.TunnelERSPAN, walk(b, off, etherBridged)}
	case 2:
		return tunnel{capture.TunnelERSPAN, place{off: off, ver: version(b[off:])}}
	}
	return tunnel{}
}
