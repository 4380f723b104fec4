package classify

import (
	"cmp"
	"slices"

	"chokepoint/classify/detect"
	"chokepoint/classify/fact"
)

// Asked are the flows of which a run tells, beside everything else, what every
// detector made of them and why. What is found does not depend on it. It makes
// the run tell of all flows, as Options.All does.
type Asked struct {
	Flows map[fact.FlowID]bool
	All   bool // all flows
	// Tell is called whenever a detector has judged one of them, in the order of
	// the findings; the last call for a flow and a detector knows most.
	Tell func(m *Made)
}

// Made is what one detector made of a flow at one time.
type Made struct {
	Flow      fact.FlowID
	By        string // the detector
	At        int64  // packet time, ns
	Judgement detect.Judgement
	// Unprompted: nothing in the flow called for the detector, which was asked all
	// the same. What it finds counts for nothing.
	Unprompted bool
}

// has reports whether a flow is one of them.
func (a *Asked) has(id fact.FlowID) bool { return a != nil && (a.All || a.Flows[id]) }

// talkative is the world as detectors see it that are to give their reasons.
func (r *run) talkative() *fact.World {
	w := *r.world
	w.Terse = false
	return &w
}

// made notes what a detector made of a flow that was asked for.
func (s *shard) made(f *fact.Flow, by int, j detect.Judgement, unprompted bool) {
	s.told = append(s.told, Made{Flow: f.ID, By: flowDetectors[by].Name(), At: s.run.world.Now, Judgement: j, Unprompted: unprompted})
}

// unprompted asks the detectors that had nothing to judge at the end of a flow.
func (s *shard) unprompted(f *fact.Flow, events, bulk bool) {
	w := s.run.talkative()
	for i, d := range flowDetectors {
		if s.run.opt.without(d.group) {
			continue
		}
		if !events || d.bulk && !bulk {
			s.made(f, i, d.Judge(f, w), true)
		}
	}
}

// tellMade tells what the shards noted since the last time.
func (r *run) tellMade() {
	if r.opt.Asked == nil {
		return
	}
	var all []Made
	for _, s := range r.shards {
		all = append(all, s.told...)
		s.told = s.told[:0]
	}
	slices.SortStableFunc(all, func(a, b Made) int { return cmp.Compare(a.Flow, b.Flow) })
	for i := range all {
		r.opt.Asked.Tell(&all[i])
	}
}

// tellOverall tells what world detectors made of the failures of flows that were
// asked for.
func (r *run) tellOverall() {
	if r.opt.Asked == nil {
		return
	}
	for i := range r.world.Failures {
		r.tellReasons(&r.world.Failures[i])
	}
	for i := range r.world.Frozen {
		f := &r.world.Frozen[i]
		if !slices.ContainsFunc(r.world.Failures, func(o fact.Failure) bool { return o.Flow == f.Flow }) {
			r.tellReasons(f)
		}
	}
}

// tellReasons tells them of one failure.
func (r *run) tellReasons(f *fact.Failure) {
	if !r.opt.Asked.has(f.Flow) {
		return
	}
	for _, d := range worldDetectors {
		if x, ok := d.WorldDetector.(detect.Reasoner); ok && !r.opt.without(d.group) {
			r.opt.Asked.Tell(&Made{Flow: f.Flow, By: d.Name(), At: r.world.Now, Judgement: x.Reasons(f, r.world)})
		}
	}
}
