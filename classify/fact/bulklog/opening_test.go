package bulklog

import (
	"testing"

	"chokepoint/classify/fact"
)

// TestOpeningHoldsToKarn: a range that was sent twice gives no round trip, whichever of
// the two was acknowledged (RFC 6298, section 3); a needless repeat is no loss, and the
// opening goes on behind it.
func TestOpeningHoldsToKarn(t *testing.T) {
	r := newTape(t, 1)
	at := func(i int) uint32 { return 1 + uint32(i)*seg }
	for i := range 6 {
		now := int64(100 * i)
		r.data(now, at(i), seg)
		if i == 2 {
			r.data(now+60, at(2), seg) // a timer of its own
			r.ack(now+70, at(3))
			r.ack(now+80, at(3), at(2), at(3)) // it came twice
			continue
		}
		r.ack(now+20, at(i+1))
	}
	if n := r.segment().Losses; n != 0 {
		t.Fatalf("%d losses", n)
	}
	r.data(700, at(6), seg)
	r.data(701, at(7), seg)
	r.data(790, at(6), seg) // lost
	r.ack(800, at(8))
	o := r.Snapshot().Opening(fact.LegDown)
	if o.N != 5 || o.Min != 20_000 || o.Max != 20_000 {
		t.Errorf("%+v", o)
	}
}
