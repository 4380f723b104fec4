package detect

import (
	"fmt"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// Slowed looks at the throughput of one direction over time: whether it was flat behind
// a queue (rate.limited, or rate.shaped where it had been faster before and others are
// meanwhile), and whether it fell (rate.shift). What limits the sender itself is looked
// at first (rate-and-calls, sections 2.4, 2.5 and 3).
type Slowed struct{}

// Name is the detector's name.
func (Slowed) Name() string { return "slowed" }

// Judge implements [FlowDetector].
func (Slowed) Judge(f *fact.Flow, w *fact.World) Judgement {
	j := judging(w)
	j.needs("backlog", "%d spans of time of %d packets, %.0f %% of the bytes in such as the network limits: not the application, the receiver's window or the round trip",
		plateauCells, cellPackets, 100*heldShare)
	j.needs("round_trips", "round trips of the way on which a queue would be: timestamps both ways, or acknowledgements of what passed the tap")
	for _, d := range [...]fact.Dir{fact.Down, fact.Up} {
		r := f.Rates[d]
		if r == nil {
			continue
		}
		if f.Key.Proto != capture.ProtoTCP && (f.App != "quic" || !transfers(r)) {
			j.stop("own_pace", "%s: what is not a transfer over TCP or QUIC goes at its own pace", d)
			continue
		}
		c := weighSlowed(f, w, d)
		c.explain(&j)
		if c.kind == "" {
			continue
		}
		fd := c.finding(f, w)
		if r, did := localVeto(f); did && fd.Verdict.Rank() >= finding.Suspected.Rank() {
			noteBlind(&fd, r.Code)
			lacking(&fd, r)
			j.stop(r.Code, "%s", r.Text)
		}
		j.Findings = append(j.Findings, fd)
	}
	if !w.Terse {
		explain(f, w, &j)
	}
	if f.Rates[fact.Up] == nil && f.Rates[fact.Down] == nil {
		j.stop("little", "neither direction moved enough")
	}
	return j
}

// heldShare is the part of the bytes that must have come while the network limited the
// sender (rate-and-calls, section 3).
const heldShare = 0.3

// slowed is what the throughput of one direction says.
type slowed struct {
	dir    fact.Dir
	pace   pace
	beside beside

	flat      plateau
	plateau   bool // flat is one
	allowance allowance
	allowed   bool
	shift     fall
	shifted   bool
	controls  []fast  // faster meanwhile
	free      float64 // part of the slow cells in which others took little

	kind    finding.Kind // "": no finding
	verdict finding.Verdict
	why     []finding.Reason // why no more is said
	lacks   finding.Reason   // the one of them that a flat rate is left with
}

func (c *slowed) stop(code, format string, args ...any) {
	c.why = append(c.why, finding.Reason{Code: code, Text: fmt.Sprintf(format, args...)})
}

// limited leaves it at a flat rate, for a reason.
func (c *slowed) limited(code, format string, args ...any) {
	c.kind, c.verdict = finding.RateLimited, finding.Inconclusive
	c.stop(code, format, args...)
	c.lacks = c.why[len(c.why)-1]
}

// weighSlowed looks at one direction.
func weighSlowed(f *fact.Flow, w *fact.World, d fact.Dir) slowed {
	c := slowed{dir: d, pace: paceOf(f.Rates[d])}
	if n := len(c.pace.cells); n < plateauCells {
		c.stop("short", "%d spans of time with packets enough, of at least %d", n, plateauCells)
		return c
	}
	if share := c.pace.backloggedShare(); share < heldShare {
		l, part := c.pace.limits()
		c.stop("not_backlogged", "%.0f %% of the bytes came while the network limited the sender, of at least %.0f %%; in %.0f %% of the time it was %s", 100*share, 100*heldShare, 100*part, l)
		return c
	}
	c.beside = besideOf(w, f.Key.SrcAddr(), f.If, d, func(s *fact.RateSeries) bool { return s.Flow == f.ID })
	c.beside.own = party(ownerOf(f), f.Key.DstAddr())
	c.flat, c.plateau = c.pace.plateau()
	if c.plateau {
		c.judgePlateau(f)
	} else {
		c.stop("not_flat", "no flat end of %d spans: %.0f %% of them must be within %.0f %% of their median for %s", plateauCells, 100*flatShare, 100*flatWidth, spellNs(plateauTime))
	}
	if c.kind == "" || c.kind == finding.RateLimited && !c.flat.queued() {
		c.judgeShift(f)
	}
	return c
}

// judgePlateau says what a flat rate is.
func (c *slowed) judgePlateau(f *fact.Flow) {
	p, flat := &c.pace, &c.flat
	switch {
	case flat.queued():
	case flat.seen >= queueTrips:
		c.stop("no_queue", "flat at %s, and round trips of %.0f ms where the path has %.0f: no queue", rateText(flat.bps), 1e3*flat.trip, 1e3*p.floor)
		return
	default: // nothing tells whether there is one
		c.limited("queue_unseen", "%s", c.missing(f))
		return
	}
	if c.allowance, c.allowed = p.allowance(flat); !c.allowed {
		c.limited("no_level_shift", "it was not faster before: a slow line looks the same")
		return
	}
	if p.recovers(flat) {
		c.limited("recovered", "it was faster again without having rested")
		return
	}
	cells := p.cells[flat.from:flat.to]
	if c.free = c.beside.free(cells, c.allowance.bps-flat.bps); c.free < freeShare {
		c.limited("contention", "other flows of the client took as much as it lost in %.0f %% of the time", 100*(1-c.free))
		return
	}
	if c.controls = c.beside.faster(f.Key.DstAddr(), cells[0].from, cells[len(cells)-1].to, flat.bps); len(c.controls) == 0 {
		c.limited("no_control", "no other transfer of the client ran at twice %s meanwhile: a line with an allowance looks the same", rateText(flat.bps))
		return
	}
	c.kind, c.verdict = finding.RateShaped, finding.Likely
}

// missing names what would have to be seen to tell a queue.
func (c *slowed) missing(f *fact.Flow) string {
	r := f.Rates[c.dir]
	switch {
	case r.Datagram:
		return "no spin bit, so that no round trips show outside of QUIC, and losses never do: a queue, a policer and the sender's own pace look the same"
	case r.OneWay && !r.Stamped:
		return "one-way capture, so that no timestamp can be matched with its echo: queueing cannot be seen"
	case !r.Stamped:
		return "no timestamps, and the acknowledgements do not pass before the queue: queueing cannot be seen"
	}
	return fmt.Sprintf("%d round trips only: queueing cannot be seen", c.flat.seen)
}

// judgeShift looks for a fall within the flow.
func (c *slowed) judgeShift(f *fact.Flow) {
	s, ok := c.pace.fell()
	if !ok {
		c.stop("no_fall", "no fall to less than %.0f %% with %d spans of time on either side in which the sender was held up", 100*shiftRatio, sideCells)
		return
	}
	c.shift = s
	if s.flat < flatShare {
		c.stop("wanders", "fell to %s and wandered: %.0f %% of the time within %.0f %% of it; what loses at random falls so now and then", rateText(s.after), 100*s.flat, 100*sumWidth)
		return
	}
	cells := c.pace.cells[s.at:]
	if code, text := c.pace.moved(s.at); code != "" {
		c.stop(code, "%s", text)
		return
	}
	if c.free = c.beside.free(cells, s.before-s.after); c.free < freeShare {
		c.stop("contention", "other flows of the client took as much as it lost in %.0f %% of the time", 100*(1-c.free))
		return
	}
	c.controls = c.beside.faster(f.Key.DstAddr(), cells[0].from, cells[len(cells)-1].to, s.after)
	if len(c.controls) == 0 {
		c.stop("no_control", "fell to %s, and no other transfer of the client ran at twice that meanwhile", rateText(s.after))
		return
	}
	c.shifted, c.kind, c.verdict = true, finding.RateShift, finding.Suspected
}

// pathChange is how much the shortest round trip may differ on both sides of a fall for
// the path to be the same.
const pathChange = 1.3

// moved says that the path itself changed at a cell: a silence, or another round trip.
func (p *pace) moved(at int) (code, text string) {
	for i := max(at-2, 0); i < min(at+2, len(p.cells)); i++ {
		if p.cells[i].limit == limitSilent {
			return "outage", "it fell with a silence: the path was gone for a while"
		}
	}
	shortest := func(cells []cell) (s float64) {
		for i := range cells {
			if t := cells[i].trip; t > 0 && (s == 0 || t < s) {
				s = t
			}
		}
		return s
	}
	a, b := shortest(p.cells[:at]), shortest(p.cells[at:])
	if a > 0 && b > pathChange*a && !p.queued(b) {
		return "path_changed", fmt.Sprintf("the shortest round trip was %.0f ms before the fall and %.0f ms after it: another path", 1e3*a, 1e3*b)
	}
	return "", ""
}
