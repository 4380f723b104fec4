package table

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
)

// group is the findings of one kind and verdict about one service.
type group struct {
	*finding.Finding // the first, which speaks for all
	flows            int
	findings         int
	all              []*finding.Finding
	servers          map[netip.Addr]bool
	from, to         time.Time
}

// groupsOf groups standing findings, keeping their order: surest first.
func groupsOf(standing []*finding.Finding) []*group {
	type key struct {
		service string
		kind    finding.Kind
		verdict finding.Verdict
	}
	by := map[key]*group{}
	flows := map[key]map[string]bool{}
	var out []*group
	for _, f := range standing {
		k := key{f.Service, f.Kind, f.Verdict}
		g := by[k]
		if g == nil {
			g = &group{Finding: f, servers: map[netip.Addr]bool{}, from: f.From, to: f.To}
			by[k], flows[k] = g, map[string]bool{}
			out = append(out, g)
		}
		g.findings++
		g.all = append(g.all, f)
		for _, id := range f.Flows {
			flows[k][id] = true
		}
		if f.Server != nil {
			g.servers[f.Server.IP] = true
		}
		if f.From.Before(g.from) {
			g.from = f.From
		}
		if f.To.After(g.to) {
			g.to = f.To
		}
	}
	for k, g := range by {
		g.flows = len(flows[k])
	}
	slices.SortStableFunc(out, func(a, b *group) int { return -cmp.Compare(a.Verdict.Rank(), b.Verdict.Rank()) })
	return out
}

// accuses: worth a place among the findings.
func (g *group) accuses() bool { return g.Verdict.Rank() >= finding.Suspected.Rank() }

func (g *group) isNames() bool { return strings.HasPrefix(string(g.Kind), "dns.") }

// size says how many there are of it.
func (g *group) size() string {
	if g.isNames() {
		return count(g.findings, "query", "queries")
	}
	text := count(max(g.flows, 1), "flow", "flows")
	if d := g.to.Sub(g.from).Round(time.Second); g.flows > 1 && d >= time.Second {
		text += ", " + lasted(d)
	}
	return text
}

// filter is a display filter that fits on a line of its own, "" when none can
// be given.
func (t *telling) filter(g *group) string {
	room := columns - findingIndent
	f := strings.TrimSpace(g.Filter)
	if t.meta.Backend != "" {
		f = "" // a capture running beside numbers its packets otherwise
	}
	if f != "" && t.meta.Locate != nil {
		f = report.LocalFilter(f, t.meta.Locate)
	}
	if f != "" && len(f) <= room && printable(f) {
		return f
	}
	if g.Server == nil || g.Client == nil {
		return ""
	}
	ip := "ip"
	if g.Server.IP.Is6() {
		ip = "ipv6"
	}
	f = fmt.Sprintf("%s.addr==%s", ip, g.Server.IP.WithZone(""))
	if g.Client.Port != 0 && (g.Proto == "tcp" || g.Proto == "udp") {
		f += fmt.Sprintf("&&%s.port==%d", g.Proto, g.Client.Port)
	}
	return f
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f || s[i] == '\\' {
			return false
		}
	}
	return true
}

// mark is a finding's id, fit to print.
func mark(id string) string { return cut(report.Text(id), 12) }

// findingIndent is where the second line of a finding begins.
const findingIndent = 11

// findings lists what stands, each with what speaks against it.
func (t *telling) findings(s *screen) {
	wide := 2
	for _, g := range t.groups {
		if g.accuses() {
			wide = max(wide, width(mark(g.ID)))
		}
	}
	keep := dear
	for _, g := range t.groups {
		if !g.accuses() {
			continue
		}
		if keep == dear {
			s.blank()
		}
		if keep > dear && !g.sure() {
			keep = nice
		}
		s.items = append(s.items, item{lines: t.finding(g, wide), keep: keep})
		keep = max(keep, useful)
	}
}

// finding is the lines of one: what, how sure, a filter to paste, and what
// speaks against it.
func (t *telling) finding(g *group, wide int) []string {
	head := pad(mark(g.ID), wide) + " " + pad(sureness(g.Verdict), 6) + "  "
	cells := []string{string(g.Kind), g.size()}
	if g.Kind == finding.PathLoss {
		cells = append(cells, "(context, no accusation)")
	}
	lines := flow(head, findingIndent, "  ", cells)
	indent := strings.Repeat(" ", findingIndent)
	if f := t.filter(g); f != "" {
		if last := len(lines) - 1; width(lines[last])+2+len(f) <= columns {
			lines[last] += "  " + f
		} else {
			lines = append(lines, indent+f)
		}
	}
	said := make([]string, 0, len(g.Against))
	for _, e := range g.Against {
		said = append(said, e.Text)
	}
	out := "ruled out: " + spellAll(g.RuledOut)
	if len(said) == 0 {
		return append(lines, flow(indent, findingIndent, "   ", []string{"against: nothing", out})...)
	}
	against := "against: " + strings.Join(said, "; ")
	lines = append(lines, flow(indent, findingIndent+2, " ", strings.Fields(against))...)
	return append(lines, flow(indent, findingIndent+2, " ", strings.Fields(out))...)
}
