package answer

import (
	"cmp"
	"slices"
	"strconv"

	"chokepoint/classify/finding"
)

// Bounds of a ledger: what goes beyond is counted, not kept.
const (
	maxPerService = 1024
	maxKept       = 16384
	maxLetGoIDs   = 65536 // ids of let-go findings remembered, so that a revision is not counted twice
)

// LetGo is one way in which something was looked at and not held against
// anyone.
type LetGo struct {
	Kind    finding.Kind
	Verdict finding.Verdict // benign or unexplained
	Cause   string          // of benign
	Service string
}

// LetGoCount says how often.
type LetGoCount struct {
	LetGo
	N int
}

// Ledger keeps the last revision of every finding that stands. The zero value
// is ready.
type Ledger struct {
	standing map[string]*finding.Finding
	perSvc   map[string]int
	letGo    map[LetGo]int
	letGoIDs map[string]LetGo
	beyond   map[string]int // standing findings not kept, per service
}

// Add takes a finding, or a later revision of it, which replaces the earlier. It
// reports whether it is kept.
func (l *Ledger) Add(f *finding.Finding) (kept bool) {
	if l.standing == nil {
		l.standing, l.perSvc = map[string]*finding.Finding{}, map[string]int{}
		l.letGo, l.letGoIDs = map[LetGo]int{}, map[string]LetGo{}
		l.beyond = map[string]int{}
	}
	if old := l.standing[f.ID]; old != nil {
		if old.Rev > f.Rev {
			return false
		}
		delete(l.standing, f.ID)
		l.perSvc[old.Service]--
	}
	if key, ok := l.letGoIDs[f.ID]; ok {
		delete(l.letGoIDs, f.ID)
		l.letGo[key]--
	}
	switch {
	case f.Verdict == finding.Withdrawn:
	case lets(f):
		l.let(f)
	case l.perSvc[f.Service] >= maxPerService, len(l.standing) >= maxKept:
		l.beyond[f.Service]++
	default:
		c := *f
		l.standing[f.ID] = &c
		l.perSvc[f.Service]++
		return true
	}
	return false
}

// lets: innocent, or an abortive end that nothing more can be said of.
func lets(f *finding.Finding) bool {
	return f.Verdict == finding.Benign || f.Kind == finding.ResetSeen && f.Verdict == finding.Unexplained
}

func (l *Ledger) let(f *finding.Finding) {
	key := LetGo{Kind: f.Kind, Verdict: f.Verdict, Service: f.Service}
	if f.Verdict == finding.Benign {
		key.Cause = f.BenignCause
	}
	l.letGo[key]++
	if len(l.letGoIDs) < maxLetGoIDs {
		l.letGoIDs[f.ID] = key
	}
}

// Standing lists the findings that hold, surest first, then by id. Callers do
// not change them.
func (l *Ledger) Standing() []*finding.Finding {
	out := make([]*finding.Finding, 0, len(l.standing))
	for _, f := range l.standing {
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b *finding.Finding) int {
		return cmp.Or(-cmp.Compare(a.Verdict.Rank(), b.Verdict.Rank()), compareIDs(a.ID, b.ID))
	})
	return out
}

// LetGo lists what was let go, in a fixed order.
func (l *Ledger) LetGo() []LetGoCount {
	var out []LetGoCount
	for key, n := range l.letGo {
		if n > 0 {
			out = append(out, LetGoCount{key, n})
		}
	}
	slices.SortFunc(out, func(a, b LetGoCount) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Verdict, b.Verdict),
			cmp.Compare(a.Cause, b.Cause), cmp.Compare(a.Service, b.Service))
	})
	return out
}

// Beyond is how many standing findings of a service were not kept.
func (l *Ledger) Beyond(service string) int { return l.beyond[service] }

// compareIDs orders f2 before f10.
func compareIDs(a, b string) int {
	na, errA := strconv.ParseUint(trimID(a), 10, 64)
	nb, errB := strconv.ParseUint(trimID(b), 10, 64)
	if errA != nil || errB != nil {
		return cmp.Compare(a, b)
	}
	return cmp.Or(cmp.Compare(na, nb), cmp.Compare(a, b))
}

func trimID(id string) string {
	if id == "" {
		return id
	}
	return id[1:]
}
