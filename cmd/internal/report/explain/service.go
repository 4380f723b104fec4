package explain

import (
	"fmt"
	"slices"
	"strings"

	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/cmd/internal/report/packets"
)

// service is the page of a service.
func (w *writer) service() {
	s := w.s.service
	w.para("", 2, fmt.Sprintf("%s (%s): %s, works: %s, cause: %s", s.Name, s.Service, s.Status, s.Works, spell(s.Cause)))
	w.para("  ", 2, s.Sentence)
	if s.Since != nil {
		w.field("since", stamp(s.Since.UnixNano()))
	}
	w.field("tried", fmt.Sprintf("%s, %d failed, %d undecided; %s of names, %d failed; %s, %d affected",
		packets.Count(s.Attempts.Tried, "connection"), s.Attempts.Failed, s.Undecided, packets.Count(s.Names.Tried, "question"), s.Names.Failed,
		packets.Count(s.Clients.Tried, "client"), s.Clients.Affected))
	w.field("controls", fmt.Sprintf("%d other parties worked meanwhile", s.Controls))
	if len(s.Fits) > 0 {
		w.field("fits", strings.Join(s.Fits, "; "))
	}
	w.field("not seen", blindText(s.Blind))
	w.functions(s)
	w.told()
	for _, r := range s.CannotTell {
		w.para("  cannot tell  ", 15, spell(r.Code)+": "+r.Text)
	}
	if w.opt.WhyNot {
		w.detectors()
	}
	w.next(s)
}

// functions lists the flows of each function with their outcome.
func (w *writer) functions(s *answer.Service) {
	var untried []string
	for _, name := range functionsOf(s, w.s.flows) {
		of := slices.DeleteFunc(slices.Clone(w.s.flows), func(x *flowSeen) bool { return functionOf(&x.Flow) != name })
		status := s.Functions[name]
		if status == "" {
			status = "not told"
		}
		if len(of) == 0 && status == string(answer.Unseen) {
			untried = append(untried, answer.FunctionName(name))
			continue
		}
		w.heading(fmt.Sprintf("%s: %s", answer.FunctionName(name), status))
		for _, x := range of {
			w.flowLine(x)
		}
	}
	if len(untried) > 0 {
		w.heading("Not tried")
		w.para("  ", 2, strings.Join(untried, ", "))
	}
	if w.s.more > 0 {
		w.line(fmt.Sprintf("  and %s more: --all --json lists all", packets.Count(w.s.more, "flow")))
	}
}

// functionsOf orders the functions: as the answer does, then those that only
// flows have.
func functionsOf(s *answer.Service, flows []*flowSeen) []string {
	out := answer.FunctionOrder(s)
	for _, x := range flows {
		if f := functionOf(&x.Flow); !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

func functionOf(f *fact.Flow) string {
	if f.Label.Function == "" {
		return answer.FunctionAny
	}
	return f.Label.Function
}

// flowLine is a flow of a service with what became of it.
func (w *writer) flowLine(x *flowSeen) {
	text := w.outcome(x)
	if len(x.DNS) > 0 {
		text = "names: " + asked(x)
	}
	if n := x.Name(); n != "" && len(x.DNS) == 0 {
		text += ", " + n
	}
	text += fmt.Sprintf(", %s %s port %d, up %d bytes, down %d", x.Proto(), x.Key.DstAddr(), x.Key.DstPort, x.Sides[fact.Up].Payload, x.Sides[fact.Down].Payload)
	if len(x.findings) > 0 {
		text += "; " + strings.Join(x.findings, " ")
	}
	w.para("  "+x.ID.String()+"  ", 11, text)
}

// asked sums up a flow of questions.
func asked(x *flowSeen) string {
	var out []string
	for i := range x.DNS[:min(len(x.DNS), 4)] {
		d := &x.DNS[i]
		a := "no answer"
		if len(d.Answers) > 0 {
			a = said(&d.Answers[0])
		}
		out = append(out, fmt.Sprintf("%s %s %s", packets.TypeName(d.QType), d.QName, a))
	}
	return strings.Join(out, "; ")
}

// next tells what to do next.
func (w *writer) next(s *answer.Service) {
	if len(w.s.findings) > 0 {
		w.heading("Ask for more")
		ids := []string{}
		for _, f := range w.s.findings[:min(len(w.s.findings), 4)] {
			ids = append(ids, f.ID)
		}
		w.line("  --explain " + strings.Join(ids, ", ") + " shows the packets")
	}
	if len(s.Next) == 0 {
		return
	}
	w.heading("Try next")
	for _, n := range s.Next {
		text := n.Text
		if n.SendsTraffic {
			text += " (sends traffic)"
		}
		w.para("  ", 4, text)
	}
}
