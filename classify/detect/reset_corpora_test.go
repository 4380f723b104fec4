package detect_test

import (
	"context"
	"strings"
	"testing"

	"chokepoint/capture/pcapfile"
	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/internal/corpora"
)

// resetSink keeps the latest word on every finding about resets.
type resetSink struct {
	last  map[string]finding.Finding
	flows int
}

func (s *resetSink) Flow(*fact.Flow, []string) error { s.flows++; return nil }

func (s *resetSink) Finding(f *finding.Finding) error {
	if f.Kind == finding.ResetInjected {
		s.last[f.ID] = *f
	}
	return nil
}

func (s *resetSink) Service(*answer.Service) error { return nil }

// injected lists the resets that a capture's flows were dealt, by the engine's
// final word, from suspected up.
func injected(path string) (out []finding.Finding, flows int) {
	src, err := pcapfile.Open(path, pcapfile.Options{})
	if err != nil {
		return nil, 0 // not a capture
	}
	defer src.Close()
	s := &resetSink{last: map[string]finding.Finding{}}
	// A capture that breaks off, or of a link type not understood, is judged
	// up to there: the error is not this test's business.
	_, _ = classify.Run(context.Background(), src, s, classify.Options{Seed: 1, All: true})
	for _, f := range s.last {
		if f.Verdict.Rank() >= finding.Suspected.Rank() {
			out = append(out, f)
		}
	}
	return out, s.flows
}

// Captures from inside censored networks, whose publishers say what happened.
func TestRealInjectedResetsAreFound(t *testing.T) {
	for _, tc := range []struct {
		path    string
		flows   int // at least
		verdict finding.Verdict
	}{
		{"censorship-detection/testdata/airtel.pcap", 3, finding.Likely},
		{"censorship-detection/testdata/test2/smtp.pcap", 1, finding.Likely},
		{"centrace/testdata/188.65.24.82_www.nifty.org_www.nifty.org.pcap", 1, finding.Likely},
		{"centrace/testdata/103.93.208.20_bisexual.org_bisexual.org.pcap", 1, finding.Suspected},
	} {
		n := 0
		found, _ := injected(corpora.Path(t, tc.path))
		for _, f := range found {
			if f.Verdict.Rank() >= tc.verdict.Rank() {
				n++
			}
		}
		if n < tc.flows {
			t.Errorf("%s: %d flows at %s, want %d", tc.path, n, tc.verdict, tc.flows)
		}
	}
}

// Everything else in the corpora has resets of every innocent kind, and the
// controls of the censored captures have none at all.
func TestRealInnocentResetsAreNotAccused(t *testing.T) {
	flows := 0
	for _, c := range corpora.Captures(t) {
		if c.From("censorship-detection") || c.From("centrace") && !strings.HasSuffix(c.Name, "_example.com.pcap") {
			continue
		}
		found, n := injected(c.Path)
		flows += n
		for _, f := range found {
			t.Errorf("%s: %s %s: %s", c.Path, f.Flows, f.Verdict, f.Summary)
		}
	}
	t.Logf("%d flows", flows)
}
