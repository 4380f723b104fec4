package table

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"chokepoint/classify/answer"
	"chokepoint/classify/finding"
)

// screen puts everything in its order.
func (t *telling) screen() []item {
	var s screen
	t.header(&s)
	s.blank()
	switch {
	case len(t.trouble) == 0 && !t.lossyAnywhere():
		s.text(must, "", 0, t.verdict())
		if len(t.fine)+len(t.unseen) > 0 || t.stats.Others.Parties > 0 {
			s.blank()
			t.attempts(&s)
		}
	default:
		if len(t.trouble) == 0 || t.allLossy() {
			s.text(must, "", 0, t.verdict())
			s.blank()
		}
		t.paths(&s)
		for i, svc := range t.trouble {
			t.block(&s, svc, i == 0)
		}
		t.fineRows(&s)
		t.unseenRows(&s)
		t.others(&s)
	}
	t.asides(&s)
	t.strangers(&s)
	t.findings(&s)
	t.lack(&s)
	t.looked(&s)
	t.next(&s)
	return s.items
}

// interference reports whether something stands that raises a status.
func (t *telling) interference() bool {
	for _, s := range t.trouble {
		if s.Cause == answer.CauseInterference {
			return true
		}
	}
	return t.beside() || slices.ContainsFunc(t.groups, func(g *group) bool { return g.Service == "" && g.sure() && !g.context() })
}

// aside: it stands about a service that works, of a function that does not count
// for that.
func (t *telling) aside(g *group) bool {
	return g.Service != "" && g.sure() && !g.context() &&
		slices.ContainsFunc(t.fine, func(s *answer.Service) bool { return s.Service == g.Service })
}

// beside reports whether one of these is interference.
func (t *telling) beside() bool {
	return slices.ContainsFunc(t.groups, func(g *group) bool { return t.aside(g) && g.Kind != finding.DropLocal })
}

// sure: certain enough to raise a status.
func (g *group) sure() bool { return g.Verdict.Rank() >= finding.Likely.Rank() }

// context: a kind that accuses nobody.
func (g *group) context() bool {
	switch g.Kind {
	case finding.PathLoss, finding.ResetSeen, finding.RateLimited:
		return true
	}
	return false
}

// path is the surest finding that loss hits everything alike, nil without one.
func (t *telling) path() *group {
	for _, g := range t.groups {
		if g.Kind == finding.PathLoss && g.sure() {
			return g
		}
	}
	return nil
}

func (t *telling) lossyAnywhere() bool { return t.path() != nil }

// allLossy: what does not work has the path's loss for its cause.
func (t *telling) allLossy() bool {
	for _, s := range t.trouble {
		if s.Cause != answer.CauseFirstHop && s.Cause != answer.CausePath {
			return false
		}
	}
	return t.path() != nil
}

// firstHop: the loss is on the client's side of the tap.
func firstHop(g *group) bool {
	return g.Segment == finding.ThisHost || g.Segment == finding.ClientSide
}

// verdict is the first sentence when no service is in trouble.
func (t *telling) verdict() string {
	switch {
	case t.beside() && len(t.fine) > 0:
		return "The known services work, but something beside them is interfered with."
	case t.interference() && len(t.fine) > 0:
		return "The known services work, but other flows are interfered with."
	case t.interference():
		return "Flows of no known service are interfered with."
	}
	if g := t.path(); g != nil {
		where := "The path is bad"
		if firstHop(g) {
			where = "The first hop is bad"
		}
		return where + " and it hits everything alike. No interference seen."
	}
	tried := len(t.fine) > 0 || t.stats.Others.Worked > 0
	partly := false
	for _, s := range t.fine {
		partly = partly || s.Works != answer.WorksYes
	}
	suspicion := false
	for _, g := range t.groups {
		suspicion = suspicion || g.accuses() && !g.context()
	}
	switch {
	case t.stats.Source.Packets == 0 && t.stats.Packets == 0:
		return "No packet was read: there is nothing to tell."
	case !tried:
		return "No interference found, and nothing that worked to compare with."
	case suspicion:
		return "No interference shown. What was tried works; a suspicion is below."
	case partly:
		return "No interference found. Most of what was tried works."
	}
	return "No interference found. What was tried works."
}

// paths tells loss that hits everything alike, before the services it hits.
func (t *telling) paths(s *screen) {
	g := t.path()
	if g == nil {
		return
	}
	name := "Path"
	if firstHop(g) {
		name = "First hop"
	}
	cells := []string{"BAD", t.clock(g.from) + "-" + t.clock(g.to)}
	if where := answer.Where(g.Segment, nil); where != "" {
		cells = append(cells, where)
	}
	s.of = name
	s.cells(must, pad(name, minName), minName, cells...)
	s.colour("BAD")
	s.tagged(dear, line("Loss"), labelIndent, g.Summary, g.ID)
	s.of = ""
}

