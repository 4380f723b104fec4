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
	Replays  []Replay // of a token bucket; beside Saw, for who counts them

	terse bool // nobody asks why not
}

// judging begins a judgement.
func judging(w *fact.World) Judgement { return Judgement{terse: w.Terse} }

// FlowDetector judges one flow in the light of the world around it.
type FlowDetector interface {
	Name() string
	Judge(f *fact.Flow, w *fact.World) Judgement
}

// Lift adds to a finding already made what only shows over several flows.
type Lift struct {
	Finding  string          // id
	To       finding.Verdict // raised to at least that; "" leaves the verdict as it is
	Supplies string          // raises too what is inconclusive for that reason alone ([finding.Finding.Lacks])
	Evidence finding.Evidence
	Controls []string           // flows that lived meanwhile
	Trigger  *finding.Condition // what it hangs on, nil: not shown
	Summary  string             // goes on the finding's sentence, "" nothing
	// Rests lists the other findings that the lift stands on. When one of them
	// falls, the lift falls with it.
	Rests []string
}

// WorldJudgement is what a world detector concludes. A finding of its own is told
// for as long as what it stands on is remembered ([fact.FailureMemory] after it
// began); left out before that, it is withdrawn.
type WorldJudgement struct {
	Lifts    []Lift
	Falls    []string // findings whose earlier lift by this detector does not hold any more
	Findings []finding.Finding
}

// WorldDetector judges what only shows over several flows. Like a flow detector it
// keeps no state: asked again, it says again what it found.
type WorldDetector interface {
	Name() string
	Judge(w *fact.World) WorldJudgement
}

// Revised is a world detector that compares much, and says the same for as long as what
// it looks at has the same revision: it is asked every few seconds, and not again
// meanwhile. Revision 0 is nothing to look at.
type Revised interface {
	WorldDetector
	Revision(w *fact.World) uint64
}
