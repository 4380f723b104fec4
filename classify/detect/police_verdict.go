package detect

import (
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
	// leastTrips is how many round trips of tokens a bucket must have held to be
	// called one. In simulated paths with policers drawn at random, what came to less
	// was a bucket of less than a round trip, told with 0.25 to 0.9 of its rate; and
	// the one queue of nine thousand that passed for a bucket came to 0.4.
	leastTrips = 1.5
	// sameRate is the width of a rate cluster: the paper's +-5 %.
	sameRate = 0.05
	// clashShare of what agrees, by losses and by weight, may fit at other rates in as many
	// stretches: a short part that fits by chance takes nothing from a long one.
	clashShare = 0.5
	// gapShare of missed packets to losses voids a stretch: its passes are
	// then too incomplete to drain a bucket with.
	gapShare = 0.1
	// receiverSlack forgives a receiver's view one round trip of tokens at the
	// start of a stretch: the first packets seen left the sender that long ago.
	receiverSlack = 1.0
)

// trial is one stretch put to the test.
type trial struct {
	origin      int  // the stretch, in the log, from 0
	period      bool // it is a busy period, of several answers
	part, parts int  // of it, where it was divided
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
	periods  []trial        // busy periods, where they say no more than these
	few      int            // segments with some, but too few
	agree    []*trial       // those that carry the verdict
	clash    int            // fits with another rate
	torn     bool           // those weigh as much
	rate     float64        // IP bytes/s, median over agree
	burst    float64        // IP bytes, the fullest bucket seen
	rtt      float64        // s, median over agree
	kind     finding.Kind   // "": no finding
	verdict  finding.Verdict
	stop     policeCode // what held the verdict down, with kind rate.limited
	shared   []string   // flows of the client that moved data meanwhile
	opening  fact.Opening
	beside   int // flows that lost packets with it, where no bucket was found for all
}

// weighPolicing replays every answer in a log and draws the verdict: confirmed
// when both runs fit in two of them at one rate and the bucket holds two round
// trips of it, likely when both runs fit in one that lost packets in several runs,
// suspected when one run does (rate-and-calls, section 2.2). Where that is not
// likely, busy periods are asked.
//
// floor is the smallest round trip known of either leg, µs, 0 unknown.
func weighPolicing(b *fact.Bulk, floor [2]uint32) policing {
	var p policing
	if bulkLosses(b) < minPolicedSamples {
		return p
	}
	p.lossKind = moreLosses(b)
	trips := logTrips(b, &floor)
	origin := 0
	for i := range b.Segments {
		seg := &b.Segments[i]
		rtt := segmentTrip(seg, trips)
		for _, s := range answers(seg, p.lossKind, floor[legOf(p.lossKind)]) {
			s.rtt = rtt
			p.try(s, origin)
			origin++
		}
	}
	p.weigh()
	if p.verdict.Rank() < finding.Likely.Rank() {
		q := weighPeriods(b, floor, p.lossKind)
		if q.verdict.Rank() > p.verdict.Rank() && !q.torn && !q.patchy(periodShare) {
			return q
		}
		if p.borneOut(&q) {
			p.verdict = finding.Likely
		}
		p.periods = q.trials
	}
	return p
}

// weigh draws the verdict from the trials.
func (p *policing) weigh() {
	if p.gather(2) || p.gather(1) {
		p.conclude()
	} else {
		p.unproven()
	}
}

// moreLosses tells on which side of the tap more was lost.
func moreLosses(logs ...*fact.Bulk) fact.EventFlag {
	var up, down int
	for _, b := range logs {
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
	}
	if up > down {
		return fact.LostUp
	}
	return fact.LostDown
}

// replayed replays a stretch twice.
func (p *policing) replayed(s stretch) trial {
	if p.lossKind == fact.LostUp {
		s.slack, s.fresh = receiverSlack, max(freshTrip, freshTrips*int64(s.rtt*1e9))
	}
	t := trial{lost: s.losses(), stretch: s}
	for i, cutoff := range [...]int{0, policedCutoff} {
		t.runs[i] = s.run(cutoff)
		if t.runs[i].code == policeOK && float64(s.gaps) > gapShare*float64(s.marked) {
			t.runs[i].code = policeGaps
		}
	}
	return t
}

