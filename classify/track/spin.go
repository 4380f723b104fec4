package track

import (
	"chokepoint/capture"
	"chokepoint/classify/fact"
)

const (
	// shortHeader of a first byte is set as here in a packet with a short header (RFC
	// 9000, section 17.3.1), and spinBit is its spin bit.
	headerForm  = 0x80
	fixedBit    = 0x40
	spinBit     = 0x20
	shortHeader = fixedBit
	// spinTurns is how many edges must have alternated between the two directions for
	// the bit to be believed in, and spinFlaws one in how many may have failed to. Who
	// does not spin sends one value, or any (RFC 9000, section 17.4): then every other
	// edge has none of the other side before it.
	spinTurns = 6
	spinFlaws = 8
)

// spin follows the spin bit of both directions of a QUIC connection: the client turns
// what it hears round, the server gives it back, so that a value goes round once in a
// round trip (RFC 9000, section 17.4; RFC 9312, section 3.8.2).
type spin struct {
	at    [2]int64 // when each direction's value changed last, ns; 0 never
	val   [2]bool
	seen  [2]bool
	turns uint16 // edges that had one of the other direction before them
	flaws uint16 // and that had none
}

// turned takes a datagram's first byte and returns the time since the value that it
// gives back passed the other way, ns: the round trip to the side that it is from.
func (s *spin) turned(d fact.Dir, first byte, now int64) (ns int64, ok bool) {
	if first&(headerForm|fixedBit) != shortHeader {
		return 0, false
	}
	v := first&spinBit != 0
	if !s.seen[d] || v == s.val[d] {
		s.seen[d], s.val[d] = true, v
		return 0, false
	}
	s.val[d] = v
	heard, had := s.at[d.Other()], s.at[d]
	s.at[d] = now
	switch answers := heard != 0 && heard >= had; {
	case had == 0 && heard == 0:
		return 0, false // the first of all
	case !answers:
		inc16(&s.flaws)
		return 0, false
	}
	inc16(&s.turns)
	return now - heard, s.turns >= spinTurns && uint32(s.flaws)*spinFlaws <= uint32(s.turns)
}

// spun shows a datagram of a QUIC connection to the throughputs of both directions. The
// first of them follows the bit.
func (x *extra) spun(f *Flow, from fact.Dir, p *capture.Packet) {
	s := x.rate[0]
	if s == nil {
		s = x.rate[1]
	}
	if s == nil {
		return
	}
	ns, ok := s.spin.turned(from, p.Payload[0], p.Time)
	if !ok {
		return
	}
	for _, r := range x.rate {
		if r == nil || p.Time < r.Start {
			continue
		}
		leg := fact.LegDown
		if from == r.dir {
			leg = fact.LegUp
		}
		r.sample(f, r.At(p.Time), leg, ns)
	}
}
