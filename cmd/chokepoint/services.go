package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"chokepoint/classify/service"
	"chokepoint/cmd/internal/report"
)

func (a *app) servicesCommand() *cobra.Command {
	var files []string
	cmd := &cobra.Command{Use: "services", Short: "What the service rules know"}
	cmd.PersistentFlags().StringArrayVar(&files, "services", nil, "add or override service rules from this `FILE` (repeatable)")
	sub := func(use, short string, args cobra.PositionalArgs, do func(r *service.Rules, args []string) error) {
		cmd.AddCommand(&cobra.Command{Use: use, Short: short, Args: args, RunE: func(_ *cobra.Command, args []string) error {
			rules, err := a.rules(files, nil)
			if err != nil {
				return err
			}
			return do(rules, args)
		}})
	}
	sub("list", "All services", cobra.NoArgs, a.listServices)
	sub("show ID", "All rules of a service, where they stand and who says so", cobra.ExactArgs(1), a.showService)
	sub("match NAME-OR-IP", "All rules that speak of a name or an address", cobra.ExactArgs(1), a.matchService)
	return cmd
}

func (a *app) listServices(r *service.Rules, _ []string) error {
	t := newColumns(a.stdout)
	t.row("ID", "NAME", "CATEGORY", "OWNER", "FUNCTIONS")
	for _, id := range r.IDs() {
		s, _ := r.Service(id)
		t.row(id, s.Name, s.Category, s.Family, strings.Join(s.Functions, " "))
	}
	return t.w.Flush()
}

func (a *app) showService(r *service.Rules, args []string) error {
	s, ok := r.Service(args[0])
	if !ok {
		return fmt.Errorf("no service %q; \"chokepoint services list\" names them", args[0])
	}
	date := ""
	if !s.Date.IsZero() {
		date = s.Date.Format("2006-01-02")
	}
	t := newColumns(a.stdout)
	t.fields(
		"id", s.ID, "name", s.Name, "category", s.Category, "owner", s.Family,
		"functions", strings.Join(s.Functions, " "), "date", date, "files", strings.Join(s.Files, " "),
	)
	for _, d := range s.Domains {
		t.rule(d.Match+mark(d.Shared, " shared")+mark(d.Elsewhere, " elsewhere"), d.Names, d.Origin)
	}
	for _, name := range s.Exclude {
		t.fields("exclude", name)
	}
	for _, p := range s.Prefixes {
		var blocks []string
		for _, b := range p.Prefixes {
			blocks = append(blocks, b.String())
		}
		t.rule(p.Role+mark(p.Place != "", " "+p.Place), blocks, p.Origin)
	}
	for _, p := range s.Ports {
		t.rule("port", p.Ports, p.Origin)
	}
	for _, m := range s.Magic {
		tests := strings.Join(m.Tests, ", ")
		t.rule("magic", append([]string{m.ID}, lines(m.Where+", "+tests, 60)...), m.Origin)
	}
	for _, x := range s.Tokens {
		t.rule(x.Kind, x.Values, x.Origin)
	}
	for _, note := range s.Notes {
		t.fields("note", note)
	}
	for _, source := range slices.Sorted(maps.Keys(s.Sources)) {
		t.row("source", source, fmt.Sprintf("%d rules", s.Sources[source]))
	}
	return t.w.Flush()
}

// matchService prints one row per rule; the first column marks the one that
// labels a flow. A service that is its own owner does not say so twice.
func (a *app) matchService(r *service.Rules, args []string) error {
	asked := strings.TrimSpace(args[0])
	if asked == "" {
		return fmt.Errorf("want a name or an address")
	}
	hits := r.Match(asked)
	if len(hits) == 0 {
		asked = bareHost(asked)
		hits = r.Match(asked)
	}
	if len(hits) == 0 {
		_, err := fmt.Fprintf(a.stdout, "no rule speaks of %s\n", report.Text(asked))
		return err
	}
	t := newColumns(a.stdout)
	t.row("", "SERVICE", "OWNER", "FUNCTION", "RULE", "WEIGHT", "CONF", "WHERE")
	for _, h := range hits {
		weight, where := "", ""
		if h.Weight > 0 {
			weight = fmt.Sprint(h.Weight)
		}
		if h.File != "" {
			where = fmt.Sprintf("%s:%d", strings.TrimPrefix(h.File, "services/"), h.Line)
		}
		rule := h.Rule + mark(h.Place != "", " "+h.Place)
		t.row(mark(h.Wins, "*"), cmp.Or(h.Service, "-"), mark(h.Owner == "" || h.Owner != h.Service, cmp.Or(h.Owner, "-")), cmp.Or(h.Function, "-"), rule, weight, h.Conf, where)
	}
	if err := t.w.Flush(); err != nil {
		return err
	}
	return a.explainHits(hits)
}

// bareHost takes the name or address out of what people paste: a URL, a host with
// a port, an address in brackets.
func bareHost(s string) string {
	host := s
	if _, rest, ok := strings.Cut(s, "://"); ok {
		host, _, _ = strings.Cut(rest, "/")
		host = host[strings.LastIndexByte(host, '@')+1:]
	}
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	} else if inner, ok := strings.CutPrefix(host, "["); ok {
		host = strings.TrimSuffix(inner, "]")
	}
	return cmp.Or(host, s)
}

// explainHits says why rules do not label, below the table: beside it there is
// no room for sentences.
func (a *app) explainHits(hits []service.Hit) error {
	for i, h := range hits {
		if h.Loses == "" {
			continue
		}
		gap := ""
		if !slices.ContainsFunc(hits[:i], func(h service.Hit) bool { return h.Loses != "" }) {
			gap = "\n"
		}
		if _, err := fmt.Fprintf(a.stdout, "%s%s: %s\n", gap, report.Text(h.Rule), report.Text(h.Loses)); err != nil {
			return err
		}
	}
	return nil
}

// lines breaks a list at its commas, so that no line but of a single item is
// longer than width.
func lines(list string, width int) []string {
	var out []string
	for item := range strings.SplitSeq(list, ", ") {
		if last := len(out) - 1; last >= 0 && len(out[last])+2+len(item) <= width {
			out[last] += ", " + item
			continue
		}
		out = append(out, item)
	}
	return out
}

func mark(on bool, text string) string {
	if on {
		return text
	}
	return ""
}

// columns writes aligned columns of text that is foreign as far as rule files
// are.
type columns struct{ w *tabwriter.Writer }

func newColumns(w io.Writer) columns { return columns{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)} }

func (c columns) row(cells ...string) {
	for i := range cells {
		cells[i] = report.Text(cells[i])
	}
	fmt.Fprintln(c.w, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
}

// fields writes names and values in turn, without the empty ones.
func (c columns) fields(pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			c.row(pairs[i], pairs[i+1])
		}
	}
}

// rule writes a group of rules alike: one row, and a row for each further name.
func (c columns) rule(kind string, of []string, o service.Origin) {
	said := strings.Join(slices.DeleteFunc([]string{o.Function, o.Conf, strings.Join(o.Sources, ",")}, func(s string) bool { return s == "" }), "  ")
	for i, name := range of {
		if i > 0 {
			kind, said = "", ""
		}
		c.row(kind, name, said)
	}
}
