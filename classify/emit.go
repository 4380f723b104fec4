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

// emission numbers findings and tells them, each again only when it changed.
type emission struct {
	run   *run
	count int
	err   error // of the sink; nothing is told after it

	open   map[fact.FlowID][]*told // findings of flows that live
	recent []*told                 // that may still be lifted, oldest first
	byID   map[string]*told
	wide   [][]*told // what each world detector found itself
	fresh  []*told   // to be told at the end of this round

	revision []uint64 // of what each world detector looked at last
}

// told is a finding as it was told last, or is about to be.
type told struct {
	finding finding.Finding
	bare    finding.Finding // as its detector made it
	lifts   []raised
	failing fact.Failure
	by      int // its detector
	fresh   bool
}

func (o *emission) init(r *run) {
	o.run, o.open, o.byID = r, map[fact.FlowID][]*told{}, map[string]*told{}
	o.wide, o.revision = make([][]*told, len(worldDetectors)), make([]uint64, len(worldDetectors))
}

// emit tells what the shards judged since the last time, sorted by packet, and
// the flows that ended.
func (r *run) emit() {
	o := &r.out
	all, over := r.judged[:0], r.over[:0]
	for _, s := range r.shards {
		for i := range s.judged {
			all = append(all, &s.judged[i])
		}
		over = append(over, s.ended...)
		for i := range s.briefs {
			for _, a := range r.answers() {
				a.Other(s.briefs[i])
			}
		}
		for i := range s.secret {
			r.seen.secret.count(&s.secret[i])
		}
		s.briefs, s.secret = s.briefs[:0], s.secret[:0]
	}
	r.tellMade()
	slices.SortStableFunc(all, func(a, b *verdicts) int { return cmp.Compare(a.flow, b.flow) })
	for i := range all {
		o.take(all[i])
	}
	o.tell()
	slices.SortFunc(over, func(a, b *ended) int {
		return cmp.Or(cmp.Compare(a.flow.LastNum, b.flow.LastNum), cmp.Compare(a.flow.ID, b.flow.ID))
	})
	for _, x := range over {
		o.flow(&x.flow)
	}
	r.more, r.judged, r.over = false, all, over
	for _, s := range r.shards {
		clear(s.judged)
		s.judged = s.judged[:0]
		r.more = r.more || s.more
		s.pool = append(s.pool, s.ended...)
		if len(s.pool) > spareFlows {
			clear(s.pool[spareFlows:])
			s.pool = s.pool[:spareFlows]
		}
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
			t = &told{by: v.says[i].by, bare: *f, finding: *f, fresh: true}
		} else {
			old = slices.DeleteFunc(old, func(x *told) bool { return x == t })
			t.update(f)
		}
		t.failing = v.failing
		now = append(now, t)
	}
	for _, t := range old {
		if v.asked&(1<<t.by) != 0 { // its detector does not say it any more
			t.withdraw()
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
	old := &t.bare
	if f.Verdict == finding.Inconclusive && old.Verdict.Rank() > f.Verdict.Rank() && onlyUncontrolled(f, old) {
		return
	}
	if old.Verdict == f.Verdict && len(old.For) >= len(f.For) && len(old.Against) == len(f.Against) &&
		old.BenignCause == f.BenignCause && old.Survived == f.Survived && sameFigures(f, old) {
		return
	}
	t.bare = *f
	t.compose()
}

// withdraw takes a finding back.
func (t *told) withdraw() {
	w := t.bare
	w.Verdict, w.Confidence, w.Missing = finding.Withdrawn, 0, nil
	t.update(&w)
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

// tell gives fresh findings their numbers and tells them, sorted by packet,
// kind and flow.
func (o *emission) tell() {
	slices.SortStableFunc(o.fresh, func(a, b *told) int {
		return cmp.Or(cmp.Compare(firstPacket(&a.finding), firstPacket(&b.finding)),
			cmp.Compare(a.finding.Kind, b.finding.Kind), cmp.Compare(a.failing.Flow, b.failing.Flow))
	})
	now := o.fresh
	o.fresh = nil // what is told may make others fall
	for _, t := range now {
		if !t.fresh {
			continue
		}
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
		detect.Calibrate(f)
		o.remember(t)
		for _, a := range o.run.answers() {
			a.Finding(f)
		}
		if o.err == nil {
			o.err = o.run.sink.Finding(f)
		}
	}
}

// limitPoliced is what limits a flow of which a policer is found, alone or with others.
const limitPoliced = "policed"

func (o *emission) policed(f *fact.Flow) bool {
	sure := func(t *told) bool {
		return t.finding.Kind == finding.RatePoliced && t.finding.Verdict.Rank() >= finding.Likely.Rank()
	}
	if slices.ContainsFunc(o.open[f.ID], sure) {
		return true
	}
	j := o.run.together.parties[party{f.Key.SrcAddr(), f.If}]
	return j != nil && slices.ContainsFunc(j.told, func(t *told) bool {
		return sure(t) && slices.Contains(t.finding.Flows, f.ID.String())
	})
}

func firstPacket(f *finding.Finding) uint64 {
	if len(f.Packets) == 0 {
		return 0
	}
	return f.Packets[0]
}

// flow tells of a flow that ended.
func (o *emission) flow(f *fact.Flow) {
	var ids []string
	for _, t := range o.open[f.ID] {
		if t.finding.ID != "" {
			ids = append(ids, t.finding.ID)
		}
	}
	if o.policed(f) {
		f.Limit = limitPoliced
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
