package detect

import (
	"slices"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

const (
	// halvings is how often a stretch that fits no bucket is cut in two. A sender
	// that waits, and flows that take turns for minutes, let the bucket run full:
	// then tokens are lost, which the published replay does not account for, and
	// neither half need have such a wait in it.
	halvings = 4
	// agreeShare of what was lost must lie in parts that agree on a rate for them
	// to be more than a suspicion: of many parts some fit by chance. Behind the
	// router of rate-and-calls, section 1.1, what fits at the router's rate in a flow
	// that has the bucket to itself holds 0.58 of the losses and more, and nine in ten
	// fits at another rate hold less than this. Of flows laid together 13 of 203 fits
	// at the right rate do, and half of the others.
	agreeShare = 0.25
	// periodShare is the same of busy periods, which are long: of four parts of a path
	// that loses in bursts one fits now and then (the lab's loss-in-bursts as a span
	// port that copies some packets would have it).
	periodShare = 0.5
	// manyParts are worth as much as two whole stretches.
	manyParts = 4
)

// try replays a stretch twice, and its halves if it does not fit. Of one that
// lost fewer than the minimum on the side in question nothing is said.
func (p *policing) try(s stretch, origin int) {
	if n := s.losses(); n < minPolicedSamples {
		if n > 0 {
			p.few++
		}
		return
	}
	from := len(p.trials)
	p.divide(s, halvings)
	for i := range p.trials[from:] {
		t := &p.trials[from+i]
		t.origin, t.part = origin, i
		t.parts = len(p.trials) - from
	}
}

// divide reports whether the stretch or some part of it fits.
func (p *policing) divide(s stretch, halvings int) bool {
	t := p.replayed(s)
	if t.fits() > 0 || halvings == 0 || t.lost < 2*minPolicedSamples || t.hopeless() {
		p.trials = append(p.trials, t)
		return t.fits() > 0
	}
	before := len(p.trials)
	a, b := s.halves(int(t.lost) / 2)
	fitsA, fitsB := p.divide(a, halvings-1), p.divide(b, halvings-1)
	if !fitsA && !fitsB { // then the whole says as much
		p.trials = append(p.trials[:before], t)
		return false
	}
	return true
}

// hopeless reports that no half can be better: a queue filled again and again, or
// it cannot be known whether one did, or the rate is too high for how it began,
// which a half would only hide. Where a queue filled once, as a slow start makes it
// do on its way, many losses share the one round trip before them.
func (t *trial) hopeless() bool {
	for i := range t.runs {
		r := &t.runs[i]
		switch {
		case r.code == policeNoRTT, r.code == policeGaps, r.code == policeNegativeFill:
		case r.code == policeInflated && float64(r.risen) > inflatedTolerance*float64(r.seen):
		default:
			return false
		}
	}
	return true
}

// least is the smallest round trip of a stretch, µs. In a part that lies all in a
// full queue no round trip stands out: there it is held against this.
func (s *stretch) least() uint32 {
	if s.base > 0 {
		return s.base
	}
	all := slices.Clone(s.early)
	for i := range s.steps {
		if us := s.steps[i].rtt; us > 0 {
			all = append(all, us)
		}
	}
	if s.floor > 0 {
		all = append(all, s.floor)
	}
	if len(all) == 0 {
		return 0
	}
	return slices.Min(all)
}

// halves cuts a stretch before its n-th loss, from 0.
func (s *stretch) halves(n int) (a, b stretch) {
	a, b = *s, *s
	a.base = s.least()
	b.base = a.base
	for i := range s.steps {
		if !s.steps[i].lost {
			continue
		}
		if n--; n >= 0 {
			continue
		}
		a.steps, b.steps = s.steps[:i], s.steps[i:]
		a.end, b.start = s.steps[i-1].at, s.steps[i].at
		a.bytes, b.bytes = s.bytes/2, s.bytes/2
		b.partial, b.before, b.early = true, 0, a.latest()
		break
	}
	return a, b
}

// latest are the last round trips of a stretch, which are those before the next, µs.
func (s *stretch) latest() []uint32 {
	out := slices.Clone(s.early)
	for i := range s.steps {
		if us := s.steps[i].rtt; us > 0 {
			out = append(out, us)
		}
	}
	return out[max(len(out)-fact.MaxEarly, 0):]
}

// patchy reports that what agrees is little of what was lost.
func (p *policing) patchy(least float64) bool {
	var all uint32
	for i := range p.trials {
		if t := &p.trials[i]; t.runs[0].code != policeFewLosses {
			all += t.lost
		}
	}
	return float64(lostIn(p.agree)) < least*float64(all)
}

// separate reports whether what agrees is several stretches, or many parts.
func (p *policing) separate() bool {
	whole := 0
	for _, t := range p.agree {
		if t.parts < 2 {
			whole++
		}
	}
	return len(p.agree) >= manyParts || whole >= 2
}

// limit keeps the verdict to what parts can show.
func (p *policing) limit(v finding.Verdict) finding.Verdict {
	if p.patchy(agreeShare) {
		return Cap(v, finding.Suspected)
	}
	return v
}
