package detect

import (
	"math"
	"math/rand/v2"
	"slices"
)

const (
	// bootstrapBlock is how many slices that follow each other are drawn together:
	// throughput of one moment resembles that of the next; bootstrapDraws how often, and
	// bootstrapSeed with which numbers, so that the same capture says the same twice
	// (rate-and-calls, section 2.7).
	bootstrapBlock = 5
	bootstrapDraws = 1000
	bootstrapSeed  = 20261122
)

// sample is the throughputs of one side: a series for each flow, in the order of time.
type sample [][]float64

func (s sample) all() (out []float64) {
	for _, x := range s {
		out = append(out, x...)
	}
	slices.Sort(out)
	return out
}

// compared is what two samples of throughput have in common.
type compared struct {
	slow, usual float64 // medians of test and control, bits/s
	ratio       float64 // of them
	low, high   float64 // 95 % of the ratio, by block bootstrap; dear, and filled in where all else holds
	area        float64 // how far the test's mean is below the control's: WeHe's
	ks          float64 // largest distance of the distributions
	ksP, rankP  float64 // chance of Kolmogorov and Smirnov's test, and of Mann and Whitney's, one-sided
}

// compare compares a test with its control (rate-and-calls, section 2.7).
func compare(test, control sample) (c compared) {
	t, k := test.all(), control.all()
	if len(t) == 0 || len(k) == 0 {
		return c
	}
	c.slow, c.usual = quantileOf(t, 0.5), quantileOf(k, 0.5)
	c.ratio = c.slow / max(c.usual, 1)
	c.area = (meanTokens(k) - meanTokens(t)) / max(meanTokens(k), meanTokens(t), 1)
	c.ks, c.ksP = kolmogorov(t, k)
	c.rankP = mannWhitney(t, k)
	return c
}

// bootstrap is the 95 % interval of the ratio of the medians: blocks of slices are drawn
// again and again from either side.
func bootstrap(test, control sample) (low, high float64) {
	rng := rand.New(rand.NewPCG(bootstrapSeed, 1))
	logs := make([]float64, 0, bootstrapDraws)
	a, b := urnOf(test), urnOf(control)
	for range bootstrapDraws {
		a.draw(rng)
		b.draw(rng)
		logs = append(logs, math.Log(max(a.median(), 1)/max(b.median(), 1)))
	}
	slices.Sort(logs)
	return math.Exp(quantileOf(logs, 0.025)), math.Exp(quantileOf(logs, 0.975))
}

// urn is what slices are drawn from: they are counted by their rank, so that a draw
// need not be sorted.
type urn struct {
	ranks  [][]int32 // per flow, in the order of time
	values []float64 // by rank
	counts []int32   // drawn, by rank
	n      int
}

func urnOf(s sample) *urn {
	u := &urn{values: s.all()}
	u.n = len(u.values)
	u.values = slices.Compact(u.values)
	u.counts = make([]int32, len(u.values))
	for _, x := range s {
		ranks := make([]int32, len(x))
		for i, v := range x {
			at, _ := slices.BinarySearch(u.values, v)
			ranks[i] = int32(at)
		}
		u.ranks = append(u.ranks, ranks)
	}
	return u
}

// draw draws as many slices as there are, in blocks.
func (u *urn) draw(rng *rand.Rand) {
	clear(u.counts)
	for _, x := range u.ranks {
		for n := 0; n < len(x); n += bootstrapBlock {
			size := min(bootstrapBlock, len(x)-n)
			at := rng.IntN(len(x) - size + 1)
			for _, r := range x[at : at+size] {
				u.counts[r]++
			}
		}
	}
}

// median is that of what was drawn.
func (u *urn) median() float64 {
	lo, hi := (u.n-1)/2, u.n/2
	seen, i := 0, 0
	for ; seen+int(u.counts[i]) <= lo; i++ {
		seen += int(u.counts[i])
	}
	x := u.values[i]
	for ; seen+int(u.counts[i]) <= hi; i++ {
		seen += int(u.counts[i])
	}
	return (x + u.values[i]) / 2
}

// kolmogorov is the test of Kolmogorov and Smirnov for two sorted samples, with the
// asymptotic chance (Stephens' correction).
func kolmogorov(a, b []float64) (d, p float64) {
	m, n := float64(len(a)), float64(len(b))
	for i, k := 0, 0; i < len(a) && k < len(b); {
		x := min(a[i], b[k])
		for i < len(a) && a[i] == x {
			i++
		}
		for k < len(b) && b[k] == x {
			k++
		}
		d = max(d, math.Abs(float64(i)/m-float64(k)/n))
	}
	e := math.Sqrt(m * n / (m + n))
	l := (e + 0.12 + 0.11/e) * d
	if l < 0.2 {
		return d, 1 // the series does not converge there
	}
	sign := 1.0
	for j := 1.0; j <= 100; j++ {
		p += sign * 2 * math.Exp(-2*j*j*l*l)
		sign = -sign
	}
	return d, min(max(p, 0), 1)
}

// mannWhitney is the one-sided chance that the first of two sorted samples is as low as
// it is, by the normal approximation.
func mannWhitney(a, b []float64) float64 {
	m, n := float64(len(a)), float64(len(b))
	var u float64 // pairs in which the first is greater
	for _, x := range a {
		lo, _ := slices.BinarySearch(b, x)
		hi := lo
		for hi < len(b) && b[hi] == x {
			hi++
		}
		u += float64(lo) + float64(hi-lo)/2
	}
	z := (u - m*n/2) / math.Sqrt(m*n*(m+n+1)/12)
	return 0.5 * math.Erfc(-z/math.Sqrt2)
}

// discoveries says which of several chances are small enough for a share q of false ones
// among them (Benjamini and Hochberg 1995).
func discoveries(p []float64, q float64) []bool {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p[a] < p[b]:
			return -1
		case p[a] > p[b]:
			return 1
		}
		return 0
	})
	last := -1
	for i, k := range order {
		if p[k] <= q*float64(i+1)/float64(len(p)) {
			last = i
		}
	}
	out := make([]bool, len(p))
	for _, k := range order[:last+1] {
		out[k] = true
	}
	return out
}
