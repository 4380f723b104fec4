package classify

import (
	"slices"

	"chokepoint/classify/detect"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

const (
	// maxRecent is how many findings are remembered for repetition.
	maxRecent = fact.MaxFailures
	// maxUnreleased is how many failures wait for release, which keeps the last
	// fact.MaxFailures of them: at the end of a capture with many flows open they
	// would be as many.
	maxUnreleased = 4 * fact.MaxFailures
	// maxRounds is how often the world detectors are asked at one tick.
	maxRounds = 3
	// maxWide is how many findings of a world detector are kept to be told anew.
	maxWide = 64
)

// raised is a lift and the world detector that gave it.
type raised struct {
	by   int
	lift detect.Lift
}

// overall lets the world detectors judge, until they have no more to say: what
// one lifts may be what another stands on.
func (o *emission) overall() {
	o.release(false)
	for range maxRounds {
		if len(o.run.world.Failures) == 0 && len(o.run.world.Frozen) == 0 && len(o.fresh) == 0 {
			return
		}
		for i, d := range worldDetectors {
			j := d.Judge(o.run.world)
			for k := range j.Lifts {
				o.raise(i, &j.Lifts[k])
			}
			o.takeWide(i, j.Findings)
		}
		if len(o.fresh) == 0 {
			return
		}
		o.tell()
	}
	for len(o.fresh) > 0 {
		o.tell()
	}
}

// raise keeps a lift, one of each detector for a finding, and applies it.
func (o *emission) raise(by int, l *detect.Lift) {
	t := o.byID[l.Finding]
	if t == nil || slices.ContainsFunc(t.lifts, func(r raised) bool { return r.by == by }) {
		return
	}
	t.lifts = append(t.lifts, raised{by, *l})
	t.compose()
	o.fresh = append(o.fresh, t)
}

// compose puts a finding together from what its detector says and its lifts.
func (t *told) compose() {
	id, rev := t.finding.ID, t.finding.Rev
	t.finding, t.fresh = t.bare, true
	t.finding.ID, t.finding.Rev = id, rev
	for i := range t.lifts {
		apply(&t.finding, &t.lifts[i].lift)
	}
}

// apply adds a lift to a finding, unless that fell meanwhile. A finding that
// stands as high already is not raised, but says what it hangs on.
func apply(f *finding.Finding, l *detect.Lift) {
	if f.Verdict.Rank() == 0 || l.To != "" && f.Verdict.Rank() < finding.Suspected.Rank() && !supply(f, l) {
		return
	}
	if l.Evidence.Code != "" {
		f.For = append(slices.Clone(f.For), l.Evidence)
	}
	for _, c := range l.Controls {
		if !slices.Contains(f.Controls, c) {
			f.Controls = append(slices.Clone(f.Controls), c)
		}
	}
	if f.Trigger == nil {
		f.Trigger = l.Trigger
	}
	if l.Summary != "" {
		f.Summary += "; " + l.Summary
	}
	if l.To.Rank() > f.Verdict.Rank() {
		detect.Conclude(f, l.To)
	}
}

// dropLifts takes back what stood on a finding that fell.
func (o *emission) dropLifts(id string) {
	for _, t := range o.recent {
		n := len(t.lifts)
		t.lifts = slices.DeleteFunc(t.lifts, func(r raised) bool { return slices.Contains(r.lift.Rests, id) })
		if len(t.lifts) < n {
			t.compose()
			o.fresh = append(o.fresh, t)
		}
	}
}

// takeWide compares what a world detector found with what was told of it. What it
// leaves out is withdrawn, unless what it stood on may be forgotten by now.
func (o *emission) takeWide(by int, now []finding.Finding) {
	old := slices.Clone(o.wide[by])
	for i := range now {
		f := &now[i]
		t := match(old, f)
		if t == nil {
			t = &told{by: by, bare: *f, finding: *f, fresh: true}
			o.wide[by] = append(o.wide[by], t)
		} else {
			old = slices.DeleteFunc(old, func(x *told) bool { return x == t })
			if t.update(f); !t.fresh && 2*len(f.Flows) >= 3*len(t.bare.Flows) && len(f.Flows) > len(t.bare.Flows) {
				t.bare = *f
				t.compose()
			}
		}
		if t.fresh {
			o.fresh = append(o.fresh, t)
		}
	}
	for _, t := range old {
		if o.run.world.Now-t.bare.From.UnixNano() > fact.FailureMemory || t.bare.Verdict == finding.Withdrawn {
			continue
		}
		t.withdraw()
		o.fresh = append(o.fresh, t)
	}
	if n := len(o.wide[by]) - maxWide; n > 0 {
		o.wide[by] = slices.Delete(o.wide[by], 0, n)
	}
}

// remember keeps a finding that says a flow failed, for repetition.
func (o *emission) remember(t *told) {
	w := o.run.world
	f := &t.finding
	o.freeze(t)
	w.Failures = slices.DeleteFunc(w.Failures, func(x fact.Failure) bool { return x.Finding == f.ID })
	stage := stageOf(f.Kind)
	if stage == "" || f.Verdict.Rank() < finding.Suspected.Rank() || !detect.Liftable(f) {
		if o.byID[f.ID] != nil {
			o.dropLifts(f.ID)
		}
		return
	}
	x := t.failing
	x.Finding, x.Kind, x.Verdict, x.Stage = f.ID, string(f.Kind), string(f.Verdict), stage
	if f.Name != "" {
		x.Name = f.Name
	}
	x.Num = firstPacket(f)
	if stage == "dns" || f.Kind == finding.ResetInjected { // one moment, not a silence
		x.From, x.Time = f.To.UnixNano(), f.To.UnixNano()
	}
	if w.Failures = append(w.Failures, x); len(w.Failures) > maxUnreleased {
		w.Failures = slices.Delete(w.Failures, 0, len(w.Failures)-maxUnreleased/2)
	}
	o.liftable(t)
}

// liftable remembers a finding that may be lifted.
func (o *emission) liftable(t *told) {
	if id := t.finding.ID; o.byID[id] == nil {
		o.byID[id] = t
		o.recent = append(o.recent, t)
	}
}

// stageOf says at which stage a kind of finding means that a flow failed.
func stageOf(k finding.Kind) string {
	switch k {
	case finding.DropConnect:
		return "connect"
	case finding.DropHello, finding.ResetInjected:
		return "hello"
	case finding.DropMidflow:
		return "midflow"
	case finding.DNSDenied, finding.DNSForged, finding.DNSUnanswered:
		return "dns"
	}
	return ""
}

// release forgets failures that are too old to be repeated, or all of them.
func (o *emission) release(all bool) {
	w := o.run.world
	old := func(at int64) bool { return all || w.Now-at > fact.FailureMemory }
	w.Failures = slices.DeleteFunc(w.Failures, func(x fact.Failure) bool { return old(x.Time) })
	w.Frozen = slices.DeleteFunc(w.Frozen, func(x fact.Failure) bool { return old(x.Time) })
	if n := len(w.Failures) - fact.MaxFailures; n > 0 {
		w.Failures = slices.Delete(w.Failures, 0, n)
	}
	keep := o.recent[:0]
	for i, t := range o.recent {
		if old(t.failing.Time) || len(o.recent)-i > maxRecent {
			delete(o.byID, t.finding.ID)
			continue
		}
		keep = append(keep, t)
	}
	clear(o.recent[len(keep):])
	o.recent = keep
}
