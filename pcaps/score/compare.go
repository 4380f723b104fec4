package score

import (
	"fmt"
	"slices"

	"chokepoint/classify/finding"
)

// Adopt gives a finding that cannot tell whose connection it was the service that it
// was of in the whole capture: what a variation hides is no licence to accuse, and no
// accusation of somebody else.
func Adopt(said, whole *Observed) {
	ends := func(f *Found) string {
		if f.Client == nil || f.Server == nil {
			return ""
		}
		return fmt.Sprint(*f.Client, *f.Server)
	}
	of := map[string]string{}
	for i := range whole.Findings {
		of[ends(&whole.Findings[i])] = whole.Findings[i].Service
	}
	for i := range said.Findings {
		if f := &said.Findings[i]; f.Service == "" {
			f.Service = of[ends(f)]
		}
	}
}

// Surer returns what is said more surely than of the whole capture. What is
// unexplained or inconclusive says nothing.
func Surer(whole, said *Observed) (wrong []string) {
	was := sureness(whole)
	now := sureness(said)
	for k, v := range now {
		if v.Rank() > was[k].Rank() && v.Rank() >= finding.Suspected.Rank() {
			wrong = append(wrong, fmt.Sprintf("%s is %s, was %q", k, v, was[k]))
		}
	}
	return wrong
}

// sureness is the surest verdict of each kind of finding about each service.
func sureness(said *Observed) map[string]finding.Verdict {
	out := map[string]finding.Verdict{}
	for i := range said.Findings {
		f := &said.Findings[i]
		k := fmt.Sprintf("%s of %q", f.Kind, f.Service)
		if Accuses(f.Kind) && f.Verdict.Rank() > out[k].Rank() {
			out[k] = f.Verdict
		}
	}
	return out
}

// Wrong is what must not be said of the capture, each thing once, sorted.
func (j *Judgement) Wrong() (wrong []string) {
	for i := range j.Claims {
		wrong = append(wrong, j.Claims[i].Wrong...)
	}
	slices.Sort(wrong)
	return slices.Compact(wrong)
}
