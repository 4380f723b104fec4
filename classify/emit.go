package classify

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"chokepoint/classify/detect"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// maxRecent is how many findings are remembered for repetition.
const maxRecent = fact.MaxFailures

// maxUnreleased is how many failures wait for release, which keeps the last
// fact.MaxFailures of them: at the end of a capture with many flows open they would
// be as many.
const maxUnreleased = 4 * fact.MaxFailures

// emission numbers findings and tells them, each again only when it changed.
type emission struct {
	run   *run
	count int
	err   error // of the sink; nothing is told after it

	open   map[fact.FlowID][]*told // findings of flows that live
	recent []*told                 // that may still be lifted, oldest first
	byID   map[string]*told
	fresh  []*told // to be told at the end of this round
}

// told is a finding as it was told last.
type told struct {
	finding finding.Finding
	failing fact.Failure
	lift    *detect.Lift
	base    finding.Verdict // before it was lifted
	by      int             // its detector
	fresh   bool
}

func (o *emission) init(r *run) {
	o.run, o.open, o.byID = r, map[fact.FlowID][]*told{}, map[string]*told{}
}

// emit tells what the shards judged since the last time, sorted by packet, and
// the flows that ended.
func (r *run) emit() {
	o := &r.out
	var all []verdicts
	var over []*ended
	for _, s := range r.shards {
		all = append(all, s.judged...)
		over = append(over, s.ended...)
		for i := range s.briefs {
			for _, a := range r.answers() {
				a.Other(s.briefs[i])
			}
		}
		for i := range s.secret {
			r.seen.secret.count(&s.secret[i])
		}
		s.judged, s.briefs, s.secret = s.judged[:0], s.briefs[:0], s.secret[:0]
	}
	slices.SortStableFunc(all, func(a, b verdicts) int { return cmp.Compare(a.flow, b.flow) })
	for i := range all {
		o.take(&all[i])
	}
	o.tell()
	slices.SortFunc(over, func(a, b *ended) int {
		return cmp.Or(cmp.Compare(a.flow.LastNum, b.flow.LastNum), cmp.Compare(a.flow.ID, b.flow.ID))
	})
	for _, x := range over {
		o.flow(&x.flow)
	}
	r.more = false
	for _, s := range r.shards {
		r.more = r.more || s.more
		s.pool = append(s.pool, s.ended...)
		s.pool = s.pool[:min(len(s.pool), wave)]
		s.ended = s.ended[:0]
	}
}

// take compares what the detectors say of a flow now with what was told.
func (o *emission) take(v *verdicts) {
	var now []*told
	old := slices.Clone(o.open[v.flow])
	for i := range v.says {
		f := &v.says[i].finding
		t := match(old, f)
		if t == nil {
			t = &told{by: v.says[i].by, base: f.Verdict, finding: *f, fresh: true}
		} else {
			old = slices.DeleteFunc(old, func(x *told) bool { return x == t })
			t.update(f)
		}
		t.failing = v.failing
		now = append(now, t)
	}
	for _, t := range old {
		if v.asked&(1<<t.by) != 0 { // its detector does not say it any more
			w := t.finding
			w.Verdict, w.Confidence = finding.Withdrawn, 0
			t.update(&w)
		}
		now = append(now, t)
	}
	for _, t := range now {
		if t.fresh {
			o.fresh = append(o.fresh, t)
		}
	}
	if len(now) > 0 {
		o.open[v.flow] = now
	}
}

// match finds a finding that was told before.
func match(list []*told, f *finding.Finding) *told {
	for _, t := range list {
		if t.finding.Kind == f.Kind && t.finding.Key == f.Key {
			return t
		}
	}
	return nil
}

// update takes a new revision, if it says anything new. That no control went on
// through a longer silence takes nothing back: one that went on through the
// shorter one was seen.
func (t *told) update(f *finding.Finding) {
	if f.Verdict == finding.Inconclusive && t.base.Rank() > f.Verdict.Rank() && onlyUncontrolled(f, &t.finding) {
		return
	}
	if t.base == f.Verdict && len(t.finding.For) >= len(f.For) && len(t.finding.Against) == len(f.Against) &&
		t.finding.BenignCause == f.BenignCause && sameFigures(f, &t.finding) {
		return
	}
	id, rev := t.finding.ID, t.finding.Rev
	t.finding, t.base, t.fresh = *f, f.Verdict, true
	t.finding.ID, t.finding.Rev = id, rev
	if t.lift != nil {
		t.raise()
	}
}

