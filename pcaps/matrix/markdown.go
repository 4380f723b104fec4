package matrix

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"chokepoint/classify/finding"
)

// legend is how to read it.
//
//go:embed legend.md
var legend string

// words are short for verdicts.
var words = map[finding.Verdict]string{
	"": "quiet", finding.Unexplained: "unexplained", finding.Inconclusive: "unclear", finding.Benign: "benign", finding.Withdrawn: "withdrawn",
}

func word(v finding.Verdict) string {
	if w, ok := words[v]; ok {
		return w
	}
	return string(v)
}

// text is a mark in a cell of the table.
func (m Mark) text() string {
	switch {
	case m.False > 0:
		return fmt.Sprintf("**FALSE %d of %d**", m.False, max(m.Of, m.False))
	case m.Of == 0:
		return ""
	case m.Met == m.Of:
		return word(m.Verdict)
	}
	return fmt.Sprintf("**%d of %d**", m.Met, m.Of)
}

// Markdown is the table, and below it what is not as it should be.
func (g *Grid) Markdown() string {
	var b strings.Builder
	b.WriteString("\n## Line by line, whoever took the capture\n\n")
	b.WriteString(legend)
	head := []string{"line", "cases"}
	for i := range columns {
		head = append(head, columns[i].Name)
	}
	fmt.Fprintf(&b, "\n| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	for _, line := range Lines() {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(g.line(line), " | "))
	}
	if left := g.left(); len(left) > 0 {
		fmt.Fprintf(&b, "\nWhat a variation changes for the worse:\n\n%s", strings.Join(left, ""))
	}
	return b.String()
}

// line is a row of the table.
func (g *Grid) line(line string) []string {
	if t := Tests[line]; t != "" && len(g.Cells(line, Recorded)) == 0 {
		return append([]string{line, t}, make([]string, len(columns))...)
	}
	names := map[string]bool{}
	for _, c := range g.Cells(line, Recorded) {
		names[c.Case] = true
	}
	out := []string{line, fmt.Sprint(len(names))}
	for i := range columns {
		out = append(out, g.Mark(line, columns[i].Name).text())
	}
	return out
}

// left are the cells that are worse than the same capture as it was recorded: what is
// missed of that stands under "Case by case".
func (g *Grid) left() (out []string) {
	short := map[string]bool{}
	for at, cells := range g.cells {
		for i := range cells {
			if at[1] == Recorded && !cells[i].Met() {
				short[cells[i].Case+"/"+cells[i].File] = true
			}
		}
	}
	seen := map[string]bool{}
	for _, line := range Lines() {
		for i := 1; i < len(columns); i++ {
			cells := slices.Clone(g.Cells(line, columns[i].Name))
			slices.SortFunc(cells, func(a, b Cell) int { return cmp.Or(cmp.Compare(a.Case, b.Case), cmp.Compare(a.File, b.File)) })
			for k := range cells {
				c := &cells[k]
				text := fmt.Sprintf("- %s, %s/%s: %s\n", c.Column, c.Case, c.File, c.why())
				if c.Met() || len(c.Wrong) == 0 && short[c.Case+"/"+c.File] || seen[text] {
					continue
				}
				seen[text] = true
				out = append(out, text)
			}
		}
	}
	return out
}
