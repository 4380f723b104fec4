package detect

import (
	"fmt"
	"slices"

	"chokepoint/classify/fact"
)

// Reasons says what a failure hangs on, or why that is not said.
func (Triggered) Reasons(f *fact.Failure, w *fact.World) Judgement {
	var j Judgement
	j.needs("attempts", "%d attempts with the same name, hello, protocol or address that failed where they began, and none that was answered", triggerMany)
	j.needs("without", "%d attempts of the same client without it that were answered, between them or within %s", triggerMany, span(repeatWithin))
	j.needs("chance", "that they fall so by chance with p < %g (Fisher's exact test)", triggerChance)
	if f.Stage == "dns" {
		j.stop("a_name", "it is an answer about a name: only attempts at servers are compared so")
		return j
	}
	tried := triedFor(f, w)
	if tried == nil {
		j.stop("not_compared", "the connection had got something before it failed, or its attempt is forgotten: nobody knows how far another would have come")
		return j
	}
	var best *hang
	for _, by := range []contrast{byName, byPrint, byProtocol, byAddress} {
		h := hangOf(w, tried, by)
		if h == nil {
			continue
		}
		j.saw(h.by, "%s", h.tally())
		if best == nil || h.holds() && !best.holds() {
			best = h
		}
	}
	switch {
	case best == nil:
		j.stop("nothing_said", "it said nothing that others could say or leave")
	case best.holds():
		j.saw("triggered", "that is told as triggered by the %s", best.by)
	default:
		j.stop(best.lacks())
	}
	return j
}

// triedFor is the kind of attempt that a failure is one of, nil: it is not compared.
func triedFor(f *fact.Failure, w *fact.World) *fact.Tried {
	for _, c := range w.Attempts.Near(f.Client, f.Server) {
		if slices.ContainsFunc(c.Lost, func(l fact.Lost) bool { return l.Finding == f.Finding }) {
			return c
		}
	}
	return nil
}

// hangOf is the comparison that an attempt counts in, nil: it says nothing to compare.
func hangOf(w *fact.World, c *fact.Tried, by contrast) *hang {
	value := by(c).value
	for _, h := range hanging(w, w.Attempts.Failed(), by) {
		if h.value == value {
			return h
		}
	}
	return nil
}

// tally is the comparison in numbers.
func (h *hang) tally() string {
	s := &h.sum
	if len(h.tables) == 0 {
		return fmt.Sprintf("with the %s %s some failed, %d were answered; %s none was answered meanwhile", h.by, h.value, s.won, unlike[h.by])
	}
	return fmt.Sprintf("with the %s %s %d of %d failed, %s %d of %d (p = %.2g)",
		h.by, h.value, s.lost, s.lost+s.won, unlike[h.by], s.otherLost, s.otherLost+s.otherWon, h.p)
}

// lacks says what a comparison that does not hold is short of.
func (h *hang) lacks() (code, text string) {
	s := &h.sum
	switch {
	case s.won > 0:
		return "answered", fmt.Sprintf("%d attempts with the %s were answered: it does not hang on that", s.won, h.by)
	case s.otherWon < triggerMany:
		return "nothing_beside", fmt.Sprintf("%d attempts %s were answered meanwhile, %d are needed", s.otherWon, unlike[h.by], triggerMany)
	case s.lost < triggerMany:
		return "few", fmt.Sprintf("%d attempts with the %s failed, %d are needed", s.lost, h.by, triggerMany)
	case h.p >= triggerChance:
		return "chance", fmt.Sprintf("so many fail by chance with p = %.2g", h.p)
	}
	return "over_tcp_only", "TCP fails where QUIC is answered: that is told of neither"
}
