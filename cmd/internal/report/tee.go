package report

import (
	"errors"

	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// Tee tells several reports the same, the first one first. An error of one keeps the
// others from nothing.
type Tee []Report

// Begin implements [Report].
func (t Tee) Begin(m *Meta) error { return t.each(func(r Report) error { return r.Begin(m) }) }

// Flow implements [classify.Sink].
func (t Tee) Flow(f *fact.Flow, findings []string) error {
	return t.each(func(r Report) error { return r.Flow(f, findings) })
}

// Finding implements [classify.Sink].
func (t Tee) Finding(f *finding.Finding) error {
	return t.each(func(r Report) error { return r.Finding(f) })
}

// Service implements [classify.Sink].
func (t Tee) Service(s *answer.Service) error {
	return t.each(func(r Report) error { return r.Service(s) })
}

// End implements [Report].
func (t Tee) End(s *classify.Stats) error { return t.each(func(r Report) error { return r.End(s) }) }

func (t Tee) each(tell func(Report) error) error {
	var errs []error
	for _, r := range t {
		if err := tell(r); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
