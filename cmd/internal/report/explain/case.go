package explain

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"chokepoint/classify/answer"
	"chokepoint/classify/detect"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report/packets"
)

var classWords = map[finding.Class]string{
	finding.C: "conclusive", finding.S: "strong", finding.M: "moderate", finding.W: "weak", finding.X: "exculpatory",
}

// stamp writes a time of the capture, ns, UTC.
func stamp(ns int64) string { return time.Unix(0, ns).UTC().Format("2006-01-02T15:04:05.000000Z") }

// finding says what was found, where and when.
func (w *writer) finding(f *finding.Finding) {
	head := []string{f.ID, string(f.Kind), string(f.Verdict)}
	if f.Technique != "" {
		head = append(head, "technique "+f.Technique)
	}
	if f.Service != "" {
		head = append(head, strings.TrimSuffix(f.Service+"/"+f.Function, "/"))
	}
	w.para("", 2, strings.Join(head, "  "))
	w.para("  ", 2, f.Summary)
	if f.Client != nil && f.Server != nil {
		w.field("flow", fmt.Sprintf("%s %s %s port %d to %s port %d %s", strings.Join(f.Flows[:min(len(f.Flows), 8)], " "), f.Proto,
			f.Client.IP, f.Client.Port, f.Server.IP, f.Server.Port, f.Name))
	} else if len(f.Flows) > 0 {
		w.field("flows", strings.Join(f.Flows[:min(len(f.Flows), maxListed)], " ")+more(len(f.Flows)-maxListed))
	}
	w.field("where", where(f))
	w.field("when", f.From.UTC().Format("2006-01-02T15:04:05.000000Z")+" to "+f.To.UTC().Format("2006-01-02T15:04:05.000000Z"))
	if len(f.Packets) > 0 {
		w.field("packets", w.refs(f.Packets))
	}
	if f.Filter != "" && w.locate == nil {
		w.field("wireshark", strings.ReplaceAll(f.Filter, "||", " || "))
	}
	if f.Stage != "" {
		w.field("stage", strings.TrimSuffix(f.Stage+": "+f.Signature, ": "))
	}
	if f.BenignCause != "" {
		w.field("cause", means(f.BenignCause))
	}
	if f.ConsistentWith != "" {
		w.field("like", "consistent with "+f.ConsistentWith+": a make of packets, not an owner")
	}
	if f.Survived {
		w.field("survived", "it did not keep the flow, or its user, from what it wanted")
	}
	if t := f.Trigger; t != nil {
		w.field("hangs on", fmt.Sprintf("%s %s: with it %d failed and %d worked, without it %d failed and %d worked (p %.2g)",
			t.By, t.Value, t.With[0], t.With[1], t.Other[0], t.Other[1], t.P))
	}
	if f.Reason != "" {
		w.field("kernel", f.Reason)
	}
}

// maxListed is how many flows of a finding over several are listed.
const maxListed = 32

func more(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more", n)
}

// means is the sentence of an innocent cause.
func means(code string) string {
	if c, ok := finding.CauseOf(code); ok {
		return spell(code) + ": " + c.Is
	}
	return spell(code)
}

var directionText = map[finding.Direction]string{
	finding.ToClient: "towards the client", finding.ToServer: "towards the server", finding.Both: "both ways",
}

func where(f *finding.Finding) string {
	var out []string
	if s := directionText[f.Direction]; s != "" {
		out = append(out, s)
	}
	place := answer.Where(f.Segment, f.Hops)
	if place == "" {
		place = "where on the path does not show"
	}
	return strings.Join(append(out, place, "taken at: "+f.Vantage), ", ")
}

// proofs lists what speaks for a finding and against it.
func (w *writer) proofs(f *finding.Finding) {
	w.evidence("For it", f.For)
	w.evidence("Against it", f.Against)
}

func (w *writer) evidence(head string, list []finding.Evidence) {
	w.heading(head)
	if len(list) == 0 {
		w.line("  nothing")
	}
	for i := range list {
		e := &list[i]
		text := fmt.Sprintf("%s, %s: %s.", classWords[e.Class], e.Family, strings.TrimSuffix(e.Text, "."))
		if e.Got != "" {
			text += " Got " + e.Got
			if e.Want != "" {
				text += ", want " + e.Want
			}
			text += "."
		}
		if len(e.Packets) > 0 {
			text += " Packets " + w.refs(e.Packets) + "."
		}
		w.para("  "+pad(e.Code, 5)+" ", 8, text)
	}
}

