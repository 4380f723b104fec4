package classify

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"chokepoint/capture/pcapfile"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/pcaps"
)

// findingsOnly keeps the findings and the flows of a run.
type findingsOnly struct {
	findings []string
	flows    []fact.FlowID
}

func (s *findingsOnly) Flow(f *fact.Flow, _ []string) error {
	s.flows = append(s.flows, f.ID)
	return nil
}

func (s *findingsOnly) Finding(f *finding.Finding) error {
	b, err := json.Marshal(f)
	s.findings = append(s.findings, string(b))
	return err
}

func (s *findingsOnly) Service(*answer.Service) error { return nil }

func askedRun(t *testing.T, frames []byte, workers int, asked *Asked) *findingsOnly {
	t.Helper()
	src, err := pcapfile.New(bytes.NewReader(frames), "case", pcapfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := &findingsOnly{}
	if _, err := Run(context.Background(), src, s, Options{Workers: workers, Seed: 1, Asked: asked}); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestAskingChangesNoFinding is the law that --explain stands on: the second run
// finds what the first one did, and tells the reasons of every detector, in the
// same order whatever the number of workers.
func TestAskingChangesNoFinding(t *testing.T) {
	cases, err := pcaps.Cases()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		for _, f := range c.Files {
			t.Run(c.Name+"/"+f.Name, func(t *testing.T) {
				plain := askedRun(t, f.Bytes, 1, nil)
				want := askedRun(t, f.Bytes, 1, &Asked{Flows: map[fact.FlowID]bool{}, Tell: func(*Made) {}})
				asked := map[fact.FlowID]bool{}
				for _, id := range want.flows {
					asked[id] = true
				}
				var told [2][]string
				for i, workers := range [...]int{1, 3} {
					got := askedRun(t, f.Bytes, workers, &Asked{Flows: asked, Tell: func(m *Made) {
						told[i] = append(told[i], fmt.Sprint(m.Flow, m.By, m.At, m.Unprompted, m.Judgement.Saw, m.Judgement.Stopped))
					}})
					if !slices.Equal(got.findings, plain.findings) {
						t.Errorf("%d workers: asking changed the findings", workers)
					}
				}
				if !slices.Equal(told[0], told[1]) {
					t.Error("what is told depends on the number of workers")
				}
				if len(told[0]) < len(want.flows)*len(flowDetectors) {
					t.Errorf("%d judgements of %d flows: some detectors were not asked", len(told[0]), len(want.flows))
				}
			})
		}
	}
}
