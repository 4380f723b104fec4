package truth

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"chokepoint/classify/finding"
)

// clientFile is the capture that truths speak of when they name none.
const clientFile = "client.pcapng"

// context are kinds that accuse nobody whatever their verdict (contract,
// "Records"): they never raise a service's status.
var context = []finding.Kind{finding.PathLoss, finding.RateLimited, finding.ResetSeen}

// Check compares what a tool says of a file with the truth and returns each
// disagreement as a sentence, none when all is well. findings are the last
// revisions; status is by service and may be nil.
func (t *Truth) Check(file string, findings []finding.Finding, status map[string]string) (wrong []string) {
	for _, m := range t.Finds {
		if names(m.Files, file) && !slices.ContainsFunc(findings, m.meets) {
			wrong = append(wrong, fmt.Sprintf("no finding %v of %q at %s or surer", m.Kinds, m.Service, m.AtLeast))
		}
	}
	for i := range findings {
		wrong = append(wrong, t.tooFar(file, &findings[i])...)
	}
	if file != clientFile || status == nil {
		return wrong
	}
	for _, s := range slices.Sorted(maps.Keys(t.Services)) {
		if want := t.Services[s]; !slices.Contains(want, status[s]) {
			wrong = append(wrong, fmt.Sprintf("%s is %q, should be %s", s, status[s], strings.Join(want, " or ")))
		}
	}
	return wrong
}

// tooFar returns why a finding claims what is not so.
func (t *Truth) tooFar(file string, f *finding.Finding) (wrong []string) {
	for _, c := range t.Ceilings {
		switch {
		case !names(c.Files, file) || !c.about(f):
		case f.Verdict.Rank() > c.AtMost.Rank():
			wrong = append(wrong, fmt.Sprintf("%s %s of %q, at most %s: %s", f.Verdict, f.Kind, f.Service, c.AtMost, c.Why))
		case c.misses(f):
			wrong = append(wrong, fmt.Sprintf("%s %s of %q at %.0f kbit/s, not %.0f: %s", f.Verdict, f.Kind, f.Service, *f.RateBps/1e3, c.RateBPS/1e3, c.Why))
		}
	}
	if f.Verdict.Rank() <= finding.Suspected.Rank() || slices.Contains(context, f.Kind) {
		return wrong
	}
	for _, m := range t.Finds {
		if names(m.Files, file) && slices.Contains(m.Kinds, f.Kind) && m.Service == f.Service {
			return wrong
		}
	}
	for _, l := range t.May {
		if names(l.Files, file) && l.about(f) && f.Verdict.Rank() <= l.AtMost.Rank() {
			return wrong
		}
	}
	return append(wrong, fmt.Sprintf("%s %s of %q, which nobody did", f.Verdict, f.Kind, f.Service))
}

func (m *Must) meets(f finding.Finding) bool {
	return slices.Contains(m.Kinds, f.Kind) && f.Service == m.Service && f.Verdict.Rank() >= m.AtLeast.Rank()
}

func (l *Limit) about(f *finding.Finding) bool {
	return (len(l.Kinds) == 0 || slices.Contains(l.Kinds, f.Kind)) && (l.Service == "" || l.Service == f.Service)
}

// names reports whether a list of files, which may be empty, names this one.
func names(files []string, file string) bool {
	if len(files) == 0 {
		return file == clientFile
	}
	return slices.Contains(files, file)
}