func (s *stretch) losses() (n uint32) {
	for i := range s.steps {
		if s.steps[i].lost {
			n++
		}
	}
	return n
}

func (p *policing) conclude() {
	var rates, rtts []float64
	runs := 2
	for _, t := range p.agree {
		rates = append(rates, t.best().rate)
		rtts = append(rtts, t.rtt)
		runs = min(runs, t.fits())
	}
	p.rate, p.rtt = medianOf(rates), medianOf(rtts)
	p.burst = p.fullest()
	if p.burst < minBurst && !p.showsNoQueue() || p.shallow() {
		if runs == 2 { // one run alone is not worth a word
			p.kind, p.verdict = finding.RateLimited, finding.Inconclusive
		}
		return
	}
	p.kind = finding.RatePoliced
	switch {
	case runs < 2 || p.torn:
		p.verdict = finding.Suspected
	case len(p.agree) >= 2 && p.separate() && p.burst >= max(minBurst, wholeBurst*p.rate*p.rtt):
		p.verdict = finding.Confirmed
	case len(p.agree) == 1 && p.agree[0].lossRuns() < minLossRuns:
		p.verdict = finding.Suspected
	default:
		p.verdict = finding.Likely
	}
	p.verdict = p.limit(p.verdict)
}

// shallow reports a bucket of so few round trips that neither the account, which
// forgives two at either side, nor the rate, which is then what the sender can sustain,
// says much.
func (p *policing) shallow() bool { return p.burst < leastTrips*p.rate*p.rtt }

// showsNoQueue reports a small bucket that cannot be a queue: one of its size, or
// at a very low rate one of any size, would have delayed by more than the round
// trips show. Policers of 130 to 150 kbit/s let 16 kB through at once, which is a
// second there (rate-and-calls, section 2.5). Of a bucket of few round trips the
// replay cannot tell whether it fills at the rate that the sender could sustain or
// at many times that (section 1.1, buckets of 8 kB).
func (p *policing) showsNoQueue() bool {
	visible := max(inflatedFloor/1e6, (inflatedFactor-1)*p.rtt) * p.rate
	if fewPackets >= visibleTimes*visible {
		return p.burst >= wholeBurst*p.rate*p.rtt
	}
	return p.burst >= leastBurst && p.burst >= visibleTimes*visible && p.burst >= resolvedBurst*p.rate*p.rtt
}

const (
	// leastBurst is eight full packets, IP bytes: drop-tail queues as small as the
	// router's smallest (rate-and-calls, section 1.1, case G: 8 kB) hold fewer.
	leastBurst = 12_000
	// fewPackets is a queue of two full packets, IP bytes: there is none smaller
	// worth the name.
	fewPackets = 3_000
	// visibleTimes is how many times what the test of risen round trips can see
	// the delay of a queue must be for it to be ruled out.
	visibleTimes = 4.0
	// resolvedBurst is the depth of a bucket, round trips, from which the account,
	// which forgives two at either side, tells a bucket that fills at the
	// sustained rate from a faster one. Behind the router of section 1.1 buckets
	// that were not resolved came to 5.
	resolvedBurst = 8.0
)

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

// fullest is the deepest that the bucket was seen, in the stretches that agree,
// in those they go on from, and in those that lost what they lost at once: a
// slow start that meets the end of a full bucket.
func (p *policing) fullest() (burst float64) {
	goesOn := false
	for i := len(p.trials) - 1; i >= 0; i-- {
		t := &p.trials[i]
		if goesOn || slices.Contains(p.agree, t) || t.runs[0].code == policeFewLosses && t.runs[1].code == policeFewLosses {
			burst = max(burst, t.depth(t.best().from, p.rate))
			goesOn = t.partial && i > 0 && p.trials[i-1].origin >= t.origin-1
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
		bytes += t.bytes
	}
	q := fact.ControlQuery{From: p.agree[0].start, To: p.agree[len(p.agree)-1].end,
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
