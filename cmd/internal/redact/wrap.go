package redact

import (
	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
)

// Wrap returns a report that tells next what is left after redaction.
func (r *Redactor) Wrap(next report.Report) report.Report { return wrapped{r, next} }

type wrapped struct {
	*Redactor
	next report.Report
}

// Begin implements report.Report.
func (w wrapped) Begin(m *report.Meta) error { return w.next.Begin(w.Meta(m)) }

// Flow implements report.Report.
func (w wrapped) Flow(f *fact.Flow, findings []string) error {
	return w.next.Flow(w.Redactor.Flow(f), findings)
}

// Finding implements report.Report.
func (w wrapped) Finding(f *finding.Finding) error { return w.next.Finding(w.Redactor.Finding(f)) }

// Service implements report.Report.
func (w wrapped) Service(s *answer.Service) error { return w.next.Service(w.Redactor.Service(s)) }

// End implements report.Report.
func (w wrapped) End(s *classify.Stats) error { return w.next.End(w.Stats(s)) }

// Note returns a report that tells nobody. It notes who the clients are and which end
// of a flow is theirs, for what is redacted later: a page when it is written, packets.
func (r *Redactor) Note() report.Report { return noted{r} }

type noted struct{ r *Redactor }

// Begin implements report.Report.
func (noted) Begin(*report.Meta) error { return nil }

// Flow implements report.Report.
func (n noted) Flow(f *fact.Flow, _ []string) error {
	n.r.client(f.Key.SrcAddr())
	n.r.role(f.Key)
	return nil
}

// Finding implements report.Report.
func (n noted) Finding(f *finding.Finding) error {
	n.r.note(f)
	return nil
}

// Service implements report.Report.
func (noted) Service(*answer.Service) error { return nil }

// End implements report.Report.
func (noted) End(*classify.Stats) error { return nil }
