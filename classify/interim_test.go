package classify

import (
	"testing"

	"chokepoint/classify/answer"
)

// TestWindows: the answers so far go back a window at least and two at most.
func TestWindows(t *testing.T) {
	var l lately
	begun := map[*answer.Builder]int64{}
	for now := int64(0); now < 5*window; now += window / 10 {
		l.pass(now, func() *answer.Builder {
			b := answer.NewBuilder(nil, nil)
			begun[b] = now
			return b
		})
		back := now - l.from
		if back > 2*window || now >= window && back < window || begun[l.older] != l.from {
			t.Errorf("at %d s: goes back %d s", now/second, back/second)
		}
		if now >= window && l.newer == nil {
			t.Errorf("at %d s: nobody takes over", now/second)
		}
	}
}
