package detect

import (
	"testing"

	"pgregory.net/rapid"
)

func TestTTLsAreComparedByDistance(t *testing.T) {
	for _, tc := range []struct {
		name      string
		ttl, base uint8
		hops      int
		change    ttlChange
	}{
		{"the same", 47, 47, 0, ttlSame},
		{"one hop more, as routes do", 46, 47, 1, ttlSame},
		{"the same distance from 128", 111, 47, 0, ttlInitShift},
		{"the same distance from 255, a hop less", 239, 47, 1, ttlInitShift},
		{"eight hops nearer (Clayton 2006)", 47, 39, 8, ttlOtherHops},
		{"two hops", 49, 47, 2, ttlOtherHops},
		{"low enough for 32 as well: the innocent reading", 30, 62, 0, ttlInitShift},
		{"out of band below 128", 67, 47, 0, ttlOutOfBand},
		{"out of band below 255", 191, 47, 0, ttlOutOfBand},
		{"the baseline itself is out of band", 47, 191, 0, ttlNoBase},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if hops, change := ttlDelta(tc.ttl, tc.base); hops != tc.hops || change != tc.change {
				t.Errorf("ttlDelta(%d, %d) = %d, %d; want %d, %d", tc.ttl, tc.base, hops, change, tc.hops, tc.change)
			}
		})
	}
}

func TestEveryPublishedForgedTTLIsOutOfBand(t *testing.T) {
	for _, ttl := range []uint8{65, 66, 67, 145, 146, 147, 191, 192, 193} {
		if _, ok := hopDistance(ttl); ok {
			t.Errorf("TTL %d passes for a distance", ttl)
		}
	}
}

func TestTTLDeltaLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Uint8().Draw(t, "a"), rapid.Uint8().Draw(t, "b")
		hops, change := ttlDelta(a, b)
		back, other := ttlDelta(b, a)
		if change <= ttlOtherHops && other <= ttlOtherHops && (hops != back || change != other) {
			t.Errorf("not symmetric: %d %d and %d %d", hops, change, back, other)
		}
		if change == ttlOtherHops && hops < 2 || hops > maxHops {
			t.Errorf("%d hops as %d", hops, change)
		}
	})
}
