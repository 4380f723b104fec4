package classify

import (
	"slices"

	"chokepoint/classify/detect"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// freeze keeps a flow that stopped, to be compared with others: also one of which
// nothing but an unanswered good-bye tells, as long as nothing else speaks against it.
func (o *emission) freeze(t *told) {
	w, f := o.run.world, &t.bare
	if f.Kind != finding.DropMidflow {
		return
	}
	w.Frozen = slices.DeleteFunc(w.Frozen, func(x fact.Failure) bool { return x.Finding == t.finding.ID })
	if f.AfterPackets == nil || f.AfterBytes == nil || f.Verdict.Rank() < finding.Suspected.Rank() && f.Lacks == "" {
		return
	}
	x := t.failing
	x.Finding, x.Kind, x.Verdict, x.Stage = t.finding.ID, string(f.Kind), string(f.Verdict), "midflow"
	x.Num, x.AfterPackets, x.AfterBytes = firstPacket(f), *f.AfterPackets, *f.AfterBytes
	if n := len(w.Frozen) - fact.MaxFailures + 1; n > 0 {
		w.Frozen = slices.Delete(w.Frozen, 0, n)
	}
	w.Frozen = append(w.Frozen, x)
	o.liftable(t)
}

// supply reports whether a lift makes up for what a finding lacks, and takes that
// from its list of what could not be seen.
func supply(f *finding.Finding, l *detect.Lift) bool {
	if l.Supplies == "" || f.Verdict != finding.Inconclusive || f.Lacks != l.Supplies {
		return false
	}
	f.Blind = slices.DeleteFunc(slices.Clone(f.Blind), func(b string) bool { return b == l.Supplies })
	return true
}
