package detect

import (
	"cmp"
	"math"
	"slices"
	"time"
)

const (
	// plateauCells is how many cells a plateau needs, and plateauTime how long it must
	// last, ns; shorter ones, but not below plateauLeast, count if they last
	// plateauTrips round trips of the empty path (rate-and-calls, section 2.4).
	plateauCells = 20
	plateauTime  = int64(10 * time.Second)
	plateauLeast = int64(5 * time.Second)
	plateauTrips = 50
	// flatShare of the cells of a plateau must be within flatWidth of its median, and a
	// packet: one more or less falls into a cell by chance. The reference asks for a
	// coefficient of variation of 5 %, which one recovery of a second breaks (the lab's
	// shaped-after-burst at the server: seven of 39 cells are off by 10 to 40 %).
	flatShare = 0.8
	flatWidth = 0.08
	// shiftFactor is how far the cells before a plateau must be above it, and
	// shiftCells how many, for a shaper with an allowance (ShaperProbe; section 2.4).
	shiftFactor = 1.25
	shiftCells  = 3
	// allowanceFactor is how much more than the queue holds must have come above the
	// rate: what a queue takes in at first looks the same at the sender.
	allowanceFactor = 2
)

// plateau is a flat end of a direction.
type plateau struct {
	from  int     // its first cell
	to    int     // behind its last
	bps   float64 // median
	flat  float64 // share of the cells near it
	width float64 // how far off near is, bits/s
	trip  float64 // median of the longer leg, s; 0 unknown
	queue int     // cells that show a queue
	loss  float64 // share of its packets
	// seen is how many cells have a round trip of their own.
	seen int
}

// plateau finds the longest flat stretch that ends where the sender was not held up any
// more, or with all of it; ok reports that it is long enough to speak of.
func (p *pace) plateau() (best plateau, ok bool) {
	rates, sorted := make([]float64, len(p.cells)), make([]float64, len(p.cells))
	for i := range p.cells {
		rates[i] = p.cells[i].bps
	}
	for to := len(p.cells); to > best.to-best.from && to >= plateauCells; to-- {
		if !p.cells[to-1].limit.backlogged() || to < len(p.cells) && p.cells[to].limit.backlogged() {
			continue
		}
		for from := 0; to-from >= max(plateauCells, best.to-best.from+1); from++ {
			if f, flat := p.flat(from, to, rates[from:to], sorted); flat {
				best = f
				break
			}
		}
	}
	return best, best.to > 0 && p.longEnough(&best)
}

// recovers reports that it was faster again after a plateau without having rested: then
// it was not held down by what holds at one rate.
func (p *pace) recovers(f *plateau) bool {
	for i := f.to; i < len(p.cells); i++ {
		switch c := &p.cells[i]; {
		case c.limit == limitApp || c.limit == limitSilent:
			return false
		case c.bps > shiftFactor*f.bps+f.width:
			return true
		}
	}
	return false
}

// flat measures the cells from one to another, whose rates are given, as if they were a
// plateau; sorted is room for as many.
func (p *pace) flat(from, to int, rates, sorted []float64) (plateau, bool) {
	cells := p.cells[from:to]
	held := 0
	for i := range cells {
		if cells[i].limit.backlogged() {
			held++
		}
	}
	f := plateau{from: from, to: to}
	if float64(held) < flatShare*float64(len(cells)) {
		return f, false
	}
	sorted = sorted[:copy(sorted, rates)]
	slices.Sort(sorted)
	if f.bps = quantileOf(sorted, 0.5); f.bps == 0 {
		return f, false
	}
	f.width = flatWidth*f.bps + p.onePacket()
	near, straight, sum := 0, 0, 0.0
	for i, x := range rates {
		if math.Abs(x-f.bps) <= f.width {
			sum += x
			near++
			straight++
		} else if p.evened(rates, i, f.bps) {
			straight++
		}
	}
	f.flat = float64(straight) / float64(len(cells))
	if f.flat < flatShare || math.Abs(rates[0]-f.bps) > f.width {
		return f, false
	}
	f.bps = sum / float64(near) // finer than a median of whole packets
	p.measure(&f)
	return f, true
}

// evened reports that a cell has what a neighbour lacks: together they are near a
// rate. Acknowledgements of a time of repair come late and together.
func (p *pace) evened(rates []float64, i int, bps float64) bool {
	near := func(k int) bool {
		return k >= 0 && k < len(rates) && math.Abs((rates[i]+rates[k])/2-bps) <= flatWidth*bps+p.onePacket()/2
	}
	return near(i-1) || near(i+1)
}

// onePacket is what a packet more in a cell adds to its rate, bits/s.
func (p *pace) onePacket() float64 {
	if len(p.cells) == 0 || p.rate.Packets == 0 {
		return 0
	}
	return 8 * float64(p.rate.Bytes) / float64(p.rate.Packets) / p.cells[0].seconds()
}

func (p *pace) measure(f *plateau) {
	var trips []float64
	var lost, packets float64
	for i := f.from; i < f.to; i++ {
		c := &p.cells[i]
		if c.limit == limitQueue {
			f.queue++
		}
		if c.RTTs[p.leg] > 0 {
			trips = append(trips, c.trip)
		}
		lost += float64(c.Lost)
		packets += float64(c.Packets)
	}
	f.seen = len(trips)
	f.trip, f.loss = medianOf(trips), lost/max(packets, 1)
}

