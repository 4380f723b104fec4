package score

import (
	"strings"
	"testing"

	"chokepoint/classify/finding"
)

func TestRunsTellStarvedPlaysFromOthers(t *testing.T) {
	want := func(o Outcome, v finding.Verdict) Judgement {
		return Judgement{File: "client.pcapng", Wants: []Want{{Kind: finding.ResetInjected, AtLeast: v, Outcome: o}}}
	}
	lies := Judgement{File: "client.pcapng", Claims: []Claim{{Kind: finding.DropHello, Wrong: []string{"nobody did"}, Flows: []string{"c000007"}}}}
	runs := Runs{
		{Case: "race", Lines: []string{"F2"}, Seed: 1, Judgements: []Judgement{want(Got, finding.Confirmed)}},
		{Case: "race", Lines: []string{"F2"}, Seed: 2, Judgements: []Judgement{want(Weaker, finding.Confirmed)}},
		{Case: "race", Lines: []string{"F2"}, Seed: 3, Judgements: []Judgement{want(Missed, finding.Confirmed)}, Starved: "slept"},
		{Case: "freeze", Seed: 1, Judgements: []Judgement{want(Missed, finding.Likely)}},
		{Case: "quiet", Lines: []string{"B1"}, Seed: 4, Judgements: []Judgement{lies}, Starved: "slept"},
	}
	if c, o := runs.Recall(); c != (Share{1, 2}) || o != (Share{0, 1}) {
		t.Errorf("conclusive %v, others %v", c, o)
	}
	page := runs.Markdown()
	for _, line := range []string{
		"| B1 | quiet | 0 | 1 |  | 0 |  | 1 |", "| F2 | race | 2 | 1 | 1 of 2 (conclusive) | 1 | 0 of 1 | 0 |", "| - | freeze | 1 | 0 | 0 of 1 | 0 |  | 0 |",
		"which do not count: 0 of 1.",
		"- quiet/client.pcapng, seed 4 (starved): nobody did; flows c000007\n", "- starved: race, seed 3: slept\n", "False claims: 1.",
	} {
		if !strings.Contains(page, line) {
			t.Errorf("not told: %s\n%s", line, page)
		}
	}
}
