package score

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"
)

// preface is how to read it.
//
//go:embed preface.md
var preface string

// Markdown is the score as a page.
func (s *Score) Markdown() string { return preface + s.Tables() }

// Tables is the page without how to read it.
func (s *Score) Tables() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%d captures.\n", len(s.Captures))
	section(&b, "What is found, and what is claimed", s.found())
	section(&b, "How well, how soon, on what evidence", s.measured())
	section(&b, "Where nothing was done", s.benign())
	section(&b, "Confidence", s.confidence())
	b.WriteString(s.brier())
	section(&b, "Case by case", s.cases())
	return b.String()
}

// table is rows of cells, the first of them the head.
type table [][]string

func section(b *strings.Builder, title string, rows table) {
	fmt.Fprintf(b, "\n## %s\n\n", title)
	for i, row := range rows {
		fmt.Fprintf(b, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			fmt.Fprintf(b, "|%s\n", strings.Repeat("---|", len(row)))
		}
	}
}

func (s *Score) found() table {
	rows := table{{"kind", "wanted", "found", "weaker", "missed", "recall", "accusations", "false", "precision"}}
	for i := range s.Kinds {
		t := &s.Kinds[i]
		r, p := t.Recall, t.Precision
		rows = append(rows, []string{
			string(t.Kind), count(r.Of), count(r.N), count(t.Weaker), count(r.Of - r.N - t.Weaker), percent(r),
			count(p.Of), count(p.Of - p.N), percent(p),
		})
	}
	return rows
}

func (s *Score) measured() table {
	rows := table{{"kind", "rate off by (median, p90)", "bucket off by (median, p90)", "found after (median)", "only at the end", "evidence hits"}}
	for i := range s.Kinds {
		t := &s.Kinds[i]
		after, end := "", ""
		if len(t.After) > 0 {
			after = fmt.Sprintf("%.1f s", quantile(t.After, 0.5).Round(time.Millisecond).Seconds())
			end = fraction(Share{t.AtEnd, len(t.After)})
		}
		rows = append(rows, []string{string(t.Kind), off(t.RateErr), off(t.BurstErr), after, end, fraction(t.Evidence)})
	}
	return rows
}

func (s *Score) benign() table {
	return table{
		{"", "", "of"},
		{"captures with a false alarm", count(s.Benign.Captures.N), count(s.Benign.Captures.Of)},
		{"false alarms, of the flows", count(s.Benign.Flows.N), count(s.Benign.Flows.Of)},
		{"claims beyond what truth allows, in all captures", count(s.Broken), ""},
		{"services with the right status, in all captures", count(s.Statuses.N), count(s.Statuses.Of)},
	}
}

func (s *Score) confidence() table {
	rows := table{{"confidence", "findings", "true", ""}}
	for _, c := range s.Calibration {
		rows = append(rows, []string{fmt.Sprintf("%.1f–%.1f", c.From, c.From+width), count(c.True.Of), count(c.True.N), percent(c.True)})
	}
	return rows
}

// brier says what the numbers are off by.
func (s *Score) brier() string {
	of := Samples(s.Captures)
	if len(of) == 0 {
		return ""
	}
	return fmt.Sprintf("\nBrier score, each scenario counting the same: %.3f; one number for each verdict has %.3f.\n", Brier(of, printed(of)), Brier(of, byVerdict(of)))
}

func (s *Score) cases() table {
	rows := table{{"line", "case", "", "what is not as it should be"}}
	for _, l := range s.Matrix {
		rows = append(rows, []string{l.ID, l.Case, string(l.Verdict), strings.Join(slices.Compact(l.Notes), "; ")})
	}
	return rows
}

func count(n int) string { return fmt.Sprint(n) }

// percent and fraction are empty where there is nothing to be a share of.
func percent(s Share) string {
	if s.Of == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f %%", 100*s.Value())
}

func fraction(s Share) string {
	if s.Of == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d", s.N, s.Of)
}

func off(errs []float64) string {
	if len(errs) == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f %%, %.1f %%", 100*quantile(errs, 0.5), 100*quantile(errs, 0.9))
}
