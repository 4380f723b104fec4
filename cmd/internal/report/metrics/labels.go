package metrics

import (
	"maps"
	"slices"

	"chokepoint/classify/answer"
	"chokepoint/classify/finding"
	"chokepoint/classify/service"
)

// What stands in a label in place of what has no name, and of what no list has.
const (
	none  = "none"
	other = "other"
)

// maxServices bounds the services of all rules that were ever read: there are some
// sixty in those that are built in.
const maxServices = 512

// labels are the services and functions that the rules know.
type labels struct {
	services, functions map[string]bool
}

// know adds those of rules. The maps are replaced: a scrape may hold them.
func (l *labels) know(r *service.Rules) {
	services, functions := maps.Clone(l.services), maps.Clone(l.functions)
	if services == nil {
		services, functions = map[string]bool{}, map[string]bool{answer.FunctionAny: true}
	}
	if r != nil {
		for _, id := range r.IDs() {
			if len(services) >= maxServices && !services[id] {
				continue
			}
			services[id] = true
			info, _ := r.Service(id)
			for _, f := range info.Functions { // from a closed vocabulary
				functions[f] = true
			}
		}
	}
	l.services, l.functions = services, functions
}

func (l *labels) knows(id string) bool        { return l.services[id] }
func (l *labels) service(id string) string    { return among(l.services, id) }
func (l *labels) function(name string) string { return among(l.functions, name) }
func among(list map[string]bool, s string) string {
	switch {
	case s == "":
		return none
	case list[s]:
		return s
	}
	return other
}

// The closed lists of the contract.
var (
	statuses = []string{
		string(answer.OK), string(answer.Blocked), string(answer.Throttled), string(answer.Degraded),
		string(answer.Failing), string(answer.Inconclusive), string(answer.Unseen),
	}
	works  = []string{answer.WorksYes, answer.WorksPartly, answer.WorksNo, answer.WorksUnseen}
	causes = []string{
		answer.CauseInterference, answer.CauseThisHost, answer.CauseFirstHop, answer.CausePath, answer.CauseFarEnd,
		answer.CauseOwnPolicy, answer.CauseUnknown, answer.CauseNone,
	}
)

func kindOf(k finding.Kind) string {
	if slices.Contains(finding.Kinds, k) {
		return string(k)
	}
	return other
}

func verdictOf(v finding.Verdict) string {
	if slices.Contains(finding.Verdicts, v) {
		return string(v)
	}
	return other
}