func (p *pace) longEnough(f *plateau) bool {
	lasts := p.cells[f.to-1].to - p.cells[f.from].from
	trip := (p.rate.Floor[0] + p.rate.Floor[1]) / 1000 // ms
	many := trip > 0 && lasts/int64(time.Millisecond) >= plateauTrips*int64(trip)
	return f.to-f.from >= plateauCells && (lasts >= plateauTime || many && lasts >= plateauLeast)
}

// queueTrips is how many cells must have a round trip of their own for a queue to be told.
const queueTrips = 4

// queued reports that most of the plateau shows a queue, by round trips enough to tell.
func (f *plateau) queued() bool {
	return f.seen >= queueTrips && 5*f.queue >= 4*(f.to-f.from)
}

// allowance is the part before a plateau that was above it.
type allowance struct {
	cells int
	from  int     // its first cell
	bps   float64 // median
	bytes float64 // above the rate of the plateau
	all   float64 // in all up to the plateau
}

// allowance finds what came before a plateau at a higher rate: cells next to it, but
// for one between, each of which was above each flat one.
func (p *pace) allowance(f *plateau) (a allowance, ok bool) {
	top := f.bps + f.width
	var rates []float64
	i := f.from - 1
	if i >= 0 && p.cells[i].bps < shiftFactor*f.bps { // the fall was within it
		i--
	}
	for a.from = i + 1; i >= 0 && p.cells[i].bps > max(shiftFactor*f.bps, top); i-- {
		c := &p.cells[i]
		rates = append(rates, c.bps)
		a.bytes += c.bytes - f.bps/8*c.seconds()
		a.from = i
	}
	a.cells, a.bps = len(rates), medianOf(rates)
	a.all = float64(p.rate.Before)
	for k := range f.from {
		a.all += p.cells[k].bytes
	}
	return a, a.cells >= shiftCells && a.bytes > allowanceFactor*p.held(f)
}

// held is what waits in the queue of a plateau, bytes.
func (p *pace) held(f *plateau) float64 {
	longest := f.trip
	for i := f.from; i < f.to; i++ {
		longest = max(longest, p.cells[i].trip)
	}
	return f.bps / 8 * max(longest-p.floor, 0)
}

// fall is where a direction slowed down.
type fall struct {
	at            int // first cell of the slow part
	before, after float64
	low, high     float64 // 95 % of the ratio of after to before, Hodges-Lehmann
	flat          float64 // share of the cells after it that are near their median
}

const (
	// sideCells is how many cells, in which the sender was held up, either side of a
	// shift needs, and shiftRatio what it must be at most (rate-and-calls, section 2.5).
	sideCells  = 10
	shiftRatio = 0.5
	// cusumSlack and cusumLimit are those of the CUSUM, in standard deviations of the
	// reference (section 2.5).
	cusumSlack = 0.5
	cusumLimit = 5
	// leastSpread is the least deviation that is believed in, of logarithms: ten values do
	// not tell a smaller one, and a fall by half is 3.5 of it.
	leastSpread = 0.2
)

// fell finds where the rate fell, by a one-sided CUSUM of the logarithms of those
// cells in which the sender was held up: the reference is the median and the median
// deviation of the first of them.
func (p *pace) fell() (s fall, ok bool) {
	var at []int
	var logs []float64
	for i := range p.cells {
		if c := &p.cells[i]; c.limit.backlogged() && c.bps > 0 {
			at, logs = append(at, i), append(logs, math.Log(c.bps))
		}
	}
	if len(logs) < 2*sideCells {
		return s, false
	}
	fell := fallOf(logs)
	if fell < sideCells || len(logs)-fell < sideCells {
		return s, false
	}
	before, after := logs[:fell], logs[fell:]
	s.at, s.before, s.after = at[fell], math.Exp(medianOf(before)), math.Exp(medianOf(after))
	s.low, s.high = hodgesLehmann(before, after)
	near := 0
	for _, x := range after {
		if math.Abs(math.Exp(x)-s.after) <= sumWidth*s.after {
			near++
		}
	}
	s.flat = float64(near) / float64(len(after))
	return s, s.after <= shiftRatio*s.before && s.high < 1
}

// fallOf is the index at which a CUSUM says that a series fell, 0 if it does not.
func fallOf(x []float64) int {
	ref := x[:sideCells]
	mid := medianOf(ref)
	var off []float64
	for _, v := range ref {
		off = append(off, math.Abs(v-mid))
	}
	sigma := max(1.4826*medianOf(off), leastSpread) // of a normal distribution
	sum, since := 0.0, 0
	for i, v := range x {
		sum += (mid-v)/sigma - cusumSlack
		if sum <= 0 {
			sum, since = 0, i+1
		}
		if sum > cusumLimit && i > since {
			half := (mid + medianOf(x[i:])) / 2
			for ; since < i && x[since] > half; since++ { // it may have begun to add up by chance
			}
			return since
		}
	}
	return 0
}

// hodgesLehmann is the 95 % interval of the shift between two samples of logarithms, as
// ratios: quantiles of all differences (Hodges and Lehmann 1963, with the normal
// approximation of the Mann-Whitney statistic).
func hodgesLehmann(before, after []float64) (low, high float64) {
	d := make([]float64, 0, len(before)*len(after))
	for _, b := range before {
		for _, a := range after {
			d = append(d, a-b)
		}
	}
	slices.SortFunc(d, cmp.Compare[float64])
	m, n := float64(len(before)), float64(len(after))
	k := int(max(m*n/2-1.96*math.Sqrt(m*n*(m+n+1)/12), 0))
	return math.Exp(d[k]), math.Exp(d[len(d)-1-k])
}
