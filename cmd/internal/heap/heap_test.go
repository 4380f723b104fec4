package heap

import (
	"runtime/debug"
	"testing"
)

func TestTheLimitFollowsTheBudgetDownToWhatLivesAnyway(t *testing.T) {
	for _, c := range []struct{ budget, want int64 }{
		{512 << 20, 480 << 20}, {128<<20 + 1, 128 << 20}, {1 << 20, 128 << 20},
	} {
		if got := limit(c.budget); got != c.want {
			t.Errorf("budget of %d: limit of %d, want %d", c.budget, got, c.want)
		}
	}
}

func TestLimitsAreSetBack(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	back := Within(256 << 20)
	if got := debug.SetMemoryLimit(-1); got != 240<<20 {
		t.Errorf("a limit of %d", got)
	}
	back()
	if got := debug.SetMemoryLimit(-1); got != before {
		t.Errorf("%d, before it was %d", got, before)
	}
	if got := debug.SetGCPercent(100); got == percent {
		t.Error("the collector's pace is not set back")
	} else {
		debug.SetGCPercent(got)
	}
}
