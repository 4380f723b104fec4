package detect

import (
	"fmt"
	"math"
	"slices"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

const (
	// clampShare of what came before, or of what was sent, is the most that a clamped
	// call may still get (rate-and-calls, 2.9).
	clampShare = 0.6
	// clampSeconds of a flat line are needed, and clampFlat is how much they may differ
	// (coefficient of variation). Section 2.9 proposes 10 s and 0.05; a policer that
	// lets 27 packets of 700 bytes pass in a second varies by 0.04 by their size alone,
	// and the replay that follows is the stricter test.
	clampSeconds = 5
	clampFlat    = 0.1
	// queuePackets is how many packets' time at the rate delays may spread without any
	// queue: a queue of two shows as that much.
	queuePackets = 2
	// unknownTrip stands for the round trip where nothing was asked on the flow, µs.
	unknownTrip = 60_000
)

// clamp is a call that gets what a token bucket lets through.
type clamp struct {
	b       *badCall
	s       stretch
	runs    [2]replay
	rate    float64 // IP bytes per second
	before  float64 // the same, until losses began; 0 not known
	offered float64
	varies  float64 // coefficient of variation of the seconds since
	seconds int
	spread  float64 // of delays, s; negative: not known
	mean    float64 // IP bytes of a datagram
}

// clamped judges whether the losses of a call are those of a policer: the sequence
// numbers say what was lost, the timestamps whether a queue had filled, and there is no
// sender that slows down (rate-and-calls, 2.9, end).
func (b *badCall) clamped(call *finding.Finding, j *Judgement) {
	c := &clamp{b: b}
	if len(b.way.Events) == 0 || call.Verdict.Rank() < finding.Suspected.Rank() {
		return
	}
	c.s = b.stretch()
	for i, cutoff := range [...]int{0, policedCutoff} {
		c.runs[i] = c.s.run(cutoff)
	}
	c.measure()
	j.saw("clamp", "%s: replayed as a token bucket: code %d at %s, without the outermost losses code %d at %s; %s came before, %s was sent; %d s since vary by %.2f",
		b.d, c.runs[0].code, rateText(8*c.runs[0].rate), c.runs[1].code, rateText(8*c.runs[1].rate), rateText(8*c.before), rateText(8*c.offered), c.seconds, c.varies)
	for i, r := range c.runs {
		if r.code != policeOK {
			j.stop(fmt.Sprintf("police.%d", r.code), "%s, run %d: %s", b.d, i+1, policeTexts[r.code])
			return
		}
	}
	switch most := max(c.before, c.offered); {
	case c.rate > clampShare*most:
		j.stop("no_clamp", "%s: %s of %s still come: no more than %.0f %% would be a clamp", b.d, rateText(8*c.rate), rateText(8*most), 100*clampShare)
	case c.seconds < clampSeconds || c.varies > clampFlat:
		j.stop("not_flat", "%s: %d s since losses began vary by %.2f; %d s by no more than %.2f are needed", b.d, c.seconds, c.varies, clampSeconds, clampFlat)
	case c.spread < 0:
		j.stop("no_delays", "%s: delays are not known: a full queue looks the same", b.d)
	case c.spread > queuePackets*c.mean/c.rate:
		j.stop("queue", "%s: delays spread by %.0f ms, as in a queue", b.d, 1000*c.spread)
	default:
		j.Findings = append(j.Findings, c.finding(call))
	}
}

// stretch turns the events of a direction into what a replay works on: the delay by
// the timestamps stands for the round trip.
func (b *badCall) stretch() stretch {
	floor := uint32(min(b.f.Call.Trips.Floor.Microseconds(), math.MaxInt32))
	if floor == 0 {
		floor = unknownTrip
	}
	least := leastDelays(b.way.Events)
	s := stretch{partial: true, sized: true, slack: math.Inf(1), rtt: float64(floor) / 1e6, floor: floor}
	for i := range b.way.Events {
		e := &b.way.Events[i]
		if e.Void {
			continue
		}
		st := step{at: e.Time, num: e.Num, len: uint32(e.Len), lost: e.Lost}
		if e.Timed && !e.Lost {
			st.rtt = floor + uint32(e.Delay-least[e.Src])
		}
		s.steps = append(s.steps, st)
	}
	if len(s.steps) > 0 {
		s.start = s.steps[0].at
	}
	s.spread()
	return s
}

// leastDelays is the least delay of each source, by its number, µs.
func leastDelays(events []fact.MediaEvent) (least [fact.MediaSources + 1]int32) {
	var known [fact.MediaSources + 1]bool
	for i := range events {
		if e := &events[i]; e.Timed && (!known[e.Src] || e.Delay < least[e.Src]) {
			known[e.Src], least[e.Src] = true, e.Delay
		}
	}
	return least
}

// measure says what came before losses began, what was sent and how evenly it came.
func (c *clamp) measure() {
	c.rate = c.runs[0].rate
	steps := c.s.steps
	if len(steps) < 2 {
		return
	}
	from, to := steps[0].at, steps[len(steps)-1].at
	var all, passed float64
	var delays []float64
	for i := range steps {
		all += float64(steps[i].len)
		if !steps[i].lost {
			passed++
			c.mean += float64(steps[i].len)
		}
		if steps[i].rtt > 0 {
			delays = append(delays, float64(steps[i].rtt)/1e6)
		}
	}
	c.mean /= max(passed, 1)
	if d := inSeconds(to - from); d > 0 {
		c.offered = all / d
	}
	if c.spread = -1; len(delays) >= minPolicedSamples {
		slices.Sort(delays)
		c.spread = quantileOf(delays, 0.9) - quantileOf(delays, 0.1)
	}
	c.perSecond(from, to)
}

// perSecond looks at whole seconds before and since losses began.
func (c *clamp) perSecond(from, to int64) {
	var before, since []float64
	sec := &c.b.way.Seconds
	for i, n := range sec.Bytes {
		at := sec.From + int64(i)*1e9
		switch {
		case i > 0 && at+1e9 <= from:
			before = append(before, float64(n))
		case at > from && at+1e9 <= to:
			since = append(since, float64(n))
		}
	}
	if len(before) > 0 {
		c.before = medianOf(before)
	}
	c.seconds = len(since)
	if len(since) < 2 {
		c.varies = math.Inf(1)
		return
	}
	mean := meanTokens(since)
	var sum float64
	for _, x := range since {
		sum += (x - mean) * (x - mean)
	}
	c.varies = math.Sqrt(sum/float64(len(since)-1)) / max(mean, 1)
}

// finding words what was found, as sure as that the call is spoilt.
func (c *clamp) finding(call *finding.Finding) finding.Finding {
	b, bps := c.b, 8*c.rate
	fd := b.started(c.s.start, c.s.steps[len(c.s.steps)-1].at)
	fd.Kind, fd.Key = finding.RatePoliced, "call_"+b.d.String()
	fd.RateBps, fd.Loss = &bps, call.Loss
	fd.Controls, fd.Blind = slices.Clone(call.Controls), slices.Clone(call.Blind)
	fd.NotRuledOut = []string{}
	fd.RuledOut = []string{"full_queue", "random_loss", "camera_off", "encoder_adapts"}
	fd.Packets = slices.Clone(call.Packets)
	fd.Filter = Filter(fd.Packets...)
	was := c.offered
	if c.before > 0 {
		was = c.before
		before := 8 * c.before
		fd.BeforeBps, fd.AfterBps = &before, &bps
	}
	r := &c.runs[0]
	fd.Summary = fmt.Sprintf("media of the call held to %s by a token bucket: %s would have come, %.1f %% is lost, and no queue fills before the losses (%s)",
		rateText(bps), rateText(8*was), 100**call.Loss, b.shares())
	fd.For = append(fd.For, finding.Evidence{Code: policeFit, Family: finding.Rate, Class: finding.S,
		Text: fmt.Sprintf("a token bucket filled at %s accounts for %d losses and %d passes by their sequence numbers; passes met more tokens with a chance of %.2f",
			rateText(bps), r.lost, r.passed, r.apart),
		Got: "2 of 2 runs", Want: "2 of 2 runs", Packets: fd.Packets})
	fd.For = append(fd.For, finding.Evidence{Code: policeNoQueue, Family: finding.Delay, Class: finding.S,
		Text: fmt.Sprintf("by the timestamps delays spread by %.1f ms only, and had risen before %d of %d losses: no queue had filled", 1000*c.spread, r.inflated, r.lost)})
	for _, e := range call.For {
		if e.Family == finding.Control {
			fd.For = append(fd.For, e)
		}
	}
	fd.Against = append(fd.Against, finding.Evidence{Code: policeMisfit, Family: finding.Rate, Class: finding.W,
		Text: "how much the bucket holds does not show: media do not burst"})
	Conclude(&fd, Cap(Fuse(fd.For), call.Verdict))
	return fd
}

// shares says what each source lost: whether voice is spared.
func (b *badCall) shares() string {
	text := ""
	for i := range b.way.Sources {
		if s := &b.way.Sources[i]; !s.Repairs {
			if text != "" {
				text += ", "
			}
			text += fmt.Sprintf("type %d lost %.1f %%", s.Type, 100*s.Share())
		}
	}
	return text
}
