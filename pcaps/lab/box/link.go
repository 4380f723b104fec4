package box

import (
	"net/netip"
	"time"
)

// Chain is links one after the other.
type Chain []Link

// Carry implements [Link].
func (c Chain) Carry(b *Box, p *Packet, next func(*Packet)) {
	if len(c) == 0 {
		next(p)
		return
	}
	carry(c[0], b, p, func(p *Packet) { c[1:].Carry(b, p, next) })
}

// Silent is a link to hosts that are switched off or cannot be reached: what goes
// to them is lost, and nothing says so. It is no interference.
type Silent struct {
	Dead func(server netip.Addr) bool // nil: all
	// The outage, since the box began; both 0: always. Until 0: for good.
	From, Until time.Duration
}

// Carry implements [Link].
func (s Silent) Carry(b *Box, p *Packet, next func(*Packet)) {
	out := b.Elapsed() >= s.From && (s.Until == 0 || b.Elapsed() < s.Until)
	if out && (s.Dead == nil || s.Dead(p.Server())) {
		b.lose(p)
		return
	}
	next(p)
}

// lose ends a packet on a link.
func (b *Box) lose(p *Packet) { b.Note(nil, Lost, p) }
