package html

import (
	"slices"
	"strings"

	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// tried counts flows that began in a span of time, by what became of them.
type tried struct{ worked, failed, other int }

func (t *tried) add(o *tried) {
	t.worked += o.worked
	t.failed += o.failed
	t.other += o.other
}

type busyBins = bins[tried, *tried]

// maxHarms is how many findings are remembered by what they did to their flows.
const maxHarms = 4096

// seenHarm remembers whether a finding says that a flow was kept from what it wanted.
func (c *Capture) seenHarm(f *finding.Finding) {
	if c.harms == nil {
		c.harms = map[string]bool{}
	}
	_, known := c.harms[f.ID]
	if !known && len(c.harms) >= maxHarms {
		return
	}
	kind, _, _ := strings.Cut(string(f.Kind), ".")
	cuts := kind != "rate" && kind != "path" && f.Kind != finding.CallDegraded && f.Kind != finding.ResetSeen
	c.harms[f.ID] = cuts && !f.Survived && f.Verdict.Rank() >= finding.Likely.Rank()
}

// harmed reports whether one of a flow's findings says that it was kept from what it wanted.
func (c *Capture) harmed(findings []string) bool {
	return slices.ContainsFunc(findings, func(id string) bool { return c.harms[id] })
}

// failed reports whether an outcome, as [answer.Outcome] words it, is a failure.
func failed(outcome string) bool { return strings.HasPrefix(outcome, "failed") }

// seenBusy counts a flow on its service's line of the timeline: one that was answered
// and then cut did not work.
func (c *Capture) seenBusy(f *fact.Flow, findings []string) {
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
	case failed(out) || c.harmed(findings):
		t.failed++
	case out == "worked":
		t.worked++
	default:
		t.other++
	}
}
