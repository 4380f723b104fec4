package detect

import (
	"math"
	"slices"
)

// Constants of the published detector (policing_detector.py of Flach et al.,
// "An Internet-Wide Analysis of Traffic Policing", SIGCOMM 2016; the paper's
// section 3 explains them; rate-and-calls, section 2.2).
const (
	minPolicedSamples = 15        // lost, and passed (MIN_NUM_SAMPLES)
	minLossSlices     = 3         // round-trip slices with loss (MIN_NUM_SLICES_WITH_LOSS)
	lateLossBytes     = 2_000_000 // before the first loss (LATE_LOSS_THRESHOLD)
	lossFillRTTs      = 2.0       // of tokens around empty, on loss (ZERO_THRESHOLD_LOSS_RTT_MULTIPLIER)
	passFillRTTs      = 0.75      // of tokens below empty, on passing (ZERO_THRESHOLD_PASS_RTT_MULTIPLIER)
	lossFillOutliers  = 0.10      // ZERO_THRESHOLD_LOSS_OUT_OF_RANGE
	passFillOutliers  = 0.03      // ZERO_THRESHOLD_PASS_OUT_OF_RANGE
	inflatedQuantile  = 0.10      // INFLATED_RTT_PERCENTILE
	inflatedFactor    = 1.3       // INFLATED_RTT_THRESHOLD
	inflatedFloor     = 20_000    // µs: smaller round trips are not called inflated
	inflatedTolerance = 0.2       // of losses (INFLATED_RTT_TOLERANCE)
	policedCutoff     = 2         // losses the second run leaves out at either end
)

// policeCode is the outcome of a replay. 0 to 7 are the published codes.
type policeCode uint8

const (
	policeOK policeCode = iota
	policeFewLosses
	policeLateLoss
	policeNegativeFill
	policeFullerOnLoss
	policeLossFill
	policePassFill
	policeInflated
	policeNoRTT // ours: the queue check cannot be made, so nothing is proven
	policeGaps  // ours: the capture itself lost too much
	policeAlike // ours: tokens hardly tell losses from passes
)

var policeTexts = [...]string{
	"losses and passes fit a token bucket",
	"too few losses, passes or round trips with loss",
	"the first loss came after more than 2 MB",
	"the bucket would have been in debt at the start",
	"more tokens were left when packets were lost than when they passed",
	"packets were lost although tokens were left",
	"packets passed although no tokens were left",
	"round trips had risen before the losses: a queue filled",
	"no round trips to rule out a filling queue",
	"the capture itself missed packets of this stretch",
	"losses and passes met the same tokens: loss at random",
}

// replay is a token bucket's account of a stretch. Tokens are IP bytes.
type replay struct {
	code     policeCode
	from     int     // the first loss that counts
	rate     float64 // IP bytes per second
	lost     int
	passed   int
	slices   int
	onLoss   float64 // median tokens
	onPass   float64
	apart    float64 // chance that a pass met more tokens than a loss
	inflated int     // losses with a risen round trip before them
	checked  int     // losses before which round trips were known
	runs     int     // losses that follow each other count as one
	seen     int     // of those, before which round trips were known
	risen    int     // and had risen
}

// run replays the stretch, leaving cutoff losses out at either end.
func (s *stretch) run(cutoff int) replay {
	from, to := s.bounds(cutoff)
	if to < 0 {
		return replay{code: policeFewLosses}
	}
	return s.runAt(from, s.goodput(from, to))
}

// fitsAt reports whether a bucket that fills at a rate, IP bytes/s, accounts for the
// stretch: its own estimate is off where it is short.
func (s *stretch) fitsAt(rate float64) bool {
	from, to := s.bounds(0)
	if to < 0 {
		return false
	}
	r := s.runAt(from, rate)
	return r.code == policeOK
}

// runAt replays the stretch from a loss on at a rate, IP bytes/s.
func (s *stretch) runAt(from int, rate float64) replay {
	if s.rtt == 0 {
		return replay{code: policeNoRTT}
	}
	sent := float64(s.before)
	for i := range s.steps[:from] {
		sent += float64(s.steps[i].len)
	}
	if sent > lateLossBytes && !s.partial {
		return replay{code: policeLateLoss, from: from}
	}
	r := replay{rate: rate, from: from}
	atStart := sent - r.rate*inSeconds(s.steps[from].at-s.start)
	if atStart < -max((passFillRTTs+s.slack)*r.rate*s.rtt, s.packet()) {
		r.code = policeNegativeFill
		return r
	}
	onLoss, met, onPass := r.account(s, from)
	r.code = r.judge(onLoss, met, onPass, r.rate*s.rtt, s.packet())
	return r
}

