package score

import (
	"fmt"
	"strings"
	"testing"

	"chokepoint/classify/detect"
	"chokepoint/classify/finding"
)

// learnt are findings of many scenarios: those with strong evidence are true, others
// half of the time.
func learnt() (of []Sample) {
	for i := range 60 {
		strong := float64(i % 3)
		s := Sample{Scenario: fmt.Sprint(i), X: detect.Features{1, 1, strong}, Printed: 0.5, Verdict: finding.Likely, True: strong > 0 || i%2 == 0}
		of = append(of, s)
		if i == 0 { // one scenario says the same a hundred times
			for range 100 {
				s.True = false
				of = append(of, s)
			}
		}
	}
	return of
}

func TestFitLearnsWhatCounts(t *testing.T) {
	of := learnt()
	w := Fit(of)
	weak, strong := detect.Probability(w, detect.Features{1, 1, 0}), detect.Probability(w, detect.Features{1, 1, 2})
	if weak < 0.3 || weak > 0.75 || strong < 0.85 {
		t.Errorf("weak %v, strong %v of %v", weak, strong, w)
	}
	if unseen := Brier(of, Unseen(of, folds)); unseen >= Brier(of, printed(of)) {
		t.Errorf("fitted %v, a half has %v", unseen, Brier(of, printed(of)))
	}
	against := make([]Sample, 0, len(of)) // strong evidence speaks against it: a coefficient has its sign all the same
	for _, s := range of {
		s.True = s.X[2] == 0
		against = append(against, s)
	}
	if w := Fit(against); w[2] < 0 {
		t.Errorf("%v", w)
	}
}

func TestCalibrationTellsHowWellItDoes(t *testing.T) {
	text := Calibration(learnt())
	for _, want := range []string{"160 findings of 60 scenarios. Coefficients: [", "by the verdict alone", "| 0.9–1.0 | "} {
		if !strings.Contains(text, want) {
			t.Errorf("not said: %s\n%s", want, text)
		}
	}
}

func TestBrier(t *testing.T) {
	of := []Sample{{Scenario: "a", True: true}, {Scenario: "a"}, {Scenario: "b", True: true}}
	if b := Brier(of, []float64{1, 1, 1}); b != 0.25 {
		t.Errorf("%v: scenario a is half wrong and counts a half", b)
	}
}
