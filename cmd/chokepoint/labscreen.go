package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
	"chokepoint/pcaps/truth"
)

// Lines of each part of the screen, so that all of it has at most 25.
const (
	whatLines  = 3
	whereLines = 1
	doneLines  = 3
	metLines   = 3
	toolLines  = 6
)

// act is a scene that was played, and what was heard of it.
type act struct {
	scene *scene
	seed  uint64
	rec   *recording
	heard []hearing
}

// hearing is one capture, what analyze says of it, and what the truth says to that.
type hearing struct {
	*heard
	*judgement
	varied string // what was changed about the capture; "" nothing
}

// agrees reports whether all verdicts agree with the truth.
func (a *act) agrees() bool {
	return !slices.ContainsFunc(a.heard, func(h hearing) bool { return !h.agrees() })
}

// tell is the screen of an act: what was done, what the hosts met, what the tool
// says, and whether that is so.
func (a *act) tell(verbose bool) string {
	var p page
	limit := func(n int) int {
		if verbose {
			return 0
		}
		return n
	}
	name := report.Text(a.scene.name)
	p.raw(clip(strings.TrimSpace(name+"  "+report.Text(strings.Join(a.scene.cases, " "))), labColumns))
	p.brief("What", a.rec.truth.What, limit(whatLines))
	if a.rec.truth.Where != "" {
		p.brief("Where", a.rec.truth.Where, limit(whereLines))
	}
	list(&p, "Done", deeds(&a.rec.truth, a.heard), limit(doneLines))
	list(&p, "Met", repeats(a.rec.notes), limit(metLines))
	for i := range a.heard {
		a.heard[i].tell(&p, limit(toolLines))
	}
	return p.String()
}

// list adds lines under one heading, at most n of them.
func list(p *page, head string, lines []string, n int) {
	if n > 0 && len(lines) > n {
		more := len(lines) - n + 1
		lines = append(slices.Clone(lines[:n-1]), fmt.Sprintf("and %d more (-v)", more))
	}
	for i, l := range lines {
		if i > 0 {
			head = ""
		}
		p.brief(head, l, min(n, 1))
	}
}

// deeds words what the middlebox did, with its packets in the captures that were
// heard. What links do of themselves is one line.
func deeds(t *truth.Truth, heard []hearing) (lines []string) {
	var lost, doubled int
	for _, d := range t.Done {
		switch {
		case d.What == "lost":
			lost += d.N
			continue
		case d.What == "doubled":
			doubled += d.N
			continue
		}
		lines = append(lines, deed(&d, heard))
	}
	if len(lines) == 0 {
		lines = append(lines, "nothing: nobody interferes")
	}
	if lost+doubled > 0 {
		lines = append(lines, fmt.Sprintf("the links lost %d and doubled %d, as networks do", lost, doubled))
	}
	return lines
}

// deed words one deed.
func deed(d *truth.Deed, heard []hearing) string {
	line := fmt.Sprintf("%s: %s %s", d.Rule, d.What, counted(d.N, "packet"))
	switch d.Dir {
	case "up":
		line += " to the server"
	case "down":
		line += " to the client"
	}
	for _, h := range heard {
		if nums := d.Packets[h.file]; len(nums) > 0 && h.varied == "" {
			line += ", " + numbers(nums, 5)
			if len(heard) > 1 {
				line += " of " + h.file
			}
		}
	}
	return line
}

// repeats counts what the hosts met more than once.
func repeats(notes []string) (lines []string) {
	times := map[string]int{}
	for _, n := range notes {
		if times[n]++; times[n] == 1 {
			lines = append(lines, n)
		}
	}
	for i, n := range lines {
		if times[n] > 1 {
			lines[i] = fmt.Sprintf("%d times %s", times[n], n)
		}
	}
	return lines
}

// tell adds what the tool says of a capture and how true that is.
func (h *hearing) tell(p *page, limit int) {
	of := fmt.Sprintf("%s, %s", h.file, counted(int(h.packets), "packet"))
	if h.varied != "" {
		of += ", " + h.varied
	}
	p.raw("", clip("What analyze says of "+report.Text(of)+":", labColumns))
	screen := strings.Split(strings.TrimRight(h.screen.String(), "\n"), "\n") // escaped by the report
	if limit > 0 && len(screen) > limit {
		more := len(screen) - limit + 1
		screen = append(slices.Clone(screen[:limit-1]), fmt.Sprintf("and %d lines more (-v)", more))
	}
	p.raw(screen...)
	p.raw("")
	for i := range h.wants {
		w := &h.wants[i]
		p.say(h.head(w), w.tell())
		if w.found != nil {
			p.brief("", w.found.Summary, limit)
		}
	}
	for _, said := range h.wrong {
		p.say("FALSE", said)
	}
	if h.silent {
		p.say("silent", "nobody is accused, as it should be")
	}
}

// sum is the last line of a run.
func sum(acts, agreeing int, verbose bool) string {
	line := fmt.Sprintf("Verdict and truth agree in %d of %d scenarios.", agreeing, acts)
	if acts == 1 {
		line = "Verdict and truth agree."
		if agreeing == 0 {
			line = "Verdict and truth disagree."
		}
	}
	if !verbose {
		line += "  (-v: more; lab record: keep it)"
	}
	return line + "\n"
}

// verdictWord is the verdict as the screen of analyze words it.
func verdictWord(v finding.Verdict) string {
	words := map[finding.Verdict]string{finding.Confirmed: "sure", finding.Suspected: "maybe"}
	return cmp.Or(words[v], string(v))
}
