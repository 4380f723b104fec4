package table

import (
	"fmt"
	"strings"

	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
)

// details follow the screen: what did not fit, and on demand evidence and flows.
func (t *telling) details(rest []item) []item {
	var s screen
	t.moved(&s, rest)
	if len(t.fine) > maxFineRows && len(t.trouble) > 0 {
		s.blank()
		w := t.nameWidth()
		for _, svc := range t.fine {
			t.fineRow(&s, svc, w)
		}
	}
	if t.opt.Verbose {
		t.evidence(&s)
	}
	if t.opt.Verbose || t.opt.All {
		t.flowList(&s)
	}
	if len(s.items) == 0 {
		return nil
	}
	return append([]item{{lines: []string{""}}, {lines: []string{"Details"}}}, s.items...)
}

// moved prints what the screen had no room for, under the block it is from.
func (t *telling) moved(s *screen, rest []item) {
	of := ""
	for _, it := range rest {
		if it.of != of && it.of != "" {
			s.cells(must, it.of, 0)
		}
		of = it.of
		s.items = append(s.items, it)
	}
}

// evidence lists all that the findings stand on.
func (t *telling) evidence(s *screen) {
	for _, f := range t.ledger.Standing() {
		s.blank()
		head := []string{sureness(f.Verdict), string(f.Kind)}
		if f.Technique != "" {
			head = append(head, f.Technique)
		}
		if f.Service != "" {
			head = append(head, f.Service)
		}
		if f.Name != "" {
			head = append(head, f.Name)
		}
		s.cells(must, mark(f.ID)+"  ", 4, append(head, strings.Join(f.Flows[:min(len(f.Flows), 8)], " "))...)
		s.text(must, "    ", 6, f.Summary)
		t.proofs(s, "for", f.For)
		t.proofs(s, "against", f.Against)
		s.text(must, "    ruled out: ", 6, spellAll(f.RuledOut))
		if len(f.NotRuledOut) > 0 {
			s.text(must, "    not ruled out: ", 6, spellAll(f.NotRuledOut))
		}
		for _, m := range f.Missing {
			s.text(must, "    missing: ", 6, fmt.Sprintf("%s: %s; %s would settle it", spell(string(m.Code)), m.Text, m.Settles))
		}
		if len(f.Blind) > 0 {
			s.text(must, "    not seen: ", 6, spellAll(f.Blind))
		}
	}
	if n := t.notKept(); n > 0 {
		s.text(must, "", 0, fmt.Sprintf("%d more findings were counted, not kept", n))
	}
}

func (t *telling) proofs(s *screen, side string, list []finding.Evidence) {
	for _, e := range list {
		text := e.Text
		if e.Got != "" {
			text += " (got " + e.Got
			if e.Want != "" {
				text += ", want " + e.Want
			}
			text += ")"
		}
		if len(e.Packets) > 0 {
			text += " packets " + t.packets(e.Packets)
		}
		s.text(must, fmt.Sprintf("    %s %s %s/%s  ", side, e.Code, e.Family, e.Class), 8, text)
	}
}

// packets lists packet numbers; of a joined capture each with its file, whose
// own number it is.
func (t *telling) packets(nums []uint64) string {
	parts := make([]string, 0, len(nums))
	for _, n := range nums {
		if t.meta.Locate == nil {
			parts = append(parts, fmt.Sprint(n))
			continue
		}
		file, own := t.meta.Locate(n)
		parts = append(parts, fmt.Sprintf("%s:%d", file, own))
	}
	return strings.Join(parts, " ")
}

func (t *telling) notKept() int {
	n := t.ledger.Beyond("")
	for _, svc := range t.services {
		n += t.ledger.Beyond(svc.Service)
	}
	return n
}

func (t *telling) flowList(s *screen) {
	if t.flowsSum == 0 {
		return
	}
	s.blank()
	for _, l := range t.flows {
		s.items = append(s.items, item{lines: []string{l}})
	}
	if n := t.flowsSum - len(t.flows); n > 0 {
		s.text(must, "", 0, fmt.Sprintf("and %s more flows: --json has them all", number(uint64(n))))
	}
}

// flowLine is one flow, escaped and cut to the screen.
func flowLine(f *fact.Flow, findings []string) string {
	who := f.Label.Service
	if who == "" {
		who = "-"
	} else if f.Label.Function != "" && f.Label.Function != answer.FunctionAny {
		who += "/" + f.Label.Function
	}
	name := f.Name()
	if name == "" {
		name = f.Key.DstAddr().String()
	}
	state := f.State
	if state == "" {
		state = f.End.String()
	}
	parts := []string{pad(f.ID.String(), 8), pad(f.Proto(), 4), pad(who, 16), fmt.Sprintf("%s:%d", name, f.Key.DstPort), state,
		fmt.Sprintf("up %s down %s", number(f.Sides[fact.Up].Payload), number(f.Sides[fact.Down].Payload))}
	if len(findings) > 0 {
		parts = append(parts, strings.Join(findings, " "))
	}
	return strings.TrimRight(cut(report.Text(strings.Join(parts, " ")), columns), " ")
}
