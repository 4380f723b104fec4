package board

import (
	"fmt"
	"slices"
	"strings"

	"chokepoint/classify/answer"
	"chokepoint/cmd/internal/report"
	"chokepoint/cmd/internal/report/table"
)

// Least size of a terminal for the table; a smaller one shows its first line only.
const (
	leastColumns = 40
	leastRows    = 8
)

const (
	maxName     = 16 // columns of a service's name
	statusWidth = 11 // of its status; BLOCKED IN PART pushes its row to the right
	maxShown    = 8  // groups of findings
)

// view is the table in at most rows lines of at most columns.
func (b *Board) view(columns, rows int) []string {
	if columns < leastColumns || rows < leastRows {
		return b.trim(b.head(leastColumns)[:1], max(columns, 1))
	}
	lines := append(b.head(columns), "")
	foot := b.foot()
	// Findings get what the services leave, and at least a third.
	findings := b.findings(columns, maxShown)
	room := rows - len(lines) - len(foot)
	least := min(len(findings), room/3)
	lines = append(lines, b.rows(columns, room-least)...)
	room = rows - len(lines) - len(foot)
	if b.withList {
		list := b.list(columns, min(maxFlows+2, room-min(len(findings), room/3)))
		lines = append(lines, list...)
		room -= len(list)
	}
	if room >= 2 && len(findings) > 0 {
		findings = b.findings(columns, min(maxShown, (room-1)/2))
		lines = append(append(lines, ""), findings...)
	}
	lines = append(lines, foot...)
	return b.trim(lines[:min(len(lines), rows)], columns)
}

// trim makes sure of the width, whatever a line is made of.
func (b *Board) trim(lines []string, columns int) []string {
	for i, line := range lines {
		if !strings.Contains(line, "\x1b") { // ours, around a word: cut before it was painted
			lines[i] = strings.TrimRight(table.Cut(line, columns), " ")
		}
	}
	return lines
}

// head says what is captured, since when, and what of it was lost.
func (b *Board) head(columns int) []string {
	cells := []string{"live (" + b.meta.Backend + ")"}
	if !b.now.First.IsZero() {
		cells = append(cells, fmt.Sprintf("%s +%s", b.now.First.UTC().Format("2006-01-02 15:04:05Z"),
			table.Lasted(b.now.Now.Sub(b.now.First).Truncate(pause))))
	}
	cells = append(cells, table.Number(b.now.Packets)+" packets", "lost "+table.Number(b.now.Lost))
	if b.now.Unseen > 0 {
		cells = append(cells, "not looked at "+table.Number(b.now.Unseen))
	}
	name := table.Cut(report.Text(table.Interfaces(&b.meta)), columns/2)
	lines := table.Wrap(columns, name+"  ", 2, "  ", cells)
	return lines[:min(len(lines), 2)]
}

// rows tells the services in at most room lines: those in trouble first, each with
// its sentence, and less of everything until it fits.
func (b *Board) rows(columns, room int) []string {
	if len(b.services) == 0 {
		return []string{"Nothing of a known service yet."}
	}
	var lines []string
	for _, sentences := range []int{2, 1, 0} {
		for _, together := range []bool{false, true} {
			lines = b.all(columns, sentences, together)
			if len(lines) <= room {
				return lines
			}
		}
	}
	more := fmt.Sprintf("and %s lines more at the end", table.Number(uint64(len(lines)-max(room, 1)+1)))
	return append(lines[:max(room, 1)-1], more)
}

// all tells all of them, with so many lines of each sentence, and those that
// work in one line if together.
func (b *Board) all(columns, sentences int, together bool) (lines []string) {
	trouble, fine, unseen := b.sorted()
	wide := 0
	for _, s := range b.services {
		wide = max(wide, min(maxName, table.Width(report.Text(name(s)))))
	}
	for _, s := range trouble {
		lines = append(lines, b.row(s, columns, wide))
		if sentences > 0 {
			said := table.Wrap(columns, "  ", 2, " ", strings.Fields(s.Sentence))
			if len(said) > sentences {
				said = said[:sentences]
				said[sentences-1] = table.Cut(said[sentences-1], columns-1) + "…"
			}
			lines = append(lines, said...)
		}
	}
	if !together {
		for _, s := range slices.Concat(fine, unseen) {
			lines = append(lines, b.row(s, columns, wide))
		}
		return lines
	}
	for _, part := range []struct {
		word string
		list []*answer.Service
	}{{"ok", fine}, {"unseen", unseen}} {
		if len(part.list) > 0 {
			lines = append(lines, table.Cut(part.word+"  "+names(part.list), columns))
		}
	}
	return lines
}

func names(list []*answer.Service) string {
	out := make([]string, 0, len(list))
	for _, s := range list {
		out = append(out, report.Text(name(s)))
	}
	return strings.Join(out, ", ")
}

func name(s *answer.Service) string {
	if s.Name != "" {
		return s.Name
	}
	return s.Service
}

// gravity orders what is in trouble, the worst first.
var gravity = []answer.Status{answer.Blocked, answer.Throttled, answer.Degraded, answer.Failing, answer.Inconclusive}

func (b *Board) sorted() (trouble, fine, unseen []*answer.Service) {
	for _, s := range b.services {
		switch s.Status {
		case answer.OK:
			fine = append(fine, s)
		case answer.Unseen:
			unseen = append(unseen, s)
		default:
			trouble = append(trouble, s)
		}
	}
	slices.SortStableFunc(trouble, func(x, y *answer.Service) int {
		return slices.Index(gravity, x.Status) - slices.Index(gravity, y.Status)
	})
	return trouble, fine, unseen
}

// row is a service's line: its name in so many columns, its status and what its functions do.
func (b *Board) row(s *answer.Service, columns, wide int) string {
	word := table.StatusWord(s)
	cells := make([]string, 0, 4)
	for _, f := range table.Functions(s) {
		cells = append(cells, report.Text(f))
	}
	line := table.Pad(table.Cut(report.Text(name(s)), wide), wide) + "  " + table.Pad(word, statusWidth)
	if since := s.Since; since != nil && s.Status != answer.OK {
		line += "  since " + since.UTC().Format("15:04:05")
	}
	line = strings.TrimRight(table.Cut(line+"  "+strings.Join(cells, "  "), columns), " ")
	if b.opt.Color {
		return table.Paint(line, word)
	}
	return line
}

// findings tells the n groups that grew last, two lines each.
func (b *Board) findings(columns, n int) (lines []string) {
	for _, g := range b.groups.newest(n) {
		line := fmt.Sprintf("%s %s  %s  %s  %s", table.Pad(report.Text(g.id), 4), table.Pad(g.class, 6), g.kind, report.Text(g.about), g.size())
		lines = append(lines, table.Cut(line, columns), table.Cut("  "+report.Text(g.summary), columns))
	}
	return lines
}

// list tells the newest flows in at most room lines.
func (b *Board) list(columns, room int) []string {
	if room < 3 {
		return nil
	}
	lines := []string{"", fmt.Sprintf("%s flows ended, the newest:", table.Number(uint64(b.sum)))}
	for i := max(0, b.sum-min(maxFlows, room-2)); i < b.sum; i++ {
		lines = append(lines, table.Cut(b.flows[i%maxFlows], columns))
	}
	return lines
}

// foot says which keys there are.
func (b *Board) foot() []string {
	switch {
	case !b.hasKeys:
		return nil
	case b.withHelp:
		return []string{"", "f  show or hide the flows that ended last", "q  end with the answer, as Ctrl-C does",
			"?  hide this"}
	}
	return []string{"", "f flows  q end  ? help"}
}
