package html

import (
	"bufio"
	"io"
	"net/netip"
	"time"

	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
)

// Redactor replaces what would give a client away. The same goes in, the same comes out,
// for all of a page. It has to know of all clients before a page is written, as one may
// live where the rules know servers: whoever tells a [Capture] of flows and findings tells
// it, too.
type Redactor interface {
	Addr(a netip.Addr) netip.Addr
	Port(p uint16) uint16 // of a client
	Name(s string) string
	Text(s string) string // a sentence that may hold any of these
	Nanos(ns int64) int64 // what is asked for first counts as the capture's beginning
	Time(t time.Time) time.Time
	Finding(f *finding.Finding) *finding.Finding
	Service(s *answer.Service) *answer.Service
	Meta(m *report.Meta) *report.Meta
	Stats(s *classify.Stats) *classify.Stats
	Done() []string // what was done
}

// Page is a report of one or several captures.
type Page struct {
	captures []*Capture
	left     *budget
	missed   int
}

// New begins a page.
func New() *Page { return &Page{left: newBudget()} }

// Capture adds a section for one capture, redacted by r; nil: everything is shown as it
// is. It takes the first pass over it. The one before has been read by then: it is laid
// out, and what it kept of packets is forgotten.
func (p *Page) Capture(r Redactor) *Capture {
	if n := len(p.captures); n > 0 {
		last := p.captures[n-1]
		last.view = last.section(p.left.half())
		last.forget()
	}
	c := &Capture{redact: r, stats: &classify.Stats{}, index: len(p.captures)}
	p.captures = append(p.captures, c)
	return c
}

// Missed notes that a capture which should be on the page could not be read at all.
func (p *Page) Missed() { p.missed++ }

// Write writes the page, once all captures have ended. The error is w's.
func (p *Page) Write(w io.Writer) error {
	b := bufio.NewWriterSize(w, 1<<16)
	view := documentView{CSP: policy(), Title: "chokepoint", Redacted: p.redacted(), Missed: p.missed}
	for _, c := range p.captures {
		v := c.view
		if v == nil { // the last one
			left := *p.left
			v = c.section(&left)
		}
		view.Sections = append(view.Sections, v)
	}
	if len(view.Sections) > 0 {
		view.Tool = view.Sections[0].Tool
		view.Title = view.Sections[0].Name + " · chokepoint"
	}
	view.Single = len(view.Sections) == 1
	for _, s := range view.Sections {
		s.Several = !view.Single
	}
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
	flows    int // of the table
	findings int // with their evidence
	listed   int // findings in a line each
	points   int // of plots
}

func newBudget() *budget {
	return &budget{rows: 3600, flows: maxFlows, findings: 240, listed: maxListed, points: 60000}
}

// half takes half of what is left for one capture, so that those after it have some, too.
// How many there will be is not known.
func (b *budget) half() *budget {
	h := &budget{b.rows / 2, b.flows / 2, b.findings / 2, b.listed / 2, b.points / 2}
	*b = budget{b.rows - h.rows, b.flows - h.flows, b.findings - h.findings, b.listed - h.listed, b.points - h.points}
	return h
}

// documentView is what the template of the page takes.
type documentView struct {
	CSP      string
	Title    string
	Tool     string
	Redacted []string // nil: nothing was
	Single   bool
	Missed   int // captures that could not be read
	Sections []*sectionView
}
