package detect

import "testing"

// trialOf is a trial of a bucket's stretch whose own estimate of the rate is said.
func trialOf(rate float64, origin int) trial {
	p := policing{lossKind: 1}
	t := p.replayed(bucketStretch(1200, 100_000))
	for i := range t.runs {
		t.runs[i].rate = rate
	}
	t.origin = origin
	return t
}

// TestEstimatesThatAreOffAgreeIfTheAccountDoes: a short stretch's own rate is off by
// more than the width of a cluster, and the bucket of the others accounts for it.
func TestEstimatesThatAreOffAgreeIfTheAccountDoes(t *testing.T) {
	for _, c := range []struct {
		own, bucket float64
		want        bool
	}{
		{1, 1, true}, {1.04, 1, true}, {1.07, 1, true}, {1.12, 1, false},
		{1, 0.93, false}, // near, but such a bucket would have been empty
	} {
		u := trialOf(c.own*testRate, 0)
		if got := u.shows(c.bucket * testRate); got != c.want {
			t.Errorf("an estimate of %g, a bucket of %g: %v", c.own, c.bucket, got)
		}
	}
}

func TestABurstCountsOnce(t *testing.T) {
	of := func(runs ...int) []*trial {
		var s stretch
		for _, n := range runs {
			for range n {
				s.steps = append(s.steps, step{lost: true})
			}
			s.steps = append(s.steps, step{})
		}
		return []*trial{{stretch: s}}
	}
	for _, c := range []struct {
		runs []int
		want int
	}{{[]int{100}, burstSays}, {[]int{1, 2, 3}, 6}, {[]int{5, 1}, burstSays + 1}} {
		if got := weight(of(c.runs...)); got != c.want {
			t.Errorf("runs of %v weigh %d, want %d", c.runs, got, c.want)
		}
	}
	if outweighs(of(100), of(1, 1, 1, 1, 1, 1)) {
		t.Error("one burst outweighs six losses apart")
	}
}