// asides tells findings that stand about services that work: what they hit is
// not what those are used for.
func (t *telling) asides(s *screen) {
	n := 0
	for _, g := range t.groups {
		if !t.aside(g) {
			continue
		}
		if n++; n == 1 {
			s.blank()
			s.cells(dear, "Beside what works", 0)
		}
		s.tagged(dear+min(n-1, 2), line(label(g.Kind)), labelIndent, t.whose(g)+g.Summary, g.ID)
	}
}

// whose names the service of a group, and the function if the finding does.
func (t *telling) whose(g *group) string {
	name := g.Service
	for _, s := range t.services {
		if s.Service == g.Service {
			name = s.Name
		}
	}
	if g.Function != "" && g.Function != answer.FunctionAny {
		name += " " + answer.FunctionName(g.Function)
	}
	return name + ": "
}

// strangers tells findings that stand about flows of no known service.
func (t *telling) strangers(s *screen) {
	n := 0
	for _, g := range t.groups {
		if g.Service != "" || !g.sure() || g.context() || g.Kind == finding.HostAllowlist && len(t.trouble) > 0 {
			continue
		}
		if n++; n == 1 {
			s.blank()
			s.cells(dear, "No known service", 0)
		}
		text := g.Summary
		if g.flows > 1 {
			text = fmt.Sprintf("%s to %s. One of them: %s", count(g.flows, "flow", "flows"), count(len(g.servers), "address", "addresses"), g.Summary)
		}
		if g.Name != "" {
			text += " (" + g.Name + ")"
		}
		s.tagged(dear+min(n-1, 2), line(label(g.Kind)), labelIndent, text, g.ID)
	}
}

// looked tells what was looked at and let go, and what could not be told.
func (t *telling) looked(s *screen) {
	list := t.lookedAt()
	if len(list) == 0 {
		return
	}
	s.blank()
	lines := []string{"Looked at and let go"}
	for _, l := range list {
		head := pad("  "+l[0]+"  ", 16)
		lines = append(lines, flow(head, 16, " ", strings.Fields(l[1]))...)
	}
	s.items = append(s.items, item{lines: lines, keep: spare})
}

// lookedAt are the counts of what was let go, and what became of them.
func (t *telling) lookedAt() (out [][2]string) {
	byKind := map[finding.Kind][]string{}
	sums := map[finding.Kind]int{}
	told := map[string]bool{} // by the service's own block
	for _, svc := range t.trouble {
		told[svc.Service] = svc.Status == answer.Failing || svc.Status == answer.Inconclusive
	}
	var order []finding.Kind
	add := func(k finding.Kind, n int, what string) {
		if sums[k] == 0 {
			order = append(order, k)
		}
		sums[k] += n
		byKind[k] = append(byKind[k], number(uint64(n))+" "+what)
	}
	for _, l := range merged(t.letGo) {
		what := "unexplained"
		if l.Verdict == finding.Benign {
			what = spell(l.Cause)
		}
		add(l.Kind, l.N, what)
	}
	untold := map[finding.Kind]int{}
	for _, g := range t.groups {
		if !g.accuses() && !told[g.Service] {
			untold[g.Kind] += g.findings
		}
	}
	for _, k := range slices.Sorted(maps.Keys(untold)) {
		add(k, untold[k], "could not be told ("+string(k)+")")
	}
	for _, k := range order {
		out = append(out, [2]string{count(sums[k], looks(k), looks(k)+"s"), strings.Join(byKind[k], ", ")})
	}
	return out
}

// merged adds up what was let go over the services, unexplained ones last.
func merged(list []answer.LetGoCount) []answer.LetGoCount {
	var out []answer.LetGoCount
	at := map[answer.LetGo]int{}
	for _, last := range []bool{false, true} {
		for _, l := range list {
			if (l.Verdict == finding.Unexplained) != last {
				continue
			}
			l.Service = ""
			if i, ok := at[l.LetGo]; ok {
				out[i].N += l.N
				continue
			}
			at[l.LetGo] = len(out)
			out = append(out, l)
		}
	}
	return out
}

// looks names what a kind looks at, in one word.
func looks(k finding.Kind) string {
	family, _, _ := strings.Cut(string(k), ".")
	switch family {
	case "reset":
		return "reset"
	case "rate":
		return "slow flow"
	case "dns":
		return "DNS answer"
	case "call":
		return "call"
	case "payload":
		return "double answer"
	case "icmp":
		return "ICMP error"
	}
	return "failure"
}
