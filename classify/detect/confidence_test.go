package detect

import (
	"testing"

	"chokepoint/classify/finding"
)

// sure is a finding with evidence of classes, each of a family of its own, and with so
// many things that could not be seen.
func sure(v finding.Verdict, blind int, classes ...finding.Class) *finding.Finding {
	families := []finding.Family{finding.Causality, finding.Sequence, finding.Multiplicity, finding.Content}
	f := &finding.Finding{Kind: finding.ResetInjected, Verdict: v, Confidence: 0.3}
	for i, c := range classes {
		f.For = append(f.For, finding.Evidence{Family: families[i], Class: c})
	}
	f.Blind = make([]string, blind)
	Calibrate(f)
	return f
}

func TestConfidenceFollowsTheEvidence(t *testing.T) {
	for _, tt := range []struct {
		name       string
		less, more *finding.Finding
	}{
		{"a surer verdict", sure(finding.Suspected, 1, finding.S), sure(finding.Likely, 1, finding.S)},
		{"another strong family", sure(finding.Likely, 3, finding.S), sure(finding.Likely, 3, finding.S, finding.S)},
		{"less that could not be seen", sure(finding.Confirmed, 4, finding.C), sure(finding.Confirmed, 1, finding.C)},
		{"a strong instead of a moderate one", sure(finding.Likely, 3, finding.M, finding.M), sure(finding.Likely, 3, finding.S, finding.M)},
	} {
		if tt.less.Confidence >= tt.more.Confidence {
			t.Errorf("%s: %v, then %v", tt.name, tt.less.Confidence, tt.more.Confidence)
		}
	}
	for k, sign := range Signs {
		if sign*coefficients[k] < 0 {
			t.Errorf("coefficient %d is %v", k, coefficients[k])
		}
	}
}

func TestConfidenceHasBounds(t *testing.T) {
	for _, tt := range []struct {
		f           *finding.Finding
		least, most float64
	}{
		{sure(finding.Suspected, 0, finding.S, finding.S), 0.5, 0.75},
		{sure(finding.Likely, 0, finding.S, finding.S, finding.S), 0.8, 0.95},
		{sure(finding.Confirmed, 0, finding.C, finding.C, finding.C), 0.95, 0.99},
		{sure(finding.Unexplained, 0, finding.S), 0.3, 0.3}, // says nothing of anybody
	} {
		if c := tt.f.Confidence; c < tt.least || c > tt.most {
			t.Errorf("%s: %v", tt.f.Verdict, c)
		}
	}
	x := FeaturesOf(&finding.Finding{Kind: finding.HostAllowlist, Verdict: finding.Likely, Controls: []string{"c1"}})
	if x[ofSilence] != 1 || x[controlled] != 1 || x[sureness] != 1 || x[one] != 1 {
		t.Error(x)
	}
}
