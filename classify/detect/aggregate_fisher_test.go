package detect

import (
	"math"
	"testing"
)

// TestFisher holds the test against published values and counts by hand.
func TestFisher(t *testing.T) {
	for _, c := range []struct {
		name   string
		tables []table
		want   float64
	}{
		{"Fisher's tea, three of four right (Design of Experiments, 1935; R fisher.test: 0.2429)", []table{{3, 1, 1, 3}}, 0.242857},
		{"Fisher's tea, all right: 1 of 70", []table{{4, 0, 0, 4}}, 1.0 / 70},
		{"convictions of twins (Fisher 1970; R fisher.test: 0.0004652)", []table{{15, 2, 3, 10}}, 0.0004651809},
		{"three against three: 1 of 20", []table{{3, 0, 0, 3}}, 1.0 / 20},
		{"three against seven: 1 of 120", []table{{3, 0, 0, 7}}, 1.0 / 120},
		{"four against five: 1 of 126", []table{{4, 0, 0, 5}}, 1.0 / 126},
		{"two addresses, three against three at each", []table{{3, 0, 0, 3}, {3, 0, 0, 3}}, 1.0 / 400},
		{"all fail alike", []table{{5, 0, 5, 0}}, 1},
		{"none without the condition", []table{{5, 0, 0, 0}}, 1},
		{"none failed", []table{{0, 5, 0, 5}}, 1},
		{"nothing at all", nil, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := fisher(c.tables); math.Abs(got-c.want) > 1e-6 {
				t.Errorf("%.7f, want %.7f", got, c.want)
			}
		})
	}
}

func TestHypergeometricAddsUpToOne(t *testing.T) {
	for _, c := range []table{{0, 0, 0, 0}, {1, 0, 0, 1}, {3, 2, 7, 1}, {32, 0, 0, 32}, {0, 9, 9, 0}} {
		sum := 0.0
		for _, p := range hypergeometric(c) {
			sum += p
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Errorf("%+v: %v", c, sum)
		}
	}
}
