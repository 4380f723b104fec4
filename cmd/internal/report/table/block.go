package table

import (
	"fmt"
	"strings"

	"chokepoint/classify/answer"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
)

// Widths of the columns that begin a service's lines.
const (
	labelIndent = 12 // "  Traffic   "
	minName     = 10
	maxName     = 22
	statusWidth = 9
)

// nameWidth is the width of the column of names, two blanks included.
func (t *telling) nameWidth() int {
	w := minName
	for _, list := range [][]*answer.Service{t.trouble, t.fine, t.unseen} {
		for _, s := range list {
			w = max(w, width(report.Text(s.Name))+2)
		}
	}
	return min(w, maxName)
}

// column is a foreign name as the first cell of a line, escaped.
func column(name string, w int) string { return pad(cut(report.Text(name), w-2), w) }

// block tells one service that does not work, or not well.
func (t *telling) block(s *screen, svc *answer.Service, first bool) {
	s.of = svc.Name
	defer func() { s.of = "" }()
	w := t.nameWidth()
	status := statusWord(svc)
	cells := []string{status}
	if svc.Status == answer.Failing || svc.Status == answer.Inconclusive {
		cells[0] += ", " + because(svc)
		if a := svc.Attempts; a.Failed > 0 {
			cells = append(cells, fmt.Sprintf("%s of %s fail", number(uint64(a.Failed)), count(a.Tried, "connection", "connections")))
		}
	} else if svc.Since != nil {
		cells = append(cells, "since "+t.clock(*svc.Since))
	}
	s.cells(must, column(svc.Name, w), w, append(cells, functions(svc)...)...)
	s.colour(status)
	keep := dear
	if !first {
		keep = useful
	}
	groups := t.groupsOf(svc)
	for i, g := range groups {
		if i == 3 {
			keep++
		}
		s.tagged(keep, line(label(g.Kind)), labelIndent, t.groupText(svc, g), g.ID)
	}
	if len(groups) == 0 && svc.Status != answer.Inconclusive {
		s.text(keep, line("Certain"), labelIndent, certain(svc))
	}
	if svc.Status == answer.Failing && svc.Cause == answer.CauseUnknown && len(svc.Fits) > 0 {
		s.text(keep, line("Fits"), labelIndent, strings.Join(svc.Fits, ", ")+". This capture cannot tell them apart")
	}
	if svc.Status == answer.Throttled {
		if text := t.meanwhileText(); text != "" {
			s.text(nice, line("Meanwhile"), labelIndent, text)
		}
	}
	if len(svc.Places) > 1 {
		s.places(useful, svc)
	}
	if where := t.where(groups); where != "" {
		s.text(min(keep+1, useful), line("Where"), labelIndent, where)
	}
	if not := notShown(svc); not != "" {
		s.text(nice, line("Not shown"), labelIndent, not)
	}
}

// line begins a labelled line of a block.
func line(label string) string { return pad("  "+label, labelIndent) }

// groupsOf lists what stands about a service; of one that fails also what could
// not be told.
func (t *telling) groupsOf(svc *answer.Service) []*group {
	var out []*group
	for _, g := range t.groups {
		own := g.Service == svc.Service || g.Service == "" && g.Kind == finding.HostAllowlist && svc.Status == answer.Blocked
		open := svc.Status == answer.Failing || svc.Status == answer.Inconclusive
		if own && (g.accuses() || open && g.Verdict == finding.Inconclusive) {
			out = append(out, g)
		}
	}
	return out
}

// groupText is what the findings of a group say, with how many there are.
func (t *telling) groupText(svc *answer.Service, g *group) string {
	switch {
	case g.isNames() && g.findings > 1 && svc.Names.Tried >= g.findings:
		return fmt.Sprintf("%d of %d queries. One of them: %s", g.findings, svc.Names.Tried, g.Summary)
	case g.isNames() && g.findings > 1:
		return fmt.Sprintf("%d queries. One of them: %s", g.findings, g.Summary)
	case g.flows <= 1:
		return g.Summary
	}
	text := count(g.flows, "flow", "flows")
	if svc.Attempts.Tried >= g.flows && g.Proto == "tcp" {
		text = fmt.Sprintf("%s of %s connections", number(uint64(g.flows)), number(uint64(svc.Attempts.Tried)))
	}
	if n := len(g.servers); n > 1 {
		text += fmt.Sprintf(", %d addresses", n)
	}
	return text + ". One of them: " + g.Summary
}

// certain is what was seen of a service that fails by nothing that was found.
func certain(svc *answer.Service) string {
	_, what, ok := strings.Cut(svc.Sentence, ": ")
	if !ok {
		what = svc.Sentence
	}
	if svc.OpensMs != nil {
		what += "; TCP opens in " + milliseconds(*svc.OpensMs)
	}
	return what
}

// meanwhileText compares a slow service with the others.
func (t *telling) meanwhileText() string {
	var parts []string
	for _, o := range t.fine {
		if o.RateDownBps != nil && len(parts) < 2 {
			parts = append(parts, o.Name+" "+answer.Rate(*o.RateDownBps))
		}
	}
	if o := t.stats.Others; o.MedianBps != nil {
		parts = append(parts, fmt.Sprintf("median of %d others %s", o.Worked, answer.Rate(*o.MedianBps)))
	}
	return strings.Join(parts, ", ")
}

// where places what was found; "" when nothing places it.
func (t *telling) where(groups []*group) string {
	var parts []string
	for _, g := range groups {
		if text := answer.Where(g.Segment, g.Hops); text != "" {
			parts = append(parts, g.ID+" "+text)
		}
	}
	return strings.Join(parts, "; ")
}

// notShown lists what stays open of a service, without what the capture as a
// whole lacks: that is told once.
func notShown(svc *answer.Service) string {
	var parts []string
	for _, c := range svc.CannotTell {
		if _, general := lacks[c.Code]; !general {
			parts = append(parts, c.Text)
		}
	}
	return strings.Join(parts, "; ")
}
