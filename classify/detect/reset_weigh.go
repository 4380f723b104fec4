package detect

import (
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
	lacks   []finding.Reason // inconclusive: what is missing
	counted []resetSign      // signs no veto touches, the strongest first
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
	case len(c.resets) == 0: // a FIN is no end worth a doubt
		r.quiet, r.cause, r.why = true, "no_reset", "no RST, and nothing wrong with its FIN that can be held against it"
	case vetoed:
		r.verdict, r.lacks = finding.Inconclusive, vetoReasons(r.lost)
	case len(excuses) > 0:
		x := excuses[0]
		r.verdict, r.cause, r.why, r.quiet = finding.Benign, x.cause, x.text, x.quiet
	case blind:
		r.verdict, r.lacks = finding.Inconclusive, c.unseen()
	default:
		r.verdict = finding.Unexplained
	}
}

// unseen lists what of the capture is missing for a reset that shows nothing wrong to
// be called unexplained.
func (c *resetCase) unseen() []finding.Reason {
	out := vetoReasons(c.missing())
	if c.f.Blind&fact.BlindEvicted != 0 {
		out = append(out, finding.Reason{Code: "evicted", Text: "the flow was forgotten for lack of memory before its end"})
	}
	return out
}

// accusation fuses signs and says whether the verdict stands against the
// excuses. Counts of resets and distances are estimates, and a box that speaks
// for an endpoint shows them without malice: beside an excuse they need
// something firmer to go with them, and without any strong sign it wins.
func (c *resetCase) accusation(signs []resetSign, excuses []resetExcuse) (finding.Verdict, bool) {
	ev := make([]finding.Evidence, len(signs))
	var anyStrong, firm, proof bool
	for i := range signs {
		s := &signs[i]
		ev[i] = finding.Evidence{Family: s.family, Class: s.class}
		estimate := s.family == finding.Multiplicity || s.family == finding.Identity
		anyStrong = anyStrong || strong(s.class)
		firm = firm || !estimate && rank(s.class) > 0
		proof = proof || s.class == finding.C || !estimate && strong(s.class)
	}
	v := Fuse(ev)
	stands := proof || anyStrong && firm && v.Rank() >= finding.Likely.Rank()
	switch {
	case v.Rank() < finding.Suspected.Rank():
		return v, false
	case len(excuses) > 0:
		return v, stands
	}
	return v, len(c.resets) > 0 || anyStrong
}
