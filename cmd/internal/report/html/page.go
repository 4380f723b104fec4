package html

import (
	"bufio"
	"io"
	"net/netip"
	"time"

	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
)

// Redactor replaces what would give a client away. The same goes in, the same comes out,
// for all of a page.
type Redactor interface {
	Addr(a netip.Addr) netip.Addr
	Port(p uint16) uint16 // of a client
	Name(s string) string
	Text(s string) string // a sentence that may hold any of these
	Nanos(ns int64) int64 // what is asked for first counts as the capture's beginning
	Time(t time.Time) time.Time
	Finding(f *finding.Finding) *finding.Finding
	Flow(f *fact.Flow) *fact.Flow
	Service(s *answer.Service) *answer.Service
	Meta(m *report.Meta) *report.Meta
	Stats(s *classify.Stats) *classify.Stats
	Done() []string // what was done
}

// Page is a report of one or several captures.
type Page struct{ captures []*Capture }

// New begins a page.
func New() *Page { return &Page{} }

// Capture adds a section for one capture, redacted by r; nil: everything is shown as it
// is. It takes the first pass over it.
func (p *Page) Capture(r Redactor) *Capture {
	c := &Capture{redact: r, stats: &classify.Stats{}, index: len(p.captures)}
	p.captures = append(p.captures, c)
	return c
}

// Write writes the page, once all captures have ended. The error is w's.
func (p *Page) Write(w io.Writer) error {
	b := bufio.NewWriterSize(w, 1<<16)
	left := newBudget(len(p.captures))
	view := documentView{CSP: policy(), Title: "chokepoint", Redacted: p.redacted()}
	for _, c := range p.captures {
		view.Sections = append(view.Sections, c.section(left))
	}
	if len(view.Sections) > 0 {
		view.Tool = view.Sections[0].Tool
		view.Title = view.Sections[0].Name + " · chokepoint"
	}
	view.Single = len(view.Sections) == 1
	if err := templates().ExecuteTemplate(b, "document", &view); err != nil {
		return err
	}
	return b.Flush()
}

// redacted lists what was done, nil where everything is shown.
func (p *Page) redacted() []string {
	for _, c := range p.captures {
		if c.redact == nil {
			continue
		}
		out := []string{}
		for _, s := range c.redact.Done() {
			out = append(out, esc(s, longText))
		}
		return out
	}
	return nil
}

// budget bounds what a page shows, over all its captures, so that it stays below 10 MB:
// a row of a ladder takes some 700 bytes, a flow 500 to 900, a finding without its ladder
// 4 kB and 16 at most, a point of a plot 10.
type budget struct {
	rows     int // of ladders
	flows    int // of the table, per capture
	findings int // with their evidence
	points   int // of plots
}

func newBudget(captures int) *budget {
	return &budget{rows: 3600, flows: maxFlows / max(captures, 1), findings: 240, points: 60000}
}

// documentView is what the template of the page takes.
type documentView struct {
	CSP      string
	Title    string
	Tool     string
	Redacted []string // nil: nothing was
	Single   bool
	Sections []*sectionView
}
