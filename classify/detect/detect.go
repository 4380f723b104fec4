package detect

import (
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// Judgement is what a detector concludes, and for --why-not what it needed,
// what it saw and what stopped it.
type Judgement struct {
	Findings []finding.Finding
	Needed   []finding.Reason
	Saw      []finding.Reason
	Stopped  []finding.Reason

	terse bool // nobody asks why not
}

// judging begins a judgement.
func judging(w *fact.World) Judgement { return Judgement{terse: w.Terse} }

// FlowDetector judges one flow in the light of the world around it.
type FlowDetector interface {
	Name() string
	Judge(f *fact.Flow, w *fact.World) Judgement
}

// Lift raises a finding already made, because it was repeated elsewhere.
type Lift struct {
	Finding  string // id
	To       finding.Verdict
	Evidence finding.Evidence
	Controls []string // flows that lived meanwhile
}

// WorldDetector judges what only shows over several flows.
type WorldDetector interface {
	Name() string
	Judge(w *fact.World) []Lift
}
