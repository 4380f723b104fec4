package policy

import "chokepoint/pcaps/lab/box"

// Drop drops each packet that the rule matches. For a whole flow from a packet on
// match with [Sticky], for a while [Residual].
type Drop struct{}

// Act implements [box.Action].
func (Drop) Act(b *box.Box, r *box.Rule, p *box.Packet) bool { return finish(b, r, p, true) }

// Accept spares a packet the rules that follow.
type Accept struct{}

// Act implements [box.Action].
func (Accept) Act(b *box.Box, _ *box.Rule, p *box.Packet) bool {
	b.Forward(p)
	return false
}

// DropAfter freezes flows: of the packets of a flow that the rule matches it lets
// some pass and drops the rest, without a word. The first limit that is reached
// counts.
type DropAfter struct {
	Packets int       // that pass; 0: any number
	Bytes   int       // of payload, after which nothing passes; 0: any number
	Of      box.Match // which packets count; nil: all that the rule matches

	passed memory[passed]
}

type passed struct{ packets, bytes int }

// Act implements [box.Action].
func (a *DropAfter) Act(b *box.Box, r *box.Rule, p *box.Packet) bool {
	if a.passed == nil {
		a.passed = memory[passed]{}
	}
	n := a.passed.of(p)
	counts := a.Of == nil || a.Of(p)
	if a.Packets > 0 && n.packets >= a.Packets || a.Bytes > 0 && n.bytes >= a.Bytes {
		return finish(b, r, p, true)
	}
	if counts {
		n.packets++
		n.bytes += int(p.PayloadLen)
	}
	return true
}
