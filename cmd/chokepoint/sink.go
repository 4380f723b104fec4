package main

import (
	"slices"

	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// only passes on what concerns some services.
type only struct {
	classify.Sink
	ids []string
}

// Flow implements classify.Sink.
func (o only) Flow(f *fact.Flow, findings []string) error {
	if !slices.Contains(o.ids, f.Label.Service) {
		return nil
	}
	return o.Sink.Flow(f, findings)
}

// Finding implements classify.Sink.
func (o only) Finding(f *finding.Finding) error {
	if !slices.Contains(o.ids, f.Service) {
		return nil
	}
	return o.Sink.Finding(f)
}

// Service implements classify.Sink.
func (o only) Service(s *answer.Service) error {
	if !slices.Contains(o.ids, s.Service) {
		return nil
	}
	return o.Sink.Service(s)
}

// tally passes everything on and draws the exit code from it.
type tally struct {
	classify.Sink
	expect  []string
	accused map[string]bool // findings of no known service, by id
	beyond  bool            // there were more: too many to follow
	codes   map[string]int  // of the services, by their last answer
}

// maxAccused bounds what is remembered of findings of no known service.
const maxAccused = 4096

func newTally(next classify.Sink, expect []string) *tally {
	return &tally{Sink: next, expect: expect, accused: map[string]bool{}, codes: map[string]int{}}
}

// Finding implements classify.Sink. Of a known service its answer counts, which
// weighs the finding; a finding of no service has none but itself. The last
// revision holds.
func (t *tally) Finding(f *finding.Finding) error {
	switch {
	case f.Service != "" && !f.Survived || !interferes(f): // of the others the service's status speaks
		delete(t.accused, f.ID)
	case len(t.accused) < maxAccused:
		t.accused[f.ID] = true
	default:
		t.beyond = true
	}
	return t.Sink.Finding(f)
}

// interferes reports whether a finding alone makes a service blocked or
// throttled (contract, "Records").
func interferes(f *finding.Finding) bool {
	if f.Verdict != finding.Confirmed && f.Verdict != finding.Likely {
		return false
	}
	switch f.Kind {
	case finding.ResetSeen, finding.DropLocal, finding.DropQUIC, finding.CallDegraded, finding.RateLimited, finding.PathLoss:
		return false
	}
	return true
}

// Service implements classify.Sink. The last answer for a service holds.
func (t *tally) Service(s *answer.Service) error {
	t.codes[s.Service] = serviceCode(s, slices.Contains(t.expect, s.Service))
	return t.Sink.Service(s)
}

// serviceCode is the code for one answer. A cause that is shown and is no
// interference is no reason to raise an alarm about the link.
func serviceCode(s *answer.Service, expected bool) int {
	switch s.Status {
	case answer.Blocked, answer.Throttled, answer.Degraded, answer.Failing:
		switch s.Cause {
		case "interference":
			return exitInterference
		case "this_host", "first_hop", "path", "far_end", "own_policy":
			return exitDone
		}
		return exitFailing
	case answer.Inconclusive:
		return exitCannotTell
	case answer.Unseen:
		if expected { // not tried is never ok
			return exitCannotTell
		}
	}
	return exitDone
}

// exitCode returns the code for all that was passed on.
func (t *tally) exitCode() int {
	if len(t.accused) > 0 || t.beyond {
		return exitInterference
	}
	code := exitDone
	for _, c := range t.codes {
		code = graver(code, c)
	}
	return code
}

// graver returns the code that says more: interference, then something that
// does not work, then a capture that cannot tell.
func graver(a, b int) int {
	if a == exitDone || b != exitDone && b < a {
		return b
	}
	return a
}
