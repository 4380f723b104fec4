package html

import (
	"strings"
	"testing"

	"chokepoint/classify"
	"chokepoint/classify/fact"
)

// TestSeveralCapturesShareAPage: each has some of it, all together no more than one may
// have, and what each said is said.
func TestSeveralCapturesShareAPage(t *testing.T) {
	const captures = 20
	p := New()
	for range captures {
		c := p.Capture(nil)
		for i := range maxFlows {
			c.Flow(&fact.Flow{ID: fact.FlowID(i + 1), Key: keyOf(i)}, nil)
		}
		c.End(&classify.Stats{})
	}
	rows := 0
	for i, c := range p.captures[:captures-1] {
		if c.view == nil || c.flows.at != nil {
			t.Fatalf("capture %d is not laid out and forgotten", i)
		}
		rows += len(c.view.Flows.Rows)
		if v := c.view.Flows; v.Sum != maxFlows || v.More+len(v.Rows) != maxFlows {
			t.Errorf("capture %d: %d flows, %d and %d more are told", i, v.Sum, len(v.Rows), v.More)
		}
	}
	if first := len(p.captures[0].view.Flows.Rows); first != maxFlows/2 || rows > maxFlows {
		t.Errorf("the first has %d flows, all have %d", first, rows)
	}
	one, two := written(t, p), written(t, p)
	if one != two {
		t.Error("written twice it is another page")
	}
	if !strings.Contains(one, "20 captures") || strings.Count(one, "Back to all captures") != captures {
		t.Error("it does not list its captures")
	}
}
