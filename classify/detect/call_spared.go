package detect

import (
	"fmt"
	"math"

	"chokepoint/classify/finding"
)

const (
	// sparedChance is how unlikely it must be that the client's other traffic met so
	// little loss by chance, if the path lost of it as of the call.
	sparedChance = 0.01
	// alikeChance is how likely it must be for the loss to be called alike, with
	// alikeRuns of loss at least.
	alikeChance, alikeRuns = 0.1, 2
)

// compare holds the call's losses against those of the client's TCP meanwhile. Runs
// are compared, not packets: those of one run are lost together, and tell as much as
// one.
func (b *badCall) compare(fd *finding.Finding, j *Judgement, from, to int64) {
	h := &b.way.Held
	p := b.w.Passed(b.f.Key.SrcAddr(), b.f.If, from, to)
	segs, runs := p.Segs[b.d], p.Runs[b.d]
	due := float64(segs) * float64(h.Runs) / float64(max(h.Expected, 1))
	chance := poisson(runs, due)
	text := fmt.Sprintf("of the client's TCP %d segments passed the same way meanwhile and %d were lost in %d runs; as of the call %.1f runs would have been",
		segs, p.Lost[b.d], runs, due)
	j.saw("spared", "%s: %s", b.d, text)
	e := finding.Evidence{Code: callSpared, Family: finding.Control, Class: finding.S, Text: text,
		Got: fmt.Sprintf("chance %.2g", chance), Want: fmt.Sprintf("<= %.2g", sparedChance)}
	switch {
	case chance <= sparedChance:
		fd.For = append(fd.For, e)
		fd.RuledOut = append(fd.RuledOut, "path_loss")
	case runs >= alikeRuns && chance > alikeChance:
		e.Code, e.Class = callAlike, finding.X
		e.Want = fmt.Sprintf("<= %.2g", alikeChance)
		fd.Against = append(fd.Against, e)
		fd.NotRuledOut = append(fd.NotRuledOut, "path_loss")
		j.stop("alike", "%s: the client's TCP loses alike: it is the path, not the call", b.d)
	default:
		fd.NotRuledOut = append(fd.NotRuledOut, "path_loss")
		j.stop("not_compared", "%s: too little of the client's other traffic passed meanwhile (%d segments) to tell whether it is spared", b.d, segs)
	}
}

// poisson is the chance of at most n where mean are expected.
func poisson(n uint32, mean float64) float64 {
	term := math.Exp(-mean)
	sum := term
	for k := uint32(1); k <= n && k < 1000; k++ {
		term *= mean / float64(k)
		sum += term
	}
	return min(sum, 1)
}