// Figures that moved by less than this share say nothing new.
const (
	newRate  = 0.02
	newBurst = 0.1
)

// sameFigures reports whether the figures of two revisions are about the same.
func sameFigures(a, b *finding.Finding) bool {
	near := func(x, y, share float64) bool { return math.Abs(x-y) <= share*math.Max(x, y) }
	if (a.RateBps == nil) != (b.RateBps == nil) || a.RateBps != nil && !near(*a.RateBps, *b.RateBps, newRate) {
		return false
	}
	return (a.BurstBytes == nil) == (b.BurstBytes == nil) &&
		(a.BurstBytes == nil || near(float64(*a.BurstBytes), float64(*b.BurstBytes), newBurst))
}

// onlyUncontrolled reports whether all that f cannot see and old could is a
// control.
func onlyUncontrolled(f, old *finding.Finding) bool {
	lost := 0
	for _, b := range f.Blind {
		switch {
		case b == "no_control":
			lost++
		case !slices.Contains(old.Blind, b):
			return false
		}
	}
	return lost > 0
}

// raise applies a lift, unless the finding stands higher already or fell.
func (t *told) raise() {
	f := &t.finding
	if f.Verdict != finding.Suspected {
		return
	}
	f.For = append(slices.Clone(f.For), t.lift.Evidence)
	for _, c := range t.lift.Controls {
		if !slices.Contains(f.Controls, c) {
			f.Controls = append(slices.Clone(f.Controls), c)
		}
	}
	detect.Conclude(f, t.lift.To)
}

// tell gives fresh findings their numbers and tells them, sorted by packet,
// kind and flow.
func (o *emission) tell() {
	slices.SortStableFunc(o.fresh, func(a, b *told) int {
		return cmp.Or(cmp.Compare(firstPacket(&a.finding), firstPacket(&b.finding)),
			cmp.Compare(a.finding.Kind, b.finding.Kind), cmp.Compare(a.failing.Flow, b.failing.Flow))
	})
	for _, t := range o.fresh {
		t.fresh = false
		f := &t.finding
		if f.ID == "" {
			if f.Verdict == finding.Withdrawn {
				continue
			}
			o.count++
			f.ID = fmt.Sprintf("f%d", o.count)
		} else {
			f.Rev++
		}
		o.remember(t)
		for _, a := range o.run.answers() {
			a.Finding(f)
		}
		if o.err == nil {
			o.err = o.run.sink.Finding(f)
		}
	}
	o.fresh = o.fresh[:0]
}

func firstPacket(f *finding.Finding) uint64 {
	if len(f.Packets) == 0 {
		return 0
	}
	return f.Packets[0]
}

// remember keeps a finding that says a flow failed, for repetition.
func (o *emission) remember(t *told) {
	w := o.run.world
	f := &t.finding
	w.Failures = slices.DeleteFunc(w.Failures, func(x fact.Failure) bool { return x.Finding == f.ID })
	stage := stageOf(f.Kind)
	if stage == "" || f.Verdict.Rank() < finding.Suspected.Rank() {
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
	if o.byID[f.ID] == nil {
		o.byID[f.ID] = t
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

// repeat lifts findings that were repeated elsewhere.
func (o *emission) repeat() {
	o.release(false)
	if len(o.run.world.Failures) < 2 {
		return
	}
	for _, l := range (detect.Repeat{}).Judge(o.run.world) {
		t := o.byID[l.Finding]
		if t == nil || t.lift != nil {
			continue
		}
		t.lift = &l
		t.raise()
		t.fresh = true
		o.fresh = append(o.fresh, t)
	}
	o.tell()
}

// release forgets failures that are too old to be repeated, or all of them.
func (o *emission) release(all bool) {
	w := o.run.world
	old := func(at int64) bool { return all || w.Now-at > fact.FailureMemory }
	w.Failures = slices.DeleteFunc(w.Failures, func(x fact.Failure) bool { return old(x.Time) })
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

// flow tells of a flow that ended.
func (o *emission) flow(f *fact.Flow) {
	var ids []string
	for _, t := range o.open[f.ID] {
		if t.finding.ID != "" {
			ids = append(ids, t.finding.ID)
		}
	}
	delete(o.open, f.ID)
	if f.Label.Service != "" {
		for _, a := range o.run.answers() {
			a.Flow(f)
		}
	}
	if o.err == nil {
		o.err = o.run.sink.Flow(f, ids)
	}
}
