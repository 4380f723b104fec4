package score

import (
	"maps"
	"math"
	"slices"
	"time"

	"chokepoint/classify/detect"
	"chokepoint/classify/finding"
	"chokepoint/pcaps/truth"
)

// clientFile is the capture that truths speak of when they name none.
const clientFile = "client.pcapng"

// Judgement is what the tool said of one capture, held against its truth.
type Judgement struct {
	Case, File string
	Lines      []string // of the test matrix
	Benign     bool
	Flows      int
	Wants      []Want
	Claims     []Claim
	Statuses   []Status
}

// Outcome is what became of something that had to be found.
type Outcome string

// The outcomes, best first.
const (
	Got    Outcome = "found"  // as surely as it must be
	Weaker Outcome = "weaker" // suspected, but not surely enough
	Missed Outcome = "missed"
)

// Want is something that had to be found.
type Want struct {
	Kind     finding.Kind // the one that the truth names first
	Service  string
	AtLeast  finding.Verdict
	Outcome  Outcome
	Timed    bool          // After and AtEnd are known
	After    time.Duration // it was found so long after it was first done
	AtEnd    bool          // only when the capture was over
	RateErr  []float64     // of each finding's rate: share of the true one
	BurstErr []float64     // the same of the bucket
}

// Claim is a finding that is suspected or surer.
type Claim struct {
	Kind       finding.Kind
	Service    string
	Verdict    finding.Verdict
	Confidence float64
	Accuses    bool     // somebody is accused, not only suspected
	True       bool     // the truth names it, at that verdict
	Wrong      []string // why it must not be said
	Flows      []string // it is about
	Features   detect.Features
	Touched    Touch   // whether its evidence is the packets that were touched
	Rated      bool    // it says a rate, and a ceiling of the truth which
	RateOff    float64 // by which share they differ
}

// Touch says whether a finding points at a packet of the middlebox.
type Touch string

// What can be said about that.
const (
	Unasked Touch = "" // the log does not say, or the kind is about other packets
	Hit     Touch = "hit"
	NoHit   Touch = "no hit"
)

// Status is what was said of a service.
type Status struct {
	Service, Got string
	Want         []string
}

// Right reports whether it is one of those that are right.
func (s *Status) Right() bool { return slices.Contains(s.Want, s.Got) }

// Judge compares what was said of a capture with its truth.
func Judge(name, file string, t *truth.Truth, said *Observed) Judgement {
	j := Judgement{Case: name, File: file, Lines: t.Cases, Benign: t.Benign(), Flows: said.Flows}
	for i := range t.Finds {
		if m := &t.Finds[i]; in(m.Files, file) {
			j.Wants = append(j.Wants, sought(t, m, said))
		}
	}
	touched := touchedBy(t, file)
	for i := range said.Findings {
		if f := &said.Findings[i].Finding; f.Verdict.Rank() >= finding.Suspected.Rank() {
			j.Claims = append(j.Claims, claim(t, file, f, touched))
		}
	}
	if file == clientFile {
		for _, s := range slices.Sorted(maps.Keys(t.Services)) {
			j.Statuses = append(j.Statuses, Status{Service: s, Got: said.Status[s], Want: t.Services[s]})
		}
	}
	return j
}

// sought looks for what a truth demands.
func sought(t *truth.Truth, m *truth.Must, said *Observed) Want {
	w := Want{Kind: m.Kinds[0], Service: m.Service, AtLeast: m.AtLeast, Outcome: Missed}
	for i := range said.Findings {
		f := &said.Findings[i]
		if !slices.Contains(m.Kinds, f.Kind) || m.Service != f.Service {
			continue
		}
		if f.Verdict.Rank() < m.AtLeast.Rank() || !m.Measures(&f.Finding) {
			if w.Outcome == Missed && f.Verdict.Rank() >= finding.Suspected.Rank() {
				w.Outcome = Weaker
			}
			continue
		}
		w.Outcome = Got
		w.soonest(f.Reached[m.AtLeast.Rank()], t.Since)
		w.measure(m, &f.Finding)
	}
	return w
}

// soonest keeps the earliest moment.
func (w *Want) soonest(at Moment, since time.Time) {
	if since.IsZero() {
		return
	}
	after := time.Duration(at.Time - since.UnixNano())
	if !w.Timed || after < w.After {
		w.After, w.AtEnd = after, at.End
	}
	w.Timed = true
}

// measure compares what a finding measured with what was set.
func (w *Want) measure(m *truth.Must, f *finding.Finding) {
	if m.RateBPS > 0 && f.RateBps != nil {
		w.RateErr = append(w.RateErr, math.Abs(*f.RateBps-m.RateBPS)/m.RateBPS)
	}
	if m.Burst > 0 && f.BurstBytes != nil {
		w.BurstErr = append(w.BurstErr, math.Abs(float64(*f.BurstBytes)-m.Burst)/m.Burst)
	}
}

// claim judges a finding.
func claim(t *truth.Truth, file string, f *finding.Finding, touched *touched) Claim {
	accusing := Accuses(f.Kind)
	off, rated := t.RateOff(file, f)
	return Claim{
		Rated: rated, RateOff: off,
		Kind: f.Kind, Service: f.Service, Verdict: f.Verdict, Confidence: f.Confidence,
		Accuses: accusing && f.Verdict.Rank() >= finding.Likely.Rank(),
		Flows:   f.Flows, Features: detect.FeaturesOf(f),
		True: named(t, file, f), Wrong: against(t, file, f), Touched: touched.by(f),
	}
}

// Accuses reports whether findings of a kind are more than context.
func Accuses(k finding.Kind) bool {
	of := truth.Truth{Finds: []truth.Must{{Kinds: []finding.Kind{k}}}}
	return !of.Benign()
}

// against returns why a truth does not allow a finding. What else would have to be
// found is not asked: only demands that the finding meets are left.
func against(t *truth.Truth, file string, f *finding.Finding) []string {
	of := *t
	of.Finds = nil
	for _, m := range t.Finds {
		if slices.Contains(m.Kinds, f.Kind) && m.Service == f.Service {
			m.AtLeast = finding.Withdrawn
			of.Finds = append(of.Finds, m)
		}
	}
	return of.Check(file, []finding.Finding{*f}, nil)
}

// named reports whether a truth speaks of what a finding says: suspicions that it
// only tolerates are not true for that.
func named(t *truth.Truth, file string, f *finding.Finding) bool {
	must := slices.ContainsFunc(t.Finds, func(m truth.Must) bool {
		return in(m.Files, file) && slices.Contains(m.Kinds, f.Kind) && m.Service == f.Service
	})
	return (must || slices.ContainsFunc(t.May, func(l truth.Limit) bool {
		return in(l.Files, file) && (len(l.Kinds) == 0 || slices.Contains(l.Kinds, f.Kind)) &&
			(l.Service == "" || l.Service == f.Service) && f.Verdict.Rank() <= l.AtMost.Rank()
	})) && len(against(t, file, f)) == 0
}

// in reports whether a list of files, which may be empty, names this one.
func in(files []string, file string) bool {
	return slices.Contains(files, file) || len(files) == 0 && file == clientFile
}