// lookAlikes goes through the innocent causes.
func (w *writer) lookAlikes(f *finding.Finding) {
	if len(f.RuledOut)+len(f.NotRuledOut) == 0 {
		return
	}
	w.heading("Innocent causes")
	for _, c := range f.RuledOut {
		w.cause("excluded", c, func(x finding.Cause) string { return x.Excluded })
	}
	for _, c := range f.NotRuledOut {
		w.cause("possible", c, func(x finding.Cause) string { return x.Open })
	}
}

func (w *writer) cause(word, code string, why func(finding.Cause) string) {
	w.para("  "+word+"  ", 12, causeText(word, code, why))
}

func causeText(word, code string, why func(finding.Cause) string) string {
	if c, ok := finding.CauseOf(code); ok {
		return fmt.Sprintf("%s: %s. %s: %s.", spell(code), c.Is, map[string]string{"excluded": "Why not", "possible": "Why it may be"}[word], why(c))
	}
	return spell(code) + "."
}

// unseen tells what is missing for the finding to say more, and what else could not be
// seen.
func (w *writer) unseen(f *finding.Finding) {
	told := map[string]bool{}
	if len(f.Missing) > 0 {
		w.heading("Missing, to tell more")
	}
	for _, m := range f.Missing {
		told[string(m.Code)] = true
		w.para("  ", 4, fmt.Sprintf("%s: %s. What would settle it: %s.", spell(string(m.Code)), m.Text, m.Settles))
	}
	rest := slices.DeleteFunc(slices.Clone(f.Blind), func(b string) bool { return told[b] })
	if len(rest) > 0 {
		w.heading("Not seen")
	}
	for _, b := range rest {
		w.para("  ", 4, spell(b)+": "+blindSentence(b))
	}
}

func blindSentence(code string) string {
	if s, ok := finding.BlindText(code); ok {
		return s
	}
	return "it could not be seen"
}

// blindText lists what could not be seen in one line.
func blindText(codes []string) string {
	var out []string
	for _, c := range codes {
		out = append(out, blindSentence(c))
	}
	return strings.Join(out, "; ")
}

// kernel tells what this host's kernel said of the flows.
func (w *writer) kernel() {
	for _, id := range w.s.flowIDs() {
		x := w.seen(id)
		if x == nil || x.Local == nil {
			continue
		}
		w.heading("What this host's kernel said of " + id.String())
		w.testimony(x.Local)
	}
}

func (w *writer) testimony(l *fact.Local) {
	if l.End.Ok {
		w.line("  the " + endName(l.End.V) + "'s socket is on this host")
	}
	if l.Process.Comm != "" || l.Process.PID != 0 {
		w.para("  ", 4, fmt.Sprintf("process %d %s", l.Process.PID, l.Process.Comm))
	}
	for _, d := range l.Drops {
		w.para("  ", 4, fmt.Sprintf("dropped %s, %s: %s", packets.Count(int(d.Count), "packet"), d.Dir, detect.LocalReason(d.Reason)))
	}
	for _, d := range [...]fact.Dir{fact.Up, fact.Down} {
		w.resets("sent", d, &l.Sent[d])
		w.resets("accepted", d, &l.Received[d])
		w.resets("refused as unacceptable", d, &l.Refused[d])
		if l.Unseen[d] > 0 {
			w.para("  ", 4, fmt.Sprintf("%d segments %s were counted and not looked at: the capture could not keep up", l.Unseen[d], d))
		}
	}
	if l.Retrans > 0 {
		w.para("  ", 4, fmt.Sprintf("its TCP sent %s again", packets.Count(int(l.Retrans), "segment")))
	}
}

func (w *writer) resets(did string, d fact.Dir, r *fact.LocalReset) {
	if r.Count == 0 {
		return
	}
	s := fmt.Sprintf("%s %s that claims to come from the %s", did, packets.Count(int(r.Count), "reset"), endName(d))
	if r.Reason != "" {
		s += " (" + r.Reason + ")"
	}
	w.para("  ", 4, s)
}
