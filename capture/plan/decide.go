package plan

import (
	"encoding/binary"

	"chokepoint/capture"
)

// TCP and UDP headers (RFC 9293 section 3.1, RFC 768).
const (
	tcpLen  = 20
	udpLen  = 8
	control = byte(capture.SYN | capture.FIN | capture.RST)
)

// Decider says how much of a frame live capture delivers. It counts the packets
// with payload of each flow, so it has to see all frames, in order. Make one with
// [NewDecider]; it is for one goroutine.
type Decider struct {
	plan  capture.Plan
	flows flows
}

// NewDecider returns a Decider that has seen nothing.
func NewDecider(p capture.Plan) *Decider {
	return &Decider{plan: p, flows: newFlows(maxFlows)}
}

// Cut returns how many bytes of a captured frame are delivered, at most
// len(frame). wire is its length on the wire. A tag of 802.1Q or 802.1ad that is
// the first is taken for one that live capture finds beside the frame.
func (d *Decider) Cut(frame []byte, wire uint32, link capture.LinkType) int {
	tag := 0
	if link == capture.LinkEthernet && tagged(frame) {
		tag = tagLen
	}
	return d.cut(frame, wire, link, tag)
}

// CutBare is Cut for a frame as the kernel's program meets it: a tag in the
// packet's metadata is not among its bytes, and any tag that is counts.
func (d *Decider) CutBare(frame []byte, wire uint32, link capture.LinkType) int {
	return d.cut(frame, wire, link, 0)
}

// cut decides with the first tag bytes of tags left out of account.
func (d *Decider) cut(frame []byte, wire uint32, link capture.LinkType, tag int) int {
	f := view{b: frame, wire: max(int64(wire), int64(len(frame)))}
	most := min(int64(len(frame)), int64(d.plan.Whole)+int64(tag))
	if !f.internet(link, tag) {
		return int(most)
	}
	headers, whole := d.transport(&f)
	if whole {
		return int(most)
	}
	return int(min(most, int64(headers)+min(f.payload, int64(d.plan.Head))))
}

// transport looks at the transport header. It returns where that ends, or that
// the frame is delivered whole.
func (d *Decider) transport(f *view) (headers int, whole bool) {
	switch f.key.Proto {
	case capture.ProtoESP: // sealed: nothing behind the IP header says anything
		f.payload = max(f.end-int64(f.l4), 0)
		return f.l4, false
	case capture.ProtoTCP:
		return d.tcp(f)
	}
	return d.udp(f)
}

func (d *Decider) tcp(f *view) (headers int, whole bool) {
	h, ok := f.at(f.l4, tcpLen)
	if !ok || h[12]>>4 < tcpLen/4 {
		return 0, true
	}
	f.ports(h)
	if flags := h[13]; flags&control != 0 {
		if flags&byte(capture.SYN|capture.ACK) == byte(capture.SYN) {
			d.flows.begin(&f.key)
		}
		return 0, true
	}
	headers = f.l4 + int(h[12]>>4)*4
	f.payload = max(f.end-int64(headers), 0)
	return headers, names(f.key.SrcPort) || names(f.key.DstPort) || d.early(f)
}

func (d *Decider) udp(f *view) (headers int, whole bool) {
	h, ok := f.at(f.l4, udpLen)
	if !ok {
		return 0, true
	}
	f.ports(h)
	headers = f.l4 + udpLen
	f.payload = max(f.end-int64(headers), 0)
	for _, port := range [...]uint16{f.key.SrcPort, f.key.DstPort} {
		if names(port) || overlay(port) {
			return 0, true
		}
	}
	return headers, opening(f, headers) || d.early(f)
}

// early counts a packet with payload, and says whether it is among the first of
// its direction.
func (d *Decider) early(f *view) bool {
	return f.payload > 0 && d.flows.count(&f.key, d.plan.Payloads)
}

// names says whether a port is that of DNS (RFC 1035) or multicast DNS (RFC 6762).
func names(port uint16) bool { return port == 53 || port == 5353 }

// overlay says whether UDP of a port may carry packets of others: VXLAN (RFC 7348,
// and Linux before there was a number), GTP-U (3GPP TS 29.281), Teredo (RFC 4380).
func overlay(port uint16) bool {
	switch port {
	case 4789, 8472, 2152, 3544:
		return true
	}
	return false
}

// The first bytes that opening looks at.
const (
	longLen = 5 // of a QUIC long header: the flags and the version
	stunLen = 8 // of STUN: type, length, magic cookie
	cookie  = 0x2112a442
)

// opening says whether a UDP payload is a QUIC long header of a known version
// (RFC 8999 section 5.1) or STUN (RFC 8489 section 5), or may be.
func opening(f *view, at int) bool {
	need := 0
	switch {
	case f.payload >= stunLen:
		need = stunLen
	case f.payload >= longLen:
		need = longLen
	default:
		return false
	}
	b, ok := f.at(at, need)
	switch {
	case !ok:
		return true // it cannot be told
	case b[0]&0xc0 == 0xc0:
		return quicVersion(binary.BigEndian.Uint32(b[1:]))
	}
	return need == stunLen && b[0]&0xc0 == 0 && binary.BigEndian.Uint32(b[4:]) == cookie
}

// quicVersion says whether a version is spoken: RFC 9000, RFC 9369, version
// negotiation (RFC 8999 section 6), the IETF's drafts, and Google's before them.
func quicVersion(v uint32) bool {
	switch v {
	case 0x00000001, 0x6b3343cf, 0x00000000:
		return true
	}
	return v>>8 == 0xff0000 || v>>16 == 0x5130 || v>>16 == 0x5430
}
