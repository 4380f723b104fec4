package policy

import (
	"cmp"
	"encoding/binary"
	"slices"

	"chokepoint/pcaps/craft"
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
	at, end := craft.TCPHeader(p.Frame[ethernet:])
	if end == 0 {
		return nil // IPv6 extension headers stand between, for one
	}
	if a.NoOptions {
		end = at + 20
	}
	frame := slices.Clone(p.Frame[:ethernet+end])
	ip := frame[ethernet:]
	tcp := ip[at:]
	binary.BigEndian.PutUint32(tcp[4:], a.Seq.or(Const(p.Seq), s))
	binary.BigEndian.PutUint32(tcp[8:], a.Ack.or(Const(p.Ack), s))
	binary.BigEndian.PutUint16(tcp[12:], uint16(len(tcp)/4)<<12|cmp.Or(a.Flags, RSTACK))
	binary.BigEndian.PutUint16(tcp[14:], uint16(a.Window.or(Const(uint32(p.Window)), s)))
	binary.BigEndian.PutUint16(tcp[18:], 0) // nothing is urgent
	craft.Seal(ip, at)
	return frame
}
