package foreign

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"chokepoint/classify/finding"
)

// preface is how to read it.
//
//go:embed preface.md
var preface string

// Markdown is the report as a page.
func (r *Report) Markdown() string {
	var b strings.Builder
	b.WriteString(preface)
	flows := 0
	for _, s := range r.Captures {
		flows += s.Flows
	}
	fmt.Fprintf(&b, "\n%d captures, %d flows.\n", len(r.Captures), flows)
	section(&b, "Beside peers", r.peers())
	section(&b, "Where somebody interferes", r.read(true))
	section(&b, "Controls", r.controls())
	section(&b, "Everywhere else", r.read(false))
	section(&b, "Left out", r.left())
	return b.String()
}

// table is rows of cells, the first of them the head.
type table [][]string

func section(b *strings.Builder, title string, rows table) {
	fmt.Fprintf(b, "\n## %s\n\n", title)
	for i, row := range rows {
		for k := range row {
			row[k] = cell(row[k])
		}
		fmt.Fprintf(b, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			fmt.Fprintf(b, "|%s\n", strings.Repeat("---|", len(row)))
		}
	}
}

// cell is text for a table: foreign text, too, in one line and without bars.
func cell(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '|':
			return '/'
		case r < ' ':
			return ' '
		}
		return r
	}, s)
}

// rule is who flags flows for a reset that neither end made.
type rule struct {
	name  string
	flags func(s *Said) []string
}

func rules() []rule {
	ours := func(least finding.Verdict) func(s *Said) []string {
		return func(s *Said) (out []string) {
			for i := range s.Claims {
				c := &s.Claims[i]
				if c.Verdict.Rank() >= least.Rank() && (c.Kind == finding.ResetInjected || c.Kind == finding.PayloadInjected) && !slices.Contains(out, c.Flow) {
					out = append(out, c.Flow)
				}
			}
			return out
		}
	}
	all := []rule{
		{"chokepoint, *likely* and *confirmed*", ours(finding.Likely)},
		{"chokepoint, *suspected* too", ours(finding.Suspected)},
	}
	for i, name := range peerNames {
		all = append(all, rule{name, func(s *Said) []string { return s.Peers[i] }})
	}
	return all
}

// forged reports a reading of a reset or payload that was injected. Of silences the
// peers have no rule.
func forged(x *Reading) bool {
	if x.Truth != Injected {
		return false
	}
	return len(x.Found) == 0 || slices.ContainsFunc(x.Found, func(c Claim) bool {
		return c.Kind == finding.ResetInjected || c.Kind == finding.PayloadInjected
	})
}

func (r *Report) peers() table {
	rows := table{{"rule", "injected flows flagged", "other flows flagged where somebody interferes", "everywhere else", "of the flows"}}
	for _, u := range rules() {
		hit, of, near, far, flows := 0, 0, 0, 0, 0
		for _, s := range r.Captures {
			flagged := u.flags(s)
			for i := range r.Readings.Readings {
				if x := &r.Readings.Readings[i]; x.Digest == s.Digest && forged(x) {
					of++
					if k := slices.Index(flagged, x.Flow); k >= 0 {
						hit++
						flagged = slices.Delete(slices.Clone(flagged), k, k+1)
					}
				}
			}
			if flows += s.Flows; r.Readings.interferes(s.Name) {
				near += len(flagged)
			} else {
				far += len(flagged)
			}
		}
		rows = append(rows, []string{u.name, fmt.Sprintf("%d of %d", hit, of), fmt.Sprint(near), fmt.Sprint(far), fmt.Sprint(flows)})
	}
	return rows
}

// read lists the readings of captures where somebody interferes, or of the others.
func (r *Report) read(interferes bool) table {
	rows := table{{"capture", "flow", "what the tool says", "shows packets", "what it is", "why"}}
	for i := range r.Readings.Readings {
		x := &r.Readings.Readings[i]
		if r.Readings.interferes(x.File) != interferes {
			continue
		}
		said, packets := "nothing", ""
		if len(x.Found) > 0 {
			said = ""
		}
		for k := range x.Found {
			c := &x.Found[k]
			said += fmt.Sprintf("%s %s ", c.Verdict, c.Kind)
			packets += strings.Trim(fmt.Sprint(c.Packets), "[]") + " "
		}
		rows = append(rows, []string{x.File, x.Flow, strings.TrimSpace(said), strings.TrimSpace(packets), string(x.Truth), strings.TrimSpace(x.Why)})
	}
	return rows
}

func (r *Report) controls() table {
	rows := table{{"capture", "flows", "suspected", "likely or confirmed"}}
	for _, s := range r.Captures {
		if !r.Readings.control(s.Name) {
			continue
		}
		var suspected, accused int
		for i := range s.Claims {
			if s.Claims[i].Verdict.Rank() >= finding.Likely.Rank() {
				accused++
			} else {
				suspected++
			}
		}
		rows = append(rows, []string{s.Name, fmt.Sprint(s.Flows), fmt.Sprint(suspected), fmt.Sprint(accused)})
	}
	return rows
}

func (r *Report) left() table {
	rows := table{{"captures", "why"}}
	for _, l := range r.Readings.LeftOut {
		rows = append(rows, []string{l.Under, l.Why})
	}
	return rows
}
