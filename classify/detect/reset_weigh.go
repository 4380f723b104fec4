package detect

import (
	"slices"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// resetRuling is the outcome of weighing one direction's signs.
type resetRuling struct {
	verdict finding.Verdict
	cause   string // benign cause, or why there is nothing to report
	why     string
	quiet   bool // no finding
	lost    resetNeed
	counted []resetSign // signs no veto touches, the strongest first
	forIt   []finding.Evidence
	against []finding.Evidence
}

// weigh turns signs into a verdict. A veto can only take signs out of the
// count, so it never raises a verdict.
func (c *resetCase) weigh(signs []resetSign) resetRuling {
	var r resetRuling
	missing := c.missing()
	for i := range signs {
		veto := signs[i].needs & missing
		r.lost |= veto
		r.forIt = append(r.forIt, signs[i].evidence(veto))
		if veto == 0 {
			r.counted = append(r.counted, signs[i])
		}
	}
	sortSigns(r.counted)
	sortEvidence(r.forIt)
	excuses := c.excuses()
	for _, x := range excuses {
		r.against = append(r.against, x.evidence())
	}
	c.rule(&r, signs, excuses)
	return r
}

// rule decides.
func (c *resetCase) rule(r *resetRuling, signs []resetSign, excuses []resetExcuse) {
	blind := c.f.Blind&(fact.BlindMidstream|fact.BlindOneWay|fact.BlindGap|fact.BlindEvicted) != 0
	v, ok := c.accusation(r.counted, excuses)
	_, vetoed := c.accusation(signs, excuses)
	switch {
	case ok:
		r.verdict = v
	case vetoed:
		r.verdict = finding.Inconclusive
	case len(c.resets) == 0:
		r.quiet, r.cause, r.why = true, "no_reset", "no RST, and nothing wrong with its FIN"
	case len(excuses) > 0:
		x := excuses[0]
		r.verdict, r.cause, r.why, r.quiet = finding.Benign, x.cause, x.text, x.quiet
	case blind:
		r.verdict = finding.Inconclusive
	default:
		r.verdict = finding.Unexplained
	}
}

// accusation fuses signs and says whether the verdict stands against the
// excuses. Without a strong sign any excuse wins. Everyday ends of a connection
// (the quiet excuses) also win against a lone count of resets or a lone
// distance: both are estimates, and a reset that ends nothing harms nobody.
func (c *resetCase) accusation(signs []resetSign, excuses []resetExcuse) (finding.Verdict, bool) {
	ev := make([]finding.Evidence, len(signs))
	hard, anyStrong := false, false
	for i := range signs {
		s := &signs[i]
		ev[i] = finding.Evidence{Family: s.family, Class: s.class}
		anyStrong = anyStrong || strong(s.class)
		estimate := s.family == finding.Multiplicity || s.family == finding.Identity
		hard = hard || s.class == finding.C || s.class == finding.S && !estimate
	}
	v := Fuse(ev)
	everyday := slices.ContainsFunc(excuses, func(x resetExcuse) bool { return x.quiet })
	switch {
	case v.Rank() < finding.Suspected.Rank(),
		!anyStrong && (len(excuses) > 0 || len(c.resets) == 0),
		everyday && !hard && v.Rank() < finding.Likely.Rank():
		return v, false
	}
	return v, true
}
