package policy

import (
	"chokepoint/capture"
	"chokepoint/pcaps/lab/box"
)

// Sight is what a box knows when it forges a packet.
type Sight struct {
	Box        *box.Box
	Trigger    *box.Packet
	Dir        box.Dir   // that the forged packet goes
	Own, Other *box.Side // what the box saw of him in whose name it speaks, and of the receiver
	N          int       // which of several it is, from 0
	held       bool      // the trigger does not go on
}

func sightOf(b *box.Box, p *box.Packet, d box.Dir, held bool) *Sight {
	return &Sight{Box: b, Trigger: p, Dir: d, Own: &p.Flow.Side[d], Other: &p.Flow.Side[d.Other()], held: held}
}

// next is what the receiver expects, as far as the box knows.
func (s *Sight) next() uint32 {
	t := s.Trigger
	switch {
	case t.Dir == s.Dir && s.held:
		return t.Seq
	case s.Own.Packets > 0:
		return s.Own.Next
	case t.Dir != s.Dir && t.Flags&capture.ACK != 0:
		return t.Ack
	}
	return 0
}

// Value chooses a number of a forged header. It is asked when the trigger comes,
// also of what is sent later.
type Value func(*Sight) uint32

// or is the value, or another one where none was chosen.
func (v Value) or(other Value, s *Sight) uint32 {
	if v == nil {
		v = other
	}
	return v(s)
}

// Const is always n.
func Const(n uint32) Value { return func(*Sight) uint32 { return n } }

// Counting is first in the first packet of several, and step more in each next one.
func Counting(first uint32, step int32) Value {
	return func(s *Sight) uint32 { return first + uint32(int32(s.N)*step) }
}

// Random is anything at all.
func Random(s *Sight) uint32 { return s.Box.Rand.Uint32() }

// SeqNext is exactly what the receiver expects next.
func SeqNext(s *Sight) uint32 { return s.next() }

// SeqAhead is n beyond what the receiver expects next.
func SeqAhead(n uint32) Value { return func(s *Sight) uint32 { return s.next() + n } }

// SeqBehind is n before it.
func SeqBehind(n uint32) Value { return func(s *Sight) uint32 { return s.next() - n } }

// SeqISN is n after the initial sequence number of him in whose name the box speaks.
func SeqISN(n uint32) Value { return func(s *Sight) uint32 { return s.Own.ISN + n } }

// SeqAcked is the highest that the receiver has acknowledged.
func SeqAcked(s *Sight) uint32 { return s.Other.Ack }

// SeqInWindow is somewhere in the receiver's window but not what it expects next.
// The window scale is not known here: it is in the first part of the window.
func SeqInWindow(s *Sight) uint32 {
	return s.next() + 1 + s.Box.Rand.Uint32N(uint32(max(s.Other.Window, 2))-1)
}

// AckAll acknowledges all that the receiver has sent, the trigger included.
func AckAll(s *Sight) uint32 { return s.Other.Next }

// AckBeyond acknowledges n more than it has sent.
func AckBeyond(n uint32) Value { return func(s *Sight) uint32 { return s.Other.Next + n } }

// AckISN acknowledges n after the receiver's initial sequence number: 1 is its SYN
// alone.
func AckISN(n uint32) Value { return func(s *Sight) uint32 { return s.Other.ISN + n } }

// TTLCopied is the TTL of him in whose name the box speaks, as it is at the box; of
// the trigger as long as he has not been seen.
func TTLCopied(s *Sight) uint32 {
	if s.Own.Packets == 0 {
		return TTLMirrored(s)
	}
	return uint32(s.Own.TTL)
}

// TTLMirrored is the TTL of the trigger as it came to the box.
func TTLMirrored(s *Sight) uint32 { return uint32(s.Trigger.TTL) }

// IPIDPlus is n after the last of him in whose name the box speaks.
func IPIDPlus(n uint32) Value { return func(s *Sight) uint32 { return uint32(s.Own.IPID) + n } }

// IPIDMirrored is that of the trigger.
func IPIDMirrored(s *Sight) uint32 { return uint32(s.Trigger.IPID) }

// WindowCopied is the last window of him in whose name the box speaks.
func WindowCopied(s *Sight) uint32 { return uint32(s.Own.Window) }
