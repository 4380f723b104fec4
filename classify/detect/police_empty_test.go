package detect

import (
	"slices"
	"testing"
)

// TestALossFarFromAnEmptyBucketIsNone: that the first loss met another level than the
// others is a rate that is off.
func TestALossFarFromAnEmptyBucketIsNone(t *testing.T) {
	const trip, packet = 10_000.0, 1500.0
	for _, c := range []struct {
		off  float64 // round trips
		want policeCode
	}{{0, policeOK}, {-8, policeOK}, {8, policeOK}, {-20, policeLossFill}, {20, policeLossFill}} {
		r := replay{slices: 9, lost: 40, passed: 40, runs: 10, seen: 10, checked: 40}
		var onLoss, onPass []float64
		for i := range 40 {
			onLoss = append(onLoss, c.off*trip+float64(i))
			onPass = append(onPass, c.off*trip+5000+float64(i))
		}
		if got := r.judge(onLoss, slices.Clone(onLoss), onPass, trip, packet); got != c.want {
			t.Errorf("%v round trips off: %s, want %s", c.off, policeTexts[got], policeTexts[c.want])
		}
	}
}
