package call

import (
	"context"
	"time"
)

// beat is something that a side does again and again. Its times are of the plan,
// not of the clock: what comes late is caught up with, and rates hold.
type beat struct {
	at time.Duration                               // when it is due
	do func(at time.Duration) (next time.Duration) // never when negative
}

// never is the time of a beat that has ended.
const never time.Duration = -1

// keepTime lets beats do what is due, and returns when it is time or ctx ends.
func keepTime(ctx context.Context, begun time.Time, until time.Duration, beats []beat) {
	for {
		next := &beat{at: until}
		for i := range beats {
			if b := &beats[i]; b.at >= 0 && b.at < next.at {
				next = b
			}
		}
		if !pause(ctx, time.Until(begun.Add(next.at))) || next.do == nil {
			return
		}
		next.at = next.do(next.at)
	}
}

// pause waits, and reports whether ctx lives on.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
