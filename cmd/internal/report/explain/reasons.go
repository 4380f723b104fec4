package explain

import (
	"fmt"
	"slices"
	"strings"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// detectors tells what each of them made of the flows.
func (w *writer) detectors() {
	if w.s.Sort == Service {
		w.alike()
		return
	}
	ids := w.s.flowIDs()
	for _, id := range ids[:min(len(ids), maxLadders)] {
		list := w.s.reasons[id]
		if len(list) == 0 {
			continue
		}
		if w.opt.WhyNot {
			list = misses(list)
			w.heading("Why nothing surer was found of " + id.String() + ", the nearest misses first")
		} else {
			w.heading("What the detectors made of " + id.String())
		}
		for _, h := range list {
			w.heard(id, h)
		}
	}
}

// misses are the detectors that made no sure finding, the nearest first.
func misses(list []*heard) []*heard {
	list = slices.DeleteFunc(slices.Clone(list), func(h *heard) bool { return !h.missed() })
	slices.SortStableFunc(list, func(a, b *heard) int { return a.distance() - b.distance() })
	return list
}

// alike tells what the detectors made of the flows of a service, of those alike
// together: of each flow the nearest misses, in a line.
func (w *writer) alike() {
	var order []string
	by := map[string][]string{}
	for _, id := range w.s.flowIDs() {
		var lines []string
		for _, h := range misses(w.s.reasons[id]) {
			if s := h.nearest(); s != "" {
				lines = append(lines, s)
			}
		}
		text := strings.Join(lines, "\n")
		if by[text] == nil {
			order = append(order, text)
		}
		by[text] = append(by[text], id.String())
	}
	for i, text := range order {
		if i == 0 {
			w.heading("Why nothing surer was found of what failed")
		}
		w.para("  ", 2, strings.Join(by[text], " "))
		for _, l := range strings.Split(text, "\n") {
			by, why, _ := strings.Cut(l, "\t")
			w.para("    "+pad(by, 15)+" ", 20, why)
		}
	}
}

// nearest is how near a detector came, in a line, and "" if there was nothing for
// it. A tab divides its name from the rest.
func (h *heard) nearest() string {
	j := &h.last.Judgement
	var out []string
	switch h.distance() {
	case 0:
		f := &j.Findings[0]
		out = append(out, string(f.Verdict)+" "+string(f.Kind)+".")
	case 1:
		for _, r := range j.Saw {
			out = append(out, r.Text+".")
		}
	default:
		return ""
	}
	switch {
	case len(j.Stopped) > 0:
		out = append(out, "Stopped: "+j.Stopped[0].Text+".")
	case len(j.Findings) > 0 && j.Findings[0].Verdict == finding.Suspected:
		out = append(out, "By itself it makes no more than that: the same on several flows would.")
	}
	return h.by + "\t" + strings.Join(out, " ")
}

// missed: the detector made no finding that counts.
func (h *heard) missed() bool {
	return !slices.ContainsFunc(h.last.Judgement.Findings, func(f finding.Finding) bool { return f.Verdict.Rank() >= finding.Likely.Rank() })
}

// distance is how far a detector was from a finding: it made one that accuses
// nobody, it saw something, it was stopped, there was nothing for it.
func (h *heard) distance() int {
	j := &h.last.Judgement
	switch {
	case len(j.Findings) > 0 && !h.last.Unprompted:
		return 0
	case len(j.Saw) > 0:
		return 1
	case len(j.Stopped) > 0 && !h.last.Unprompted:
		return 2
	case len(j.Stopped) > 0:
		return 3
	}
	return 4
}

// heard tells what one detector made of a flow.
func (w *writer) heard(id fact.FlowID, h *heard) {
	j := &h.last.Judgement
	if h.distance() == 4 && len(j.Findings) == 0 {
		w.para("  "+pad(h.by, 16)+" ", 19, "nothing of what it needs: "+first(j.Needed))
		return
	}
	if w.s.Sort == Finding && !w.opt.WhyNot && len(j.Findings) == 0 && h.found == nil {
		why := ""
		switch {
		case len(j.Stopped) > 0:
			why = "no: " + j.Stopped[len(j.Stopped)-1].Text
		default:
			for _, r := range j.Saw {
				why += r.Text + "; "
			}
		}
		w.para("  "+pad(h.by, 16)+" ", 19, strings.TrimSuffix(why, "; "))
		return
	}
	w.line("  " + h.by)
	for _, r := range j.Needed {
		w.reason("needs", r)
	}
	for _, r := range j.Saw {
		w.reason("saw", r)
	}
	for _, r := range j.Stopped {
		w.reason("stopped", r)
	}
	for i := range j.Findings {
		w.concluded(id, h, &j.Findings[i])
	}
	if h.found != nil {
		for i := range h.found.Judgement.Findings {
			f := &h.found.Judgement.Findings[i]
			w.reason("before", finding.Reason{Text: fmt.Sprintf("at %s it found %s %s, and does not any more", stamp(h.found.At), f.Verdict, f.Kind)})
		}
	}
}

// concluded tells a finding of a detector, which may have been told under an id,
// or came from asking where nothing called for it.
func (w *writer) concluded(id fact.FlowID, h *heard, f *finding.Finding) {
	said := fmt.Sprintf("%s %s", f.Verdict, f.Kind)
	for _, t := range w.s.findings {
		if t.Kind == f.Kind && t.Key == f.Key && slices.Contains(t.Flows, id.String()) {
			said += ", told as " + t.ID
			if t.Verdict != f.Verdict {
				said += " " + string(t.Verdict)
			}
		}
	}
	if h.last.Unprompted {
		said += "; but nothing in the flow called for it, so it counts for nothing"
	}
	w.reason("found", finding.Reason{Text: said})
}

// reason writes one reason.
func (w *writer) reason(word string, r finding.Reason) {
	w.para("    "+pad(word, 8)+" ", 13, r.Text)
}

func first(list []finding.Reason) string {
	if len(list) == 0 {
		return "it does not look at such flows"
	}
	return list[0].Text
}
