//go:build linux

package live

import (
	"chokepoint/capture"
	"chokepoint/capture/plan"
)

// plain is the feed from AF_PACKET. The plan is carried out here, and packets say
// neither whose socket they are of nor which way they go.
type plain struct {
	capture.Source // the ring, cut down to the plan
	ring           ring
	clock          *clock
	boot           func() uint64
	owners         *owners // nil: nobody asks
}

// newPlain returns the feed from a ring.
func newPlain(r ring, p capture.Plan) *plain {
	return &plain{Source: plan.New(r, p), ring: r}
}

// read implements feed.
func (f *plain) read(b *capture.Batch) error {
	err := f.Source.Read(b)
	if f.owners != nil {
		for _, i := range f.owners.strangers(b.Packets) {
			f.owners.see(&b.Packets[i], 0, eitherWay)
		}
	}
	boot := f.boot()
	f.clock.reached(boot - min(boot, window))
	return err
}

// wake implements feed.
func (f *plain) wake() { f.ring.Wake() }

// interfaces implements feed.
func (f *plain) interfaces() []capture.Interface { return f.Interfaces() }

// everySecond implements feed: a ring counts nothing for others.
func (f *plain) everySecond(func(capture.Note)) error { return nil }

// stats implements feed.
func (f *plain) stats() capture.Stats { return f.Source.Stats() }

// close implements feed.
func (f *plain) close() error { return f.Source.Close() }
