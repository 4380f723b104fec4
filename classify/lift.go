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
// one lifts may be what another stands on. all: those too that compare so much that
// they are asked now and then.
func (o *emission) overall(all bool) {
	o.release(false)
	o.run.tellOverall()
	for range maxRounds {
		idle := len(o.recent) == 0 && len(o.fresh) == 0
		for i, d := range worldDetectors {
			if o.run.opt.without(d.group) {
				continue
			}
			if r, ok := d.WorldDetector.(detect.Revised); ok && !(all && o.revised(i, r)) || !ok && idle {
				continue
			}
			j := d.Judge(o.run.world)
			for _, id := range j.Falls {
				o.lower(i, id)
			}
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

// revised reports whether what a detector looks at has changed since it was asked.
func (o *emission) revised(i int, d detect.Revised) bool {
	now := d.Revision(o.run.world)
	changed := now != o.revision[i]
	o.revision[i] = now
	return changed
}

// raise keeps a lift, one of each detector for a finding, and applies it. One that
// says more than an earlier one takes its place.
func (o *emission) raise(by int, l *detect.Lift) {
	t := o.byID[l.Finding]
	if t == nil {
		return
	}
	i := slices.IndexFunc(t.lifts, func(r raised) bool { return r.by == by })
	switch {
	case i < 0:
		t.lifts = append(t.lifts, raised{by, *l})
	case l.To.Rank() > t.lifts[i].lift.To.Rank(), l.Trigger != nil && t.lifts[i].lift.Trigger == nil:
		t.lifts[i].lift = *l
	default:
		return
	}
	t.compose()
	o.fresh = append(o.fresh, t)
}

// lower takes back the lift that a detector gave a finding.
func (o *emission) lower(by int, id string) {
	t := o.byID[id]
	if t == nil {
		return
	}
	n := len(t.lifts)
	if t.lifts = slices.DeleteFunc(t.lifts, func(r raised) bool { return r.by == by }); len(t.lifts) < n {
		t.compose()
		o.fresh = append(o.fresh, t)
	}
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
	if f.Verdict.Rank() == 0 || l.To != "" && !tellable(f) && !supply(f, l) {
		return
	}
	to := l.To
	if detect.Hearsay(f) {
		to = detect.Less(to)
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
	if to.Rank() > f.Verdict.Rank() {
		detect.Conclude(f, to)
	}
}

// tellable reports a finding sure enough to be lifted: of one direction that is what
// would be suspected of both.
func tellable(f *finding.Finding) bool {
	return f.Verdict.Rank() >= finding.Suspected.Rank() || detect.Hearsay(f) && f.Verdict == finding.Unexplained
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

// remember keeps a finding that says a flow failed, for repetition and for the
// comparison of attempts.
func (o *emission) remember(t *told) {
	w, f, x := o.run.world, &t.finding, &t.failing
	o.freeze(t)
	before := len(w.Failures)
	w.Failures = slices.DeleteFunc(w.Failures, func(x fact.Failure) bool { return x.Finding == f.ID })
	repeated := len(w.Failures) < before
	try := fact.Try{Client: x.Client, Server: x.Server, Port: x.Port, Proto: x.Proto, If: x.If, Name: x.Said, JA4: x.JA4}
	w.Attempts.Forget(try, f.ID)
	stage := detect.StageOf(f, x.Reached)
	repeats := tellable(f) && detect.Liftable(&t.bare)
	if o.byID[f.ID] != nil && (stage == "" || repeated && !repeats) { // it says less than it did
		o.dropLifts(f.ID)
	}
	if stage == "" {
		return
	}
	if detect.AtEntry(stage, x.Reached) {
		w.Attempts.SawLost(try, x.Owner, x.Service, fact.Lost{
			Flow: x.Flow, Num: firstPacket(f), Start: x.Start, End: x.Time,
			Finding: f.ID, Kind: string(f.Kind), Stage: stage, Verdict: string(f.Verdict),
		})
	}
	if repeats {
		w.Failures = append(w.Failures, failure(t, stage))
		if n := len(w.Failures) - maxUnreleased; n > 0 {
			w.Failures = slices.Delete(w.Failures, 0, n+maxUnreleased/2)
		}
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

// failure is what a finding says of its flow.
func failure(t *told, stage string) fact.Failure {
	f, x := &t.finding, t.failing
	x.Finding, x.Kind, x.Verdict, x.Stage = f.ID, string(f.Kind), string(f.Verdict), stage
	if f.Name != "" {
		x.Name = f.Name
	}
	x.Num, x.Forged, x.Hearsay = firstPacket(f), detect.Forged(&t.bare), detect.Hearsay(&t.bare)
	if stage == "dns" || f.Kind == finding.ResetInjected || f.Kind == finding.ICMPProhibited { // one moment, not a silence
		x.From, x.Time = f.To.UnixNano(), f.To.UnixNano()
	}
	return x
}

// release forgets failures that are too old to be repeated and findings that are too old
// to be lifted, or all of them.
func (o *emission) release(all bool) {
	w := o.run.world
	old := func(at, memory int64) bool { return all || w.Now-at > memory }
	w.Failures = slices.DeleteFunc(w.Failures, func(x fact.Failure) bool { return old(x.Time, fact.FailureMemory) })
	w.Frozen = slices.DeleteFunc(w.Frozen, func(x fact.Failure) bool { return old(x.Time, fact.FailureMemory) })
	if n := len(w.Failures) - fact.MaxFailures; n > 0 {
		w.Failures = slices.Delete(w.Failures, 0, n)
	}
	keep := o.recent[:0]
	for i, t := range o.recent {
		if old(t.failing.Time, fact.TryMemory) || len(o.recent)-i > maxRecent {
			delete(o.byID, t.finding.ID)
			continue
		}
		keep = append(keep, t)
	}
	clear(o.recent[len(keep):])
	o.recent = keep
}
