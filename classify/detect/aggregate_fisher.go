package detect

import "math"

// table counts attempts with and without a condition.
type table struct {
	lost, won           int // with it
	otherLost, otherWon int // without it
}

// fisher is Fisher's exact test, one-sided: the probability that at least as many of
// those with the condition failed as did, if failing had nothing to do with it and
// the margins are as they are. Over several tables (addresses, clients), each with
// margins of its own, it is the probability of their sum: the exact test of
// stratified two-by-two tables (Agresti, Categorical Data Analysis, section 6.3).
func fisher(tables []table) float64 {
	sum := []float64{1} // by failures with the condition so far
	seen := 0
	for _, t := range tables {
		sum = convolve(sum, hypergeometric(t))
		seen += t.lost
	}
	p := 0.0
	for _, q := range sum[min(seen, len(sum)):] {
		p += q
	}
	return min(p, 1)
}

// hypergeometric is the probability of each number of failures with the condition.
func hypergeometric(t table) []float64 {
	with, lost := t.lost+t.won, t.lost+t.otherLost
	all := with + t.otherLost + t.otherWon
	out := make([]float64, min(with, lost)+1)
	for k := range out {
		if lost-k <= all-with {
			out[k] = math.Exp(logChoose(with, k) + logChoose(all-with, lost-k) - logChoose(all, lost))
		}
	}
	return out
}

func logChoose(n, k int) float64 {
	gamma := func(x int) float64 {
		v, _ := math.Lgamma(float64(x) + 1)
		return v
	}
	return gamma(n) - gamma(k) - gamma(n-k)
}

func convolve(a, b []float64) []float64 {
	out := make([]float64, len(a)+len(b)-1)
	for i, x := range a {
		for j, y := range b {
			out[i+j] += x * y
		}
	}
	return out
}
