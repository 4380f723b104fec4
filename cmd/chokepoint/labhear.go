package main

import (
	"bytes"
	"context"
	"errors"

	"chokepoint/capture"
	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
	"chokepoint/pcaps/vary"
)

// heard is what analyze says of a capture of the lab: its screen, and what a judge
// needs of it.
type heard struct {
	report.Report
	file     string // as the truth calls it
	packets  uint64
	findings []finding.Finding // last revisions
	status   map[string]string // by service
	screen   bytes.Buffer
}

// Begin implements report.Report. It knows the name of what was read from memory.
func (h *heard) Begin(m *report.Meta) error {
	m.Files[0].Name = h.file
	return h.Report.Begin(m)
}

// Finding implements report.Report.
func (h *heard) Finding(f *finding.Finding) error {
	for i := range h.findings {
		if h.findings[i].ID == f.ID {
			h.findings[i] = *f
			return h.Report.Finding(f)
		}
	}
	h.findings = append(h.findings, *f)
	return h.Report.Finding(f)
}

// Service implements report.Report.
func (h *heard) Service(s *answer.Service) error {
	h.status[s.Service] = string(s.Status)
	return h.Report.Service(s)
}

// End implements report.Report.
func (h *heard) End(s *classify.Stats) error {
	h.packets = s.Source.Packets
	return h.Report.End(s)
}

// errUnread is an analysis that came to no end; why was reported.
var errUnread = errors.New("not analysed")

// hear analyses a capture as analyze does, read from memory: a lab run writes no
// files. v changes how it was taken, nil: as it was recorded.
func (r *labRun) hear(ctx context.Context, file string, content []byte, v *vary.Variation) (*heard, error) {
	h := &heard{file: file, status: map[string]string{}}
	own := *r.app
	own.stdin = bytes.NewReader(content)
	if v != nil {
		own.analyze = func(ctx context.Context, src capture.Source, sink classify.Sink, opt classify.Options) (classify.Stats, error) {
			src, err := v.Source(src)
			if err != nil {
				return classify.Stats{}, err
			}
			return r.analyze(ctx, src, sink, opt)
		}
	}
	an := &analysis{app: &own, opt: r.options, out: &sticky{w: &h.screen}}
	an.report = func() report.Report {
		h.Report = r.table(an.out, r.screen)
		return h
	}
	an.capture(ctx, input{name: stdinName})
	switch {
	case an.fault:
		r.fault = true
		return h, errUnread
	case an.torn:
		return h, errUnread
	}
	return h, nil
}
