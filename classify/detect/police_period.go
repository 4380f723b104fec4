package detect

import (
	"math"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// weighPeriods replays each busy period of a log, all its answers as one: what
// emptied a bucket for one left it empty for the next. Short answers lose what they
// lose at once, and show a bucket only together.
func weighPeriods(b *fact.Bulk, floor [2]uint32, kind fact.EventFlag) policing {
	p := policing{lossKind: kind}
	origin := 0
	for from := 0; from < len(b.Segments); {
		to := from + 1
		for to < len(b.Segments) && !b.Segments[to].Lapse {
			to++
		}
		l := lay([]*fact.Logged{{Bulk: &fact.Bulk{Segments: b.Segments[from:to]}, Floor: floor}}, kind)
		for i, s := range l.stretches() {
			if i == 0 && !s.partial {
				s.start = b.Segments[from].Start // the log begins later
			}
			p.try(s, origin)
			origin++
		}
		from = to
	}
	for i := range p.trials {
		p.trials[i].period = true
	}
	p.weigh()
	return p
}

// borneOut reports whether answers that fit a bucket in both runs, but lost their
// packets in too few runs to say so alone, lie in busy periods that fit one of the
// same rate and did not.
func (p *policing) borneOut(q *policing) bool {
	if p.kind != finding.RatePoliced || q.kind != finding.RatePoliced || p.torn || q.torn || p.patchy(agreeShare) || q.patchy(periodShare) {
		return false
	}
	runs := 0
	for _, t := range q.agree {
		runs += t.lossRuns()
	}
	return p.agree[0].fits() == 2 && runs >= minLossRuns && math.Abs(q.rate/p.rate-1) <= sameRate
}
