package score

import (
	"slices"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/truth"
)

// forgeries are the kinds that are about packets somebody made or changed.
var forgeries = []finding.Kind{finding.ResetInjected, finding.PayloadInjected, finding.DNSForged, finding.DNSDenied}

// touched are the packets of a capture that the middlebox injected or rewrote.
type touched struct {
	packets map[uint64]bool
	// known is up to where the log tells: it lists the first packets of a deed only,
	// where they are many. 0: to the end.
	known uint64
}

func touchedBy(t *truth.Truth, file string) *touched {
	out := &touched{packets: map[uint64]bool{}}
	for i := range t.Done {
		d := &t.Done[i]
		list := d.Packets[file]
		if d.What != "injected" && d.What != "rewritten" || len(list) == 0 {
			continue
		}
		for _, n := range list {
			out.packets[n] = true
		}
		if last := list[len(list)-1]; len(list) < d.N && (out.known == 0 || last < out.known) {
			out.known = last
		}
	}
	return out
}

// by says whether a finding shows one of the packets.
func (t *touched) by(f *finding.Finding) Touch {
	switch {
	case len(t.packets) == 0 || len(f.Packets) == 0 || !slices.Contains(forgeries, f.Kind):
		return Unasked
	case slices.ContainsFunc(f.Packets, func(n uint64) bool { return t.packets[n] }):
		return Hit
	case t.known != 0 && slices.Max(f.Packets) > t.known:
		return Unasked
	}
	return NoHit
}
