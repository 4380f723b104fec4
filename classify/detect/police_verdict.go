package detect

import (
	"math"
	"slices"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

const (
	// minBurst is the smallest bucket called a policer, bytes: 90 % of real
	// policed traces sustain more, and a drop-tail queue of a few packets
	// looks the same below it (rate-and-calls, section 2.2).
	minBurst = 30_000
	// wholeBurst is how many round trips of tokens a bucket must hold for the
	// rate that TCP sustains to be the bucket's: a smaller one runs over while
	// the sender recovers (rate-and-calls, section 1.1, asks one round trip; at
	// one the rate was still short by a third).
	wholeBurst = 2.0
	// sameRate is the width of a rate cluster: the paper's +-5 %.
	sameRate = 0.05
	// gapShare of missed packets to losses voids a stretch: its passes are
	// then too incomplete to drain a bucket with.
	gapShare = 0.1
	// receiverSlack forgives a receiver's view one round trip of tokens at the
	// start of a stretch: the first packets seen left the sender that long ago.
	receiverSlack = 1.0
)

// trial is one segment put to the test.
type trial struct {
	index int // in the log, from 0
	seg   *fact.Segment
	stretch
	runs [2]replay // all losses; without the outermost two at either end
	lost uint32
}

func (t *trial) fits() (n int) {
	for i := range t.runs {
		if t.runs[i].code == policeOK {
			n++
		}
	}
	return n
}

// best is the run that speaks for the trial: the first that fits.
func (t *trial) best() *replay {
	if t.runs[0].code != policeOK && t.runs[1].code == policeOK {
		return &t.runs[1]
	}
	return &t.runs[0]
}

// policing is what the segments of one direction say together.
type policing struct {
	lossKind fact.EventFlag // LostDown or LostUp, whichever is more
	trials   []trial        // segments with enough losses
	few      int            // segments with some, but too few
	agree    []*trial       // those that carry the verdict
	clash    int            // fits with another rate
	rate     float64        // IP bytes/s, median over agree
	burst    float64        // IP bytes, the fullest bucket seen
	rtt      float64        // s, median over agree
	kind     finding.Kind   // "": no finding
	verdict  finding.Verdict
	stop     policeCode // what held the verdict down, with kind rate.limited
	shared   []string   // flows of the client that moved data meanwhile
}

// weighPolicing replays every segment of a log and draws the verdict: confirmed
// when both runs fit in two segments at one rate and the bucket holds a round
// trip of it, likely when both runs fit in one that lost packets in several runs,
// suspected when one run does
// (rate-and-calls, section 2.2).
//
// floor is the smallest round trip known of either leg, µs, 0 unknown.
func weighPolicing(b *fact.Bulk, floor [2]uint32) policing {
	var p policing
	if !slices.ContainsFunc(b.Segments, func(s fact.Segment) bool { return s.Losses >= minPolicedSamples }) {
		return p
	}
	p.lossKind = moreLosses(b)
	trips := logTrips(b, &floor)
	for i := range b.Segments {
		seg := &b.Segments[i]
		if seg.Losses < minPolicedSamples {
			if seg.Losses > 0 {
				p.few++
			}
			continue
		}
		if t, ok := p.try(seg, trips, floor); ok {
			t.index = i
			p.trials = append(p.trials, t)
		}
	}
	if !p.gather(2) && !p.gather(1) {
		p.unproven()
		return p
	}
	p.conclude()
	return p
}

func moreLosses(b *fact.Bulk) fact.EventFlag {
	var up, down int
	for i := range b.Segments {
		for k := range b.Segments[i].Events {
			switch b.Segments[i].Events[k].Flags & (fact.LostUp | fact.LostDown) {
			case fact.LostUp:
				up++
			case fact.LostDown:
				down++
			}
		}
	}
	if up > down {
		return fact.LostUp
	}
	return fact.LostDown
}

// try replays one segment twice. Of a segment that lost fewer than the minimum
// on the side in question nothing is said.
func (p *policing) try(seg *fact.Segment, whole [2]float64, floor [2]uint32) (trial, bool) {
	s := stretchOf(seg, p.lossKind)
	s.floor = floor[legOf(p.lossKind)]
	t := trial{seg: seg, lost: s.losses()}
	if t.lost < minPolicedSamples {
		return t, false
	}
	s.rtt = segmentTrip(seg, whole)
	if p.lossKind == fact.LostUp {
		s.slack = receiverSlack
	}
	t.stretch = s
	for i, cutoff := range [...]int{0, policedCutoff} {
		t.runs[i] = s.run(cutoff)
		if t.runs[i].code == policeOK && float64(seg.Gaps) > gapShare*float64(seg.Losses) {
			t.runs[i].code = policeGaps
		}
	}
	return t, true
}

func (s *stretch) losses() (n uint32) {
	for i := range s.steps {
		if s.steps[i].lost {
			n++
		}
	}
	return n
}

// gather finds the trials with at least so many fitting runs that agree on one
// rate, and reports whether there are any.
func (p *policing) gather(runs int) bool {
	var fits []*trial
	for i := range p.trials {
		if p.trials[i].fits() >= runs {
			fits = append(fits, &p.trials[i])
		}
	}
	p.agree = nil
	for _, t := range fits {
		var near []*trial
		for _, u := range fits {
			if math.Abs(u.best().rate/t.best().rate-1) <= sameRate {
				near = append(near, u)
			}
		}
		if len(near) > len(p.agree) {
			p.agree = near
		}
	}
	p.clash = len(fits) - len(p.agree)
	return len(p.agree) > 0
}

func (p *policing) conclude() {
	var rates, rtts []float64
	runs := 2
	for _, t := range p.agree {
		rates = append(rates, t.best().rate)
		rtts = append(rtts, t.rtt)
		runs = min(runs, t.fits())
	}
	p.rate, p.rtt = medianTokens(rates), medianTokens(rtts)
	p.burst = p.fullest()
	if p.burst < minBurst {
		if runs == 2 { // one run alone is not worth a word
			p.kind, p.verdict = finding.RateLimited, finding.Inconclusive
		}
		return
	}
	p.kind = finding.RatePoliced
	switch {
	case runs < 2 || p.clash >= len(p.agree):
		p.verdict = finding.Suspected
	case len(p.agree) >= 2 && p.burst >= wholeBurst*p.rate*p.rtt:
		p.verdict = finding.Confirmed
	case len(p.agree) == 1 && p.agree[0].lossRuns() < minLossRuns:
		p.verdict = finding.Suspected
	default:
		p.verdict = finding.Likely
	}
}

// minLossRuns is in how many runs a stretch that speaks alone must have lost its
// packets: nineteen losses in four runs of a Gilbert channel met a bucket's account
// by chance (the lab's loss-in-bursts).
const minLossRuns = 8

// lossRuns counts losses that follow each other as one.
func (t *trial) lossRuns() (n int) {
	for i := range t.steps {
		if t.steps[i].lost && (i == 0 || !t.steps[i-1].lost) {
			n++
		}
	}
	return n
}

// fullest is the deepest that the bucket was seen, in the stretches that agree
// and in those they go on from.
func (p *policing) fullest() (burst float64) {
	goesOn := false
	for i := len(p.trials) - 1; i >= 0; i-- {
		t := &p.trials[i]
		if goesOn || slices.Contains(p.agree, t) {
			burst = max(burst, t.depth(t.best().from, p.rate))
			goesOn = t.partial && i > 0 && p.trials[i-1].index == t.index-1
		}
	}
	return burst
}

// unproven tells a rate limit that fits a bucket in both runs, but the capture
// lacks what would prove it.
func (p *policing) unproven() {
	for i := range p.trials {
		t := &p.trials[i]
		code := t.runs[0].code
		if t.runs[0].rate == 0 || code != t.runs[1].code || code != policeNoRTT && code != policeGaps {
			continue
		}
		p.agree = append(p.agree, t)
		p.rate, p.rtt = t.runs[0].rate, t.rtt
		p.kind, p.verdict, p.stop = finding.RateLimited, finding.Inconclusive, code
	}
}

// sharedPart of a flow's bytes must another flow have moved meanwhile to count
// as traffic that may share its bucket.
const sharedPart = 0.1

// share looks for other traffic of the client while the bucket was seen. A
// bucket that several flows drain is wider than the one each of them shows, so
// that the rate is this flow's only (rate-and-calls, sections 1.1 and 2.3).
func (p *policing) share(f *fact.Flow, w *fact.World) {
	if p.kind != finding.RatePoliced {
		return
	}
	var bytes uint64
	for _, t := range p.agree {
		bytes += t.seg.Bytes
	}
	q := fact.ControlQuery{From: p.agree[0].seg.Start, To: p.agree[len(p.agree)-1].seg.End,
		Client: f.Key.SrcAddr(), NotFlow: f.ID, If: f.If}
	for _, c := range w.ControlsFor(q, maxShared) {
		if float64(c.Bytes) >= sharedPart*float64(bytes) {
			p.shared = append(p.shared, c.Flow.String())
		}
	}
	if len(p.shared) > 0 {
		p.verdict = Cap(p.verdict, finding.Likely)
	}
}

// maxShared bounds how many other flows are looked at.
const maxShared = 16
