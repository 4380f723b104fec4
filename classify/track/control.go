package track

import (
	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
)

// control books a segment without payload.
func (t *Tracker) control(id flow.ID, e *flow.Entry[Flow], d fact.Dir, p *capture.Packet, n novelty) {
	f := &e.Rec
	x := t.extraOf(f)
	if x == nil {
		return
	}
	if x.work != nil {
		t.touchWork(x.work, p.Time)
		t.remember(x.work, d, p, n, 1)
		t.helloAnswer(f, x.work, d, p)
	}
	if !t.conf.NoRates {
		t.bulkAck(f, d.Other(), p)
		t.rateAck(f, d.Other(), p)
	}
}
