package jsonl

import (
	"io"

	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
)

// Report writes records. Make one with [New]. Findings are handed on at once,
// so that a reader at the other end of a pipe sees them while the run goes on;
// flows wait for a finding, a full buffer or the end.
type Report struct {
	lines  *lines
	locate func(num uint64) (file string, n uint64)
	iface  func(num uint64) string
	live   bool
}

var _ report.Report = (*Report)(nil)

// New returns a Report that writes to w.
func New(w io.Writer) *Report { return &Report{lines: newLines(w)} }

// Begin writes the meta record, at once.
func (r *Report) Begin(m *report.Meta) error {
	r.locate, r.iface, r.live = m.Locate, m.Iface, m.Backend != ""
	rec := *m
	rec.Type = "meta"
	rec.Files, rec.Health = list(rec.Files), list(rec.Health)
	return r.lines.writeNow(&rec)
}

// Flow writes the record of a flow that ended.
func (r *Report) Flow(f *fact.Flow, findings []string) error {
	rec := newFlow(f, findings)
	if r.locate != nil {
		rec.File, _ = r.locate(uint64(f.ID))
	}
	return r.lines.write(rec)
}

// Finding writes a finding, at once.
func (r *Report) Finding(f *finding.Finding) error {
	rec := newFinding(f, r.locate)
	if r.live {
		rec.live(f, r.iface)
	}
	return r.lines.writeNow(rec)
}

// Service writes the answer for a service; while the run goes on, live, at once
// and with the flows before it.
func (r *Report) Service(s *answer.Service) error {
	if r.live {
		return r.lines.writeNow(newService(s))
	}
	return r.lines.write(newService(s))
}

// End writes the stats record and hands on what is still buffered.
func (r *Report) End(s *classify.Stats) error { return r.lines.writeNow(newStats(s)) }

// list returns l as a list that is there: in the records an empty list is [],
// never null.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}
