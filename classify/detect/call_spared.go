package detect

import (
	"fmt"

	"chokepoint/classify/finding"
)

const (
	// sparedChance is how unlikely it must be that the client's other traffic met so
	// much less loss by chance, if the path lost of it as of the call. What the call
	// lost is no more certain than what it is compared with: a play on bad Wi-Fi lost
	// 17 runs of 500 packets of a call and 13 of 874 segments, once in fifty times by
	// chance; against 29.7 runs that would have been due it passed for once in a
	// thousand.
	sparedChance = 0.01
	// sparedShare is the part of the call's share of lost packets that the other
	// traffic may lose at most to be spared: bursts of segments meet the same losses in
	// fewer and longer runs than media that come one by one.
	sparedShare = 0.5
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
	segs, lost, runs := p.Segs[b.d], p.Lost[b.d], p.Runs[b.d]
	share := float64(lost) * float64(h.Expected) / (float64(max(segs, 1)) * float64(max(h.Lost, 1)))
	chance := fisher([]table{{lost: int(h.Runs), won: int(h.Expected - min(h.Expected, h.Runs)),
		otherLost: int(runs), otherWon: int(segs - min(segs, runs))}})
	text := fmt.Sprintf("of the client's TCP %d segments passed the same way meanwhile and %d were lost in %d runs; of the call %d of %d in %d",
		segs, lost, runs, h.Lost, h.Expected, h.Runs)
	j.saw("spared", "%s: %s", b.d, text)
	e := finding.Evidence{Code: callSpared, Family: finding.Control, Class: finding.S, Text: text,
		Got:  fmt.Sprintf("chance %.2g, share %.2f", chance, share),
		Want: fmt.Sprintf("chance <= %.2g, share <= %.2g", sparedChance, sparedShare)}
	switch {
	case chance <= sparedChance && share <= sparedShare:
		fd.For = append(fd.For, e)
		fd.RuledOut = append(fd.RuledOut, "path_loss")
	case runs >= alikeRuns && (chance > alikeChance || share > sparedShare):
		e.Code, e.Class = callAlike, finding.X
		e.Want = fmt.Sprintf("chance <= %.2g, share <= %.2g", alikeChance, sparedShare)
		fd.Against = append(fd.Against, e)
		fd.NotRuledOut = append(fd.NotRuledOut, "path_loss")
		j.stop("alike", "%s: the client's TCP loses alike: it is the path, not the call", b.d)
	default:
		fd.NotRuledOut = append(fd.NotRuledOut, "path_loss")
		j.stop("not_compared", "%s: too little of the client's other traffic passed meanwhile (%d segments) to tell whether it is spared", b.d, segs)
	}
}
