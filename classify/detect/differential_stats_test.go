package detect

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestKolmogorovAndSmirnov holds the test against what scipy.stats.ks_2samp(mode="asymp")
// says to within the correction, and against what is plain.
func TestKolmogorovAndSmirnov(t *testing.T) {
	var a, b []float64
	for i := range 50 {
		a, b = append(a, float64(i)), append(b, float64(i)+25)
	}
	if d, p := kolmogorov(a, b); math.Abs(d-0.5) > 1e-9 || p > 1e-5 || p < 1e-7 {
		t.Errorf("half apart: %v, p %v", d, p)
	}
	if d, p := kolmogorov(a, a); d != 0 || p != 1 {
		t.Errorf("the same: %v, p %v", d, p)
	}
}

// TestChancesAreWhatTheySay: of samples of one distribution each test rejects as many as
// its chance allows.
func TestChancesAreWhatTheySay(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const runs = 2000
	var ks, mw int
	for range runs {
		a, b := make([]float64, 40), make([]float64, 60)
		for i := range a {
			a[i] = rng.NormFloat64()
		}
		for i := range b {
			b[i] = rng.NormFloat64()
		}
		slices.Sort(a)
		slices.Sort(b)
		if _, p := kolmogorov(a, b); p < 0.05 {
			ks++
		}
		if mannWhitney(a, b) < 0.05 {
			mw++
		}
	}
	for name, n := range map[string]int{"Kolmogorov and Smirnov": ks, "Mann and Whitney": mw} {
		if share := float64(n) / runs; share < 0.03 || share > 0.07 {
			t.Errorf("%s rejects %.3f of the same, its chance is 0.05", name, share)
		}
	}
}

func TestRankTestIsOneSided(t *testing.T) {
	low, high := []float64{1, 2, 3, 4, 5, 6, 7, 8}, []float64{11, 12, 13, 14, 15, 16, 17, 18}
	if p := mannWhitney(low, high); p > 0.001 {
		t.Errorf("lower: %v", p)
	}
	if p := mannWhitney(high, low); p < 0.999 {
		t.Errorf("higher: %v", p)
	}
}

// TestBlockBootstrapIsWiderForSeriesThatDrift: slices that resemble the next ones say
// less than independent ones, and the interval shows it.
func TestBlockBootstrapIsWiderForSeriesThatDrift(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	var still, drifting []float64
	x := 0.0
	for range 60 {
		still = append(still, 1e6*math.Exp(0.3*rng.NormFloat64()))
		x = 0.9*x + 0.13*rng.NormFloat64()
		drifting = append(drifting, 1e6*math.Exp(x))
	}
	control := sample{slices.Repeat([]float64{2e6}, 60)}
	width := func(s []float64) float64 {
		low, high := bootstrap(sample{s}, control)
		if mid := quantileOf(sample{s}.all(), 0.5) / 2e6; low > mid || high < mid {
			t.Errorf("%.2f to %.2f does not hold %.2f", low, high, mid)
		}
		return math.Log(high / low)
	}
	shuffled := slices.Clone(drifting)
	rng.Shuffle(len(shuffled), func(i, k int) { shuffled[i], shuffled[k] = shuffled[k], shuffled[i] })
	if a, b := width(drifting), width(shuffled); a <= b {
		t.Errorf("an interval of %.2f, that of the same values in any order is %.2f", a, b)
	}
	width(still)
}

func TestFalseDiscoveries(t *testing.T) {
	got := discoveries([]float64{0.2, 0.001, 0.024, 0.9, 0.012}, 0.05)
	if want := []bool{false, true, true, false, true}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := discoveries([]float64{0.04, 0.5, 0.6}, 0.05); slices.Contains(got, true) {
		t.Errorf("one of three at 0.04: %v", got)
	}
	if got := discoveries(nil, 0.05); len(got) != 0 {
		t.Error(got)
	}
}

func TestHodgesLehmannHoldsTheShift(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	held := 0
	for range 200 {
		var a, b []float64
		for range 20 {
			a, b = append(a, 0.3*rng.NormFloat64()), append(b, math.Log(0.4)+0.3*rng.NormFloat64())
		}
		if low, high := hodgesLehmann(a, b); low <= 0.4 && high >= 0.4 {
			held++
		}
	}
	if held < 180 || held > 199 {
		t.Errorf("%d of 200 intervals of 95 %% hold the shift", held)
	}
}

func TestTheCUSUMFindsWhereItFell(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 9))
	series := func(n, fall int, by float64) (out []float64) {
		for i := range n {
			x := 0.1 * rng.NormFloat64()
			if fall > 0 && i >= fall {
				x += math.Log(by)
			}
			out = append(out, x)
		}
		return out
	}
	for range 50 {
		if at := fallOf(series(40, 22, 0.4)); at < 21 || at > 22 {
			t.Errorf("it fell at 22, found at %d", at)
		}
	}
	wrong := 0
	for range 200 {
		if fallOf(series(40, 0, 1)) != 0 {
			wrong++
		}
	}
	if wrong > 40 { // the reference is ten values only: its spread is not well known
		t.Errorf("%d of 200 that did not fall", wrong)
	}
	if at := fallOf(series(40, 22, 3)); at != 0 {
		t.Errorf("a rise is found at %d", at)
	}
}
