package synth

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"time"
)

// Frame is how often a sender of Opus says something, and opusUnits how far its
// clock goes on meanwhile (RFC 7587 section 4.1).
const (
	Frame     = 20 * time.Millisecond
	opusUnits = 960
)

// Voice returns a maker of RTP packets of one source (RFC 3550 section 5.1):
// sealed speech, whose size is what was said.
func Voice(s *Sim, typ uint8) func() []byte {
	seq, stamp, ssrc := uint16(s.Rand.Uint32()), s.Rand.Uint32(), s.Rand.Uint32()
	return func() []byte {
		b := append([]byte{0x80, typ}, u16s(seq)...)
		b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, stamp), ssrc)
		seq, stamp = seq+1, stamp+opusUnits
		return append(b, s.Bytes(56+s.Rand.IntN(50)+10)...)
	}
}

// Both lets both sides speak for a while.
func (t *Talk) Both(d time.Duration, up, down func() []byte) {
	n := int(d / Frame)
	t.Stream(Up, n, Frame, up)
	t.Sim.After(7*time.Millisecond, func() { t.Stream(Down, n, Frame, down) })
}

// WhatsAppRelay is how a client opens a relay of WhatsApp: STUN with attributes
// and a method that no standard has (as nDPI's stun.c knows them).
func WhatsAppRelay(s *Sim, seen netip.AddrPort) []Datagram {
	const token, session, ping, pong = 0x4000, 0x4002, 0x0801, 0x0802
	id := s.Bytes(12)
	out := asked(NewSTUN(stunAllocate, id).Attr(token, s.Bytes(136)).Attr(session, s.Bytes(20)).Sealed(s),
		NewSTUN(stunAllocate|stunSuccess, id).Attr(session, s.Bytes(20)).Address(attrMapped, seen).Sealed(s))
	id = s.Bytes(12)
	return append(out, asked(NewSTUN(ping, id).Attr(token, s.Bytes(136)).Sealed(s), NewSTUN(pong, id).Sealed(s))...)
}

// Reflector is a relay of Telegram's calls as one caller sees it
// (tgcalls, v2/ReflectorPort.cpp).
type Reflector struct {
	tag  []byte // of the call 12, of the caller 4
	mark []byte // twelve of the highest byte
}

// NewReflector makes up a call.
func NewReflector(s *Sim) *Reflector {
	return &Reflector{s.Bytes(16), bytes.Repeat([]byte{0xff}, 12)}
}

// Hello is the question that is repeated until it is answered, and the answer:
// a time, the question's number, the address it came from.
func (r *Reflector) Hello(s *Sim, seen netip.AddrPort) []Datagram {
	number := binary.BigEndian.AppendUint64(nil, 123)
	ask := slices.Concat(r.tag, r.mark, []byte{0xfe, 0xff, 0xff, 0xff}, number)
	at := binary.LittleEndian.AppendUint32(nil, uint32(s.Now()/int64(time.Second)))
	ip := seen.Addr().As16()
	answer := slices.Concat(r.tag, r.mark, []byte{0xc7, 0x72, 0x15, 0xc0}, at, number, ip[:], []byte{0, 0}, u16s(seen.Port()))
	return []Datagram{{From: Up, Data: ask}, {From: Up, Data: ask, Wait: 500 * time.Millisecond}, {From: Down, Data: answer, Wait: serverThought}}
}

// Wrap puts media between the two callers: whose it is, how long it is, padding.
func (r *Reflector) Wrap(s *Sim, media func() []byte) func() []byte {
	sender := s.Bytes(4)
	return func() []byte {
		b := media()
		return slices.Concat(r.tag, sender, binary.BigEndian.AppendUint32(nil, uint32(len(b))), b, make([]byte, -len(b)&3))
	}
}

// DiscordDiscovery asks a voice server for one's own address (Discord's
// developer documentation, "Voice connections", IP discovery).
func DiscordDiscovery(s *Sim, seen netip.AddrPort) []Datagram {
	ssrc, text := s.Bytes(4), make([]byte, 64)
	ask := slices.Concat(u16s(1, 70), ssrc, text, []byte{0, 0})
	copy(text, seen.Addr().String())
	return []Datagram{{From: Up, Data: ask}, {From: Down, Data: slices.Concat(u16s(2, 70), ssrc, text, u16s(seen.Port())), Wait: serverThought}}
}

// DiscordKeepalive is what keeps the way open, and comes back.
func DiscordKeepalive(n uint32) []Datagram {
	b := binary.LittleEndian.AppendUint32([]byte{0x13, 0x37, 0xca, 0xfe}, n)
	return []Datagram{{From: Up, Data: b}, {From: Down, Data: b, Wait: serverThought}}
}
