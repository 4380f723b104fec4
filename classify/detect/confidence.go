package detect

import (
	"math"
	"strings"

	"chokepoint/classify/finding"
)

// Features are what a finding's confidence is made of, all small numbers: 1 for the
// intercept; suspected, likely, confirmed as 0, 1, 2; families of evidence that are
// strong or conclusive; families that are moderate at best; what could not be seen;
// whether there is a control; whether it is about silence; whether about rates or
// calls. What is about neither is about forged packets.
type Features [8]float64

// Places in Features.
const (
	one = iota
	sureness
	strongFamilies
	moderateFamilies
	blindness
	controlled
	ofSilence
	ofRates
)

// Signs are those that a coefficient may have: more evidence never makes a finding
// less credible, more blindness never more. 0: either.
var Signs = Features{sureness: 1, strongFamilies: 1, moderateFamilies: 1, blindness: -1, controlled: 1}

// Counts above these say no more.
const (
	mostFamilies = 3
	mostBlind    = 4
)

// FeaturesOf returns the features of a finding that is suspected or surer.
func FeaturesOf(f *finding.Finding) Features {
	x := Features{one: 1, sureness: float64(f.Verdict.Rank() - finding.Suspected.Rank())}
	best := map[finding.Family]int{}
	for _, e := range f.For {
		best[e.Family] = max(best[e.Family], rank(e.Class))
	}
	for _, r := range best {
		switch {
		case r >= rank(finding.S):
			x[strongFamilies] = min(x[strongFamilies]+1, mostFamilies)
		case r == rank(finding.M):
			x[moderateFamilies] = min(x[moderateFamilies]+1, mostFamilies)
		}
	}
	x[blindness] = min(float64(len(f.Blind)), mostBlind)
	if len(f.Controls) > 0 {
		x[controlled] = 1
	}
	switch of, _, _ := strings.Cut(string(f.Kind), "."); {
	case of == "drop" || of == "host" || f.Kind == finding.DNSUnanswered:
		x[ofSilence] = 1
	case of == "rate" || of == "call":
		x[ofRates] = 1
	}
	return x
}

// coefficients are fitted to 348 findings of 56 scenarios and stories, each of which
// counts the same (score -calibrate makes them anew). In five-fold cross-validation by
// scenario their Brier score is 0.052; that of one number for each verdict is 0.073.
// Moderate evidence and controls add nothing beyond the verdict that they made.
var coefficients = Features{one: 1.07, sureness: 0.77, strongFamilies: 1.45, blindness: -0.66, ofSilence: -0.44, ofRates: 0.14}

// Probability is the logistic function of features and coefficients.
func Probability(w, x Features) float64 {
	var z float64
	for i := range x {
		z += w[i] * x[i]
	}
	return 1 / (1 + math.Exp(-z))
}

// leastConfident is the least that is printed of what accuses anybody.
const leastConfident = 0.05

// mostConfident is the most that is printed: nothing is certain. Half of our
// recordings are of interference, and networks are not: what is only suspected is
// never printed as surely as that suggests.
var mostConfident = map[finding.Verdict]float64{finding.Suspected: 0.75, finding.Likely: 0.95, finding.Confirmed: 0.99}

// Calibrate gives a finding that is suspected or surer the share of such findings that
// are true, on our own recordings.
func Calibrate(f *finding.Finding) {
	if f.Verdict.Rank() < finding.Suspected.Rank() {
		return
	}
	p := math.Round(100*Probability(coefficients, FeaturesOf(f))) / 100
	f.Confidence = min(max(p, leastConfident), mostConfident[f.Verdict])
}
