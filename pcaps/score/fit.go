package score

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"chokepoint/classify/detect"
	"chokepoint/classify/finding"
)

// Sample is a finding for which it is known whether it is true.
type Sample struct {
	Scenario string
	X        detect.Features
	Printed  float64
	Verdict  finding.Verdict
	True     bool
}

// Samples are the findings of all captures that are suspected or surer and accuse.
func Samples(judged []Judgement) (out []Sample) {
	for i := range judged {
		for _, c := range judged[i].Claims {
			if Accuses(c.Kind) {
				out = append(out, Sample{judged[i].Case, c.Features, c.Confidence, c.Verdict, c.True})
			}
		}
	}
	return out
}

// weights have each scenario count the same, however many findings it has.
func weights(of []Sample) []float64 {
	n := map[string]int{}
	for _, s := range of {
		n[s.Scenario]++
	}
	out := make([]float64, len(of))
	for i, s := range of {
		out[i] = 1 / float64(n[s.Scenario])
	}
	return out
}

// How the fit is made: logistic regression with a ridge, by projected gradient
// descent. The ridge is what keeps a share of all from becoming certainty where
// nothing false was ever recorded: it weighs as much as the evidence of a few
// scenarios.
const (
	ridge = 1.0
	steps = 5_000
	pace  = 0.5
)

// Fit returns coefficients, each with the sign that it must have.
func Fit(of []Sample) (w detect.Features) {
	weight := weights(of)
	var total float64
	for _, v := range weight {
		total += v
	}
	for range steps {
		var slope detect.Features
		for i, s := range of {
			miss := detect.Probability(w, s.X)
			if s.True {
				miss--
			}
			for k := range slope {
				slope[k] += weight[i] * miss * s.X[k]
			}
		}
		for k := range w {
			if k > 0 {
				slope[k] += ridge * w[k]
			}
			w[k] -= pace * slope[k] / max(total, 1)
			if sign := detect.Signs[k]; sign*w[k] < 0 {
				w[k] = 0
			}
		}
	}
	for k := range w {
		w[k] = math.Round(100*w[k]) / 100
	}
	return w
}

// Brier is the mean square of what predictions are off by, each scenario counting the
// same: 0 is best, and a constant half has 0.25.
func Brier(of []Sample, p []float64) float64 {
	var sum, total float64
	for i, v := range weights(of) {
		truth := 0.0
		if of[i].True {
			truth = 1
		}
		sum += v * (p[i] - truth) * (p[i] - truth)
		total += v
	}
	return sum / max(total, 1)
}

// Unseen predicts each sample with what was fitted on the scenarios of other folds
// alone.
func Unseen(of []Sample, folds int) []float64 {
	names := map[string]bool{}
	for _, s := range of {
		names[s.Scenario] = true
	}
	fold := map[string]int{}
	for i, n := range slices.Sorted(maps.Keys(names)) {
		fold[n] = i % folds
	}
	out := make([]float64, len(of))
	for k := range folds {
		var rest []Sample
		for _, s := range of {
			if fold[s.Scenario] != k {
				rest = append(rest, s)
			}
		}
		w := Fit(rest)
		for i, s := range of {
			if fold[s.Scenario] == k {
				out[i] = detect.Probability(w, s.X)
			}
		}
	}
	return out
}

func printed(of []Sample) (p []float64) {
	for i := range of {
		p = append(p, of[i].Printed)
	}
	return p
}

// byVerdict is one number for each verdict: what a finding has before it is
// calibrated.
func byVerdict(of []Sample) (p []float64) {
	for i := range of {
		p = append(p, detect.Confidence(of[i].Verdict))
	}
	return p
}

// folds of the cross-validation.
const folds = 5

// Calibration tells coefficients for package detect, and how well they do.
func Calibration(of []Sample) string {
	var b strings.Builder
	w := Fit(of)
	unseen := Unseen(of, folds)
	scenarios := map[string]bool{}
	for _, s := range of {
		scenarios[s.Scenario] = true
	}
	fmt.Fprintf(&b, "%d findings of %d scenarios. Coefficients: %.2f\n", len(of), len(scenarios), w)
	fmt.Fprintf(&b, "Brier score: %.4f by the verdict alone, %.4f as printed, %.4f on scenarios that were not fitted on (%d folds)\n",
		Brier(of, byVerdict(of)), Brier(of, printed(of)), Brier(of, unseen), folds)
	var rows table
	rows = append(rows, []string{"confidence", "findings", "true", "", "scenarios"})
	for from := 0.0; from < 0.95; from += width {
		var in Share
		names := map[string]bool{}
		for i, s := range of {
			if p := unseen[i]; p >= from && (p < from+width || from+2*width > 1 && p <= 1) {
				in.count(s.True)
				names[s.Scenario] = true
			}
		}
		rows = append(rows, []string{fmt.Sprintf("%.1f–%.1f", from, from+width), count(in.Of), count(in.N), cmp.Or(percent(in), "-"), count(len(names))})
	}
	section(&b, "Reliability, on scenarios that were not fitted on", rows)
	return b.String()
}
