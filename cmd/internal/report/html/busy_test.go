package html

import "testing"

// TestWhatWasAnsweredAndThenCutDidNotWork: nine connections that a forged reset ended
// after the server had spoken.
func TestWhatWasAnsweredAndThenCutDidNotWork(t *testing.T) {
	c := play(t, New(), captureOf(t, "whatsapp-reset-race"), nil)
	var sum tried
	for _, b := range c.busy["whatsapp"].list {
		sum.add(&b)
	}
	if sum.failed != 9 || sum.worked != 0 {
		t.Errorf("%+v", sum)
	}
	for _, b := range c.busy["max"].list {
		if b.failed != 0 {
			t.Errorf("MAX: %+v", b)
		}
	}
}

// TestAFlowThatWasCutDidNotWork: the table says of flows what the timeline and the cards do.
func TestAFlowThatWasCutDidNotWork(t *testing.T) {
	c := play(t, New(), captureOf(t, "whatsapp-reset-race"), nil)
	cut := 0
	for _, r := range c.section(newBudget()).Flows.Rows {
		if len(r.Findings) > 0 {
			cut++
		}
		if r.Failed != (len(r.Findings) > 0) || r.Failed && r.Outcome == "worked" {
			t.Errorf("%s with findings %v: %s", r.ID, r.Findings, r.Outcome)
		}
	}
	if cut < 9 {
		t.Errorf("%d flows have findings: this tests nothing", cut)
	}
}
