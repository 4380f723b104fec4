package detect

import (
	"cmp"
	"math"
	"net/netip"
	"slices"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

const (
	// Of either side the comparison needs so many slices in which the sender was held up,
	// so many flows and so many seconds of them together, and round trips of the empty
	// paths that are alike (rate-and-calls, section 2.7). The reference asks for 20 s:
	// two flows behind one shaper for eight seconds are compared, too.
	diffSlices  = 30
	diffFlows   = 2
	diffSeconds = 15.0
	diffFloors  = 3.0
	// diffWithin is how far apart in time they may be, ns, and diffBeside the part of the
	// control that must have been while the test was.
	diffWithin = int64(10 * time.Minute)
	diffBeside = 0.5
	// diffArea is WeHe's area for what was not replayed alike, diffChance that of the
	// tests, over all services (section 2.7).
	diffArea   = 0.3
	diffChance = 0.05
	// The tiers of the ratio: slower, half, and the tenth that OONI calls extreme.
	diffSlower, diffHalf, diffTenth = 0.7, 0.5, 0.1
	// sameQueue is how much of the test's waiting time the control may have for it to be
	// another queue.
	sameQueue = 0.5
	// All of the test together is looked at in spans of so long, ns, of which there must be
	// some; sumWidth is how far from the median they may be: what a mobile cell gives
	// wanders by more (section 2.4).
	sumSpan  = int64(time.Second)
	sumSpans = 8
	sumWidth = 0.15
	// Of what shows neither losses nor round trips less is asked, if it is ten times
	// slower, flat, and without a pause of the sender: a suspicion, at most.
	extremeSlices   = 20
	extremeSeconds  = 8.0
	extremeControl  = 6
	extremeControls = 256_000 // bytes
)

// Differential compares the throughput of a service with that of the client's other
// transfers meanwhile (rate-and-calls, section 2.7): rate.differential, and rate.shaped
// where all of the service together is flat behind a queue that the others do not wait
// in. Only what a queue holds back is compared: what the sender, the receiver or the
// distance limits is as slow without anybody's doing, and of losses the token bucket
// tells.
type Differential struct{}

// Name returns "differential".
func (Differential) Name() string { return "differential" }

// Revision is that of all it looks at.
func (Differential) Revision(w *fact.World) uint64 { return w.RatesRev }

// Judge returns a finding for each service that is slower than the others.
func (Differential) Judge(w *fact.World) WorldJudgement {
	var out WorldJudgement
	var all []*contest
	var chances []float64
	for _, t := range testsOf(w) {
		if t.why == nil {
			all, chances = append(all, t), append(chances, t.rankP)
		}
	}
	for i, real := range discoveries(chances, diffChance) {
		if t := all[i]; real {
			if v, kind := t.verdict(); v != "" {
				out.Findings = append(out.Findings, t.finding(w, v, kind))
			}
		}
	}
	return out
}

// contest is a service against the other transfers of one client, in one direction.
type contest struct {
	client  netip.Addr
	ifc     uint16
	dir     fact.Dir
	service string
	own     string // the party

	test, control pool
	from, to      int64 // when the test was held up, ns
	sealed        bool  // the test is QUIC
	compared
	near float64 // share of the test's time in which all of it together was flat
	sum  float64 // median of all of it together, bits/s

	why *finding.Reason // why it is not compared
}

// pool is one side of a contest.
type pool struct {
	series  []*fact.RateSeries
	slices  sample
	flows   []fact.FlowID // of them: each may have been busy several times
	n       int
	seconds float64
	bytes   float64
	beside  int       // slices while the test was held up
	waits   []float64 // in queues, s, meanwhile
	floors  []float64 // round trips of the empty paths, s
}

// testsOf lists the contests: of every service that something holds back.
func testsOf(w *fact.World) (out []*contest) {
	for _, s := range w.Rates {
		if s.Service == "" || !heldUp(s) {
			continue
		}
		i := slices.IndexFunc(out, func(t *contest) bool {
			return t.client == s.Client && t.ifc == s.If && t.dir == s.Dir && t.service == s.Service && t.sealed == s.QUIC
		})
		if i < 0 {
			i = len(out)
			out = append(out, &contest{client: s.Client, ifc: s.If, dir: s.Dir, service: s.Service, own: party(s.Owner, s.Server), sealed: s.QUIC})
		}
		out[i].test.series = append(out[i].test.series, s)
	}
	slices.SortStableFunc(out, func(a, b *contest) int {
		return cmp.Or(a.client.Compare(b.client), cmp.Compare(a.service, b.service), cmp.Compare(a.dir, b.dir))
	})
	for _, t := range out {
		t.weigh(w)
	}
	return out
}

// heldUp is a quick look whether a queue may hold a direction back, or nothing tells.
func heldUp(s *fact.RateSeries) bool {
	r := &s.Rate
	if r.Last-r.Start < plateauLeast {
		return false
	}
	if r.Datagram {
		return s.QUIC && transfers(r)
	}
	return waits(s)
}

// waits reports whether the round trips of a direction tell of a queue.
func waits(s *fact.RateSeries) bool {
	return s.Rate.Trips.N >= queueTrips && s.Trip >= queueFactor*float64(s.Rate.Floor[0]+s.Rate.Floor[1])
}

// weigh compares both sides.
func (t *contest) weigh(w *fact.World) {
	for _, s := range t.test.series {
		t.test.add(s, t, t.isTest)
	}
	if t.test.n == 0 {
		t.lacks("not_held_up", "in none of its time a queue held it back")
		return
	}
	others := besideOf(w, t.client, t.ifc, t.dir, func(s *fact.RateSeries) bool {
		return party(s.Owner, s.Server) == t.own || localAddr(s.Server) != localAddr(t.test.series[0].Server)
	})
	for _, s := range others.all {
		if s.Rate.Last >= t.from-diffWithin && s.Rate.Start <= t.to+diffWithin {
			t.control.series = append(t.control.series, s)
			t.control.add(s, t, isControl)
		}
	}
	t.together()
	if t.why = t.lacking(); t.why == nil {
		t.compared = compare(t.test.slices, t.control.slices)
	}
}

// isTest takes the slices in which the sender was held up by a queue, or by what cannot
// be seen.
func (t *contest) isTest(c *cell) bool {
	return c.limit == limitQueue || t.sealed && c.limit == limitUnseen
}

// isControl takes all in which something was to be sent: a rate that was reached shows
// that the path carries it.
func isControl(c *cell) bool { return c.limit != limitApp && c.limit != limitSilent }

// add takes in what one flow did.
func (x *pool) add(s *fact.RateSeries, t *contest, ok func(*cell) bool) {
	p := paceOf(&s.Rate)
	var rates []float64
	for i := range p.cells {
		c := &p.cells[i]
		if !ok(c) {
			continue
		}
		rates = append(rates, c.bps)
		x.seconds += c.seconds()
		x.bytes += c.bytes
		if x == &t.test {
			t.span(c)
		}
		if c.to > t.from && c.from < t.to {
			x.beside++
			if c.trip > 0 {
				x.waits = append(x.waits, c.trip-p.floor)
			}
		}
	}
	if len(rates) == 0 {
		return
	}
	x.slices = append(x.slices, rates)
	if !slices.Contains(x.flows, s.Flow) {
		x.flows = append(x.flows, s.Flow)
	}
	x.n += len(rates)
	if f := s.Rate.Floor[0] + s.Rate.Floor[1]; f > 0 {
		x.floors = append(x.floors, float64(f)/1e6)
	}
}

func (t *contest) span(c *cell) {
	if t.from == 0 || c.from < t.from {
		t.from = c.from
	}
	t.to = max(t.to, c.to)
}

// together measures whether all of the test together is flat: two that share a queue
// take from each other.
func (t *contest) together() {
	b := beside{all: t.test.series}
	width := sumSpan
	for _, s := range t.test.series {
		width = max(width, s.Rate.Width)
	}
	var rates []float64
	for at := t.from; at+width <= t.to; at += width {
		rates = append(rates, 8*b.moved(at, at+width)/inSeconds(width))
	}
	t.sum = medianOf(rates)
	n := 0
	for _, x := range rates {
		if math.Abs(x-t.sum) <= sumWidth*t.sum {
			n++
		}
	}
	if len(rates) >= sumSpans {
		t.near = float64(n) / float64(len(rates))
	}
}
