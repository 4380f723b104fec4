package html

import (
	"strings"

	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
)

// tried counts flows that began in a span of time, by what became of them.
type tried struct{ worked, failed, other int }

func (t *tried) add(o *tried) {
	t.worked += o.worked
	t.failed += o.failed
	t.other += o.other
}

type busyBins = bins[tried, *tried]

// seenBusy counts a flow on its service's line of the timeline.
func (c *Capture) seenBusy(f *fact.Flow) {
	name := f.Label.Service
	b := c.busy[name]
	if b == nil {
		if len(c.busy) >= maxBusy {
			return
		}
		if c.busy == nil {
			c.busy = map[string]*busyBins{}
		}
		b = &busyBins{}
		c.busy[name] = b
	}
	t := b.at(f.Start)
	switch out := answer.Outcome(f); {
	case out == "worked":
		t.worked++
	case strings.HasPrefix(out, "failed"):
		t.failed++
	default:
		t.other++
	}
}