// account fills and drains the bucket from the first loss on and returns what
// was in it at each loss, when the lost packet came there, and at each pass. Of
// a loss before the tap, which is dated early, that is not more than it would
// have taken: it may also have been the last before a pause.
func (r *replay) account(s *stretch, from int) (onLoss, met, onPass []float64) {
	var used float64
	rtts := newTrips(s.unmeasured(), s.floor, s.early, len(s.steps))
	rtts.base = s.base
	t0, heard := s.steps[from].at, s.start
	slice := int64(s.rtt * 1e9)
	r.slices = 1
	sliceEnd := t0 + slice
	for i := range s.steps {
		st := &s.steps[i]
		if st.rtt > 0 {
			rtts.add(st.rtt)
			heard = st.at
		}
		if i < from {
			continue
		}
		tokens := r.rate*inSeconds(st.at-t0) - used
		if s.sized {
			tokens -= float64(st.len)
		}
		if !st.lost {
			onPass = append(onPass, tokens)
			used += float64(st.len)
			continue
		}
		onLoss = append(onLoss, tokens)
		met = append(met, tokens+min(r.rate*inSeconds(st.wait), float64(st.len)))
		begins := i == from || !s.steps[i-1].lost
		if begins {
			r.runs++
		}
		if rtts.known() && (s.fresh == 0 || st.at-heard <= s.fresh) {
			if begins {
				r.seen++
			}
			r.checked++
			if rtts.inflated() {
				r.inflated++
				if begins {
					r.risen++
				}
			}
		}
		if st.at > sliceEnd {
			sliceEnd = st.at + slice
			r.slices++
		}
	}
	r.lost, r.passed = len(onLoss), len(onPass)
	return onLoss, met, onPass
}

// judge applies the published rules 3 and 5 to 7 in their order. The bounds are
// tokens of round trips, trip each, but never finer than what one packet takes: at
// 140 kbit/s and 60 ms a round trip is less than that.
func (r *replay) judge(onLoss, met, onPass []float64, trip, packet float64) policeCode {
	if r.slices < minLossSlices || r.lost < minPolicedSamples || r.passed < minPolicedSamples {
		return policeFewLosses
	}
	if meanTokens(onLoss) >= meanTokens(onPass) {
		return policeFullerOnLoss
	}
	r.onLoss, r.onPass = medianOf(onLoss), medianOf(onPass)
	if r.onLoss >= r.onPass {
		return policeFullerOnLoss
	}
	if math.Abs(r.onLoss) > emptyRTTs*max(trip, packet) {
		return policeLossFill
	}
	out := 0
	for _, t := range onLoss {
		if d := t - r.onLoss; math.Abs(d) > max(lossFillRTTs*trip, packet) {
			out++
		}
	}
	if float64(out) > lossFillOutliers*float64(r.lost) {
		return policeLossFill
	}
	out = 0
	for _, t := range onPass {
		if t-r.onLoss < -max(passFillRTTs*trip, packet) {
			out++
		}
	}
	if float64(out) > passFillOutliers*float64(r.passed) {
		return policePassFill
	}
	if r.apart = apart(met, onPass); r.apart < leastApart {
		return policeAlike
	}
	if float64(r.inflated) > inflatedTolerance*float64(r.checked) {
		return policeInflated
	}
	if float64(r.seen) < checkedShare*float64(r.runs) || 3*r.checked < r.lost {
		return policeNoRTT
	}
	return policeOK
}

// emptyRTTs is how far the tokens at a loss may be, in the median, from those at the
// first one, in round trips' worth: both met an empty bucket. Ours: of 13,900 accounts of
// transfers behind a router with a policer none was further off than 16, of the bundled
// captures none than 4; one that was off by 26 told a wrong rate.
const emptyRTTs = 16

// leastApart is the least chance that a pass met more tokens than a loss did.
// Rules 3 to 5 only ask that the means differ and stay in bounds, which a sender
// that does not slow down on random loss fulfils: it comes to 0.55. Behind the
// router of rate-and-calls, section 1.1, it is 0.8 to 1.
const leastApart = 0.7

// apart is the Mann-Whitney statistic of passes over losses, 0.5 for no
// difference. It sorts both lists.
func apart(onLoss, onPass []float64) float64 {
	slices.Sort(onLoss)
	slices.Sort(onPass)
	var wins float64
	below, upTo := 0, 0
	for _, t := range onPass {
		for below < len(onLoss) && onLoss[below] < t {
			below++
		}
		for upTo < len(onLoss) && onLoss[upTo] <= t {
			upTo++
		}
		wins += float64(below+upTo) / 2
	}
	return wins / float64(len(onLoss)) / float64(len(onPass))
}

// freshTrip, ns, and freshTrips round trips, whichever is longer, is for how long a
// round trip tells a receiver whether a queue has filled: long ones are left out there
// where they may come of a sender's timer (package bulklog), and what was heard before
// must not speak for them. The values are the house's: in 1,800 simulated paths, behind
// the router and in the lab as many are found at the client without them. At the server, where
// Karn's rule leaves few, they would take 6 of 58 policed chunks of the router.
const (
	freshTrip  = int64(2_000_000_000)
	freshTrips = 16
)

// checkedShare of the losses must have had known round trips before them, where
// those that follow each other are one: the first response of many packets meets
// an empty bucket before a round trip is over.
const checkedShare = 0.8

func inSeconds(ns int64) float64 { return float64(ns) / 1e9 }

func meanTokens(v []float64) float64 {
	var sum float64
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// medianOf is the median of a list that may be empty: then 0.
func medianOf(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	s := slices.Clone(v)
	slices.Sort(s)
	return quantileOf(s, 0.5)
}

// quantileOf interpolates linearly in a sorted list, as numpy does.
func quantileOf[T uint32 | float64](sorted []T, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return float64(sorted[len(sorted)-1])
	}
	lo, hi := float64(sorted[i]), float64(sorted[i+1])
	return lo + (hi-lo)*(at-float64(i))
}
