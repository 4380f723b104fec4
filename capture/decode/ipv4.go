package decode

import (
	"encoding/binary"
	"math/bits"

	"chokepoint/capture"
)

// Fields of the IPv4 header (RFC 791 section 3.1).
const (
	ipv4MinLen = 20
	flagDF     = 0x4000
	flagMF     = 0x2000
	fragMask   = 0x1fff // in units of 8 bytes
)

// mapped is the second half of ::ffff:0:0 as a little-endian word (RFC 4291
// section 2.5.5.2).
const mapped = 0xffff0000

// ipv4 reads the header at the start of b, of which wire bytes were on the
// wire, and returns the transport's bytes and their length on the wire. Where
// ok is false there is nothing more to decode.
func (d *Decoder) ipv4(p *capture.Packet, b []byte, wire int) (rest []byte, restWire int, ok bool) {
	if len(b) < ipv4MinLen {
		d.short(p, len(b), wire, TruncatedIP)
		return nil, 0, false
	}
	hlen := int(b[0]&0x0f) * 4
	total := int(binary.BigEndian.Uint16(b[2:]))
	if total == 0 {
		total = wire // captured before segmentation offload filled it in
	}
	if b[0]>>4 != 4 || hlen < ipv4MinLen || total < hlen || len(b) < hlen || total > wire {
		if !d.checkIPv4(p, b, hlen, total, wire) {
			return nil, 0, false
		}
	}
	mapIPv4(&p.Key, b)
	p.Key.Proto = b[9]
	p.IPLen = uint32(total)
	p.TOS = b[1]
	p.IPID = binary.BigEndian.Uint16(b[4:])
	p.TTL = b[8]
	p.Has |= capture.HasIP | capture.HasIPID
	if !checksumOK(b[:hlen]) {
		p.Has |= capture.BadIPSum
		d.Counts[BadIPChecksum]++
	}
	whole := b[:min(len(b), total)]
	rest, restWire = whole[hlen:], total-hlen
	frag := binary.BigEndian.Uint16(b[6:])
	if frag&flagDF != 0 {
		p.Has |= capture.HasDF
	}
	if frag&(flagMF|fragMask) != 0 {
		d.frag = Fragment{IP: whole, HeaderLen: hlen, ID: uint32(p.IPID), Next: b[9], More: frag&flagMF != 0}
		p.Has |= capture.IsFragment
		p.FragOff = frag & fragMask << 3
		setPayload(p, rest, restWire)
		return nil, 0, false
	}
	if p.Key.Proto == protoAH {
		return d.extensions(p, whole, hlen, total)
	}
	return rest, restWire, true
}

// checkIPv4 counts what is wrong with a header and says whether it can be used
// all the same.
func (d *Decoder) checkIPv4(p *capture.Packet, b []byte, hlen, total, wire int) bool {
	switch {
	case b[0]>>4 != 4:
		d.Counts[BadIPVersion]++
	case hlen < ipv4MinLen:
		d.Counts[BadIPHeaderLen]++
	case total < hlen:
		d.Counts[BadIPLength]++
	case len(b) < hlen:
		d.short(p, len(b), wire, TruncatedIP)
	default:
		d.Counts[IPBeyondFrame]++
		return true
	}
	return false
}

// mapIPv4 stores the addresses of an IPv4 header and clears the ports. b has
// at least ipv4MinLen bytes.
func mapIPv4(k *capture.Key, b []byte) {
	binary.LittleEndian.PutUint64(k.Src[:8], 0)
	binary.LittleEndian.PutUint64(k.Src[8:], mapped|uint64(binary.LittleEndian.Uint32(b[12:]))<<32)
	binary.LittleEndian.PutUint64(k.Dst[:8], 0)
	binary.LittleEndian.PutUint64(k.Dst[8:], mapped|uint64(binary.LittleEndian.Uint32(b[16:]))<<32)
	k.SrcPort, k.DstPort = 0, 0
}

// checksumOK verifies an IPv4 header. A zero checksum was left to the network
// card and counts as good. The sum is the same in any byte order (RFC 1071
// section 2), so whole words are added as they lie.
func checksumOK(h []byte) bool {
	if h[10]|h[11] == 0 {
		return true
	}
	sum, carry := bits.Add64(binary.LittleEndian.Uint64(h), binary.LittleEndian.Uint64(h[8:]), 0)
	sum, carry = bits.Add64(sum, uint64(binary.LittleEndian.Uint32(h[16:])), carry)
	for i := ipv4MinLen; i+4 <= len(h); i += 4 {
		sum, carry = bits.Add64(sum, uint64(binary.LittleEndian.Uint32(h[i:])), carry)
	}
	sum = sum>>32 + sum&0xffffffff + carry
	sum = sum>>16 + sum&0xffff
	sum = sum>>16 + sum&0xffff
	sum = sum>>16 + sum&0xffff
	return sum == 0xffff
}
