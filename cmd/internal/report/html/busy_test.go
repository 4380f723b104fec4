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
