package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
)

func (a *app) labListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list [flags] [NAME...]",
		Short: "The scenarios: what is done in them, how long they play, what they need",
		Long: "List the scenarios: those in which something is done to the traffic, then their innocent\n" +
			"twins. NAME is a scenario, a pattern of names ('reset-*'), or a line of the test matrix (F2);\n" +
			"with one, each scenario is described in full.",
		RunE: func(cmd *cobra.Command, args []string) error { return a.labList(cmd.Context(), asJSON, args) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object per scenario on stdout")
	return cmd
}

func (a *app) labList(_ context.Context, asJSON bool, args []string) error {
	a.log = newLog(a.stderr, asJSON, level(false, false))
	all, err := a.stage()
	if err != nil {
		return err
	}
	wanted := all
	if len(args) > 0 {
		if wanted, err = pick(all, args); err != nil {
			return err
		}
	}
	out := &sticky{w: a.stdout}
	if asJSON {
		for i := range wanted {
			_, _ = out.Write([]byte(line(wanted[i].record()))) // out keeps the error
		}
	} else {
		_, _ = out.Write([]byte(listing(wanted, len(args) > 0)))
	}
	if out.err != nil {
		return a.unwritten(out.err)
	}
	return nil
}

// sceneRecord is a scene as lab list --json tells it.
type sceneRecord struct {
	Name     string         `json:"name"`
	Cases    []string       `json:"cases"`
	Benign   bool           `json:"benign"`
	What     string         `json:"what"`
	Where    string         `json:"where,omitempty"`
	Seconds  float64        `json:"seconds"`   // in the time of its packets
	RealTime bool           `json:"real_time"` // with real stacks; else in simulated time
	Needs    []string       `json:"needs"`     // root, and commands
	Finds    []finding.Kind `json:"finds"`     // what has to be found in one capture or another
}

func (s *scene) record() sceneRecord {
	r := sceneRecord{Name: s.name, Cases: full(s.cases), Benign: s.truth.Benign(), What: s.truth.What, Where: s.truth.Where,
		Seconds: s.lasts.Seconds(), RealTime: s.real, Needs: s.requires(), Finds: []finding.Kind{}}
	for _, m := range s.truth.Finds {
		r.Finds = append(r.Finds, m.Kinds...)
	}
	return r
}

// requires is what a scene needs: root, and commands.
func (s *scene) requires() []string {
	if !s.real {
		return []string{}
	}
	return append([]string{"root"}, s.needs...)
}

// listing is the table of scenes, grouped. In full it has all that is done in
// each, else what fits beside it.
func listing(scenes []scene, inFull bool) string {
	head := [columnCount]string{"NAME", "LINES", "PLAYS"}
	widths := measure(head, [columnCount]int{})
	for i := range scenes {
		widths = measure(scenes[i].cells(), widths)
	}
	what := "WHAT"
	if inFull {
		what = "" // it follows in lines of its own
	}
	var p page
	for _, g := range []struct {
		head   string
		benign bool
	}{{"Interference", false}, {"Innocent twins", true}} {
		group := slices.DeleteFunc(slices.Clone(scenes), func(s scene) bool { return s.truth.Benign() != g.benign })
		if len(group) == 0 {
			continue
		}
		if len(p.lines) > 0 {
			p.raw("")
		}
		p.raw(fmt.Sprintf("%s (%d)", g.head, len(group)), layOut(head, widths, what))
		for i := range group {
			group[i].list(&p, widths, inFull)
		}
	}
	p.raw(legend(scenes, inFull)...)
	return p.String()
}

// legend says how to read on.
func legend(scenes []scene, inFull bool) (lines []string) {
	if slices.ContainsFunc(scenes, func(s scene) bool { return s.real }) {
		lines = append(lines, "Playing needs root, and the commands beside the seconds.")
	}
	if slices.ContainsFunc(scenes, func(s scene) bool { return !s.real }) {
		lines = append(lines, "~ is simulated time: no waiting, no root.")
	}
	if !inFull {
		lines = append(lines, `"lab list NAME" tells a scenario in full, "lab run NAME" plays it.`)
	}
	if len(lines) > 0 {
		lines = append([]string{""}, lines...)
	}
	return lines
}

// How wide cells of the list may be, so that some of WHAT fits beside them.
const (
	maxSceneName = 28
	maxCases     = 9
	maxPlays     = 14
)

// columnCount is how many columns there are before WHAT.
const columnCount = 3

// cells are the row of a scene.
func (s *scene) cells() [columnCount]string {
	return [columnCount]string{
		clip(report.Text(s.name), maxSceneName), clip(report.Text(strings.Join(s.cases, " ")), maxCases),
		clip(report.Text(s.plays()), maxPlays),
	}
}

// measure makes columns as wide as their widest cell.
func measure(row [columnCount]string, widths [columnCount]int) [columnCount]int {
	for i, cell := range row {
		widths[i] = max(widths[i], columnsOf(cell))
	}
	return widths
}

// layOut lays out a row, and what fits of a sentence behind it.
func layOut(row [columnCount]string, widths [columnCount]int, what string) string {
	line := "  "
	for i, cell := range row {
		line += cell + strings.Repeat(" ", widths[i]-columnsOf(cell)+2)
	}
	return strings.TrimRight(line+gist(report.Text(what), labColumns-columnsOf(line)), " ")
}

// list adds a scene to the list.
func (s *scene) list(p *page, widths [columnCount]int, inFull bool) {
	if !inFull {
		p.raw(layOut(s.cells(), widths, s.truth.What))
		return
	}
	p.raw(layOut(s.cells(), widths, ""))
	s.describe(p)
}

// describe adds what a scene is about.
func (s *scene) describe(p *page) {
	var finds []string
	for _, m := range s.truth.Finds {
		for _, k := range m.Kinds {
			if !slices.Contains(finds, string(k)) {
				finds = append(finds, string(k))
			}
		}
	}
	p.say("", s.truth.What)
	if s.truth.Where != "" {
		p.say("  where", s.truth.Where)
	}
	if len(finds) > 0 {
		p.say("  finds", strings.Join(finds, ", "))
	}
}

// gist is the beginning of a sentence in n columns, whole clauses where they say
// enough.
func gist(what string, n int) string {
	n = max(n, 1)
	if columnsOf(what) <= n {
		return what
	}
	head, _ := columnsSplit(what, n)
	for _, end := range []string{"; ", ", ", ": "} {
		if at := strings.LastIndex(head, end); at >= n*2/3 {
			return head[:at]
		}
	}
	return clip(what, n)
}

// plays is how long a scene takes, and what it needs besides root: "8 s nft", or
// "~90 s" of simulated time.
func (s *scene) plays() string {
	if !s.real {
		return fmt.Sprintf("~%.0f s", s.lasts.Seconds())
	}
	return strings.Join(append([]string{fmt.Sprintf("%.0f s", s.lasts.Seconds())}, s.needs...), " ")
}
