package detect

import (
	"testing"

	"chokepoint/classify/fact"
)

// What this host's kernel refused broke nothing, unless some of it got through.
func TestWhatTheKernelRefusedIsSurvived(t *testing.T) {
	for _, tc := range []struct {
		name  string
		flow  func() *fact.Flow
		count uint32
		want  bool
	}{
		{"refused", testified(1, wentOn(3), func(l *fact.Local) { l.Refused[fact.Down] = refused("TCP_RESET", 1) }), 1, true},
		{"refused, then confirmed", testified(2, fact.After{}, func(l *fact.Local) {
			l.Refused[fact.Down], l.Received[fact.Down] = refused("TCP_RESET", 1), refused("", 1)
		}), 2, false},
		{"one of two", testified(2, fact.After{}, func(l *fact.Local) { l.Refused[fact.Down] = refused("TCP_RESET", 1) }), 2, false},
		{"nothing known", testified(1, fact.After{}, func(*fact.Local) {}), 1, false},
	} {
		f := tc.flow()
		f.ResetCount[fact.Down] = tc.count
		if got := newResetCase(f, &fact.World{}, fact.Down).survived(); got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
}
