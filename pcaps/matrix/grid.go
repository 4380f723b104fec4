package matrix

import (
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"sync"

	"chokepoint/classify/finding"
	"chokepoint/pcaps"
)

// Lines of the matrix that are about ended and silenced connections.
const (
	lastF = 25
	lastB = 44
)

// Lines returns the ids of all lines, F first.
func Lines() (ids []string) {
	for i := range lastF {
		ids = append(ids, fmt.Sprintf("F%d", i+1))
	}
	for i := range lastB {
		ids = append(ids, fmt.Sprintf("B%d", i+1))
	}
	return ids
}

var ours = regexp.MustCompile(`^[FB][0-9]+$`)

// OnLine reports whether a case is on a line of the matrix.
func OnLine(lines []string) bool { return slices.ContainsFunc(lines, ours.MatchString) }

// Grid is all lines in all columns.
type Grid struct {
	cells map[[2]string][]Cell // by line and column
}

// Of judges the captures of all cases that are on a line, in all columns but those
// that have to be played.
func Of(cases []pcaps.Case) (*Grid, error) {
	type capture struct {
		of   *pcaps.Case
		file pcaps.File
	}
	var all []capture
	for i := range cases {
		if c := &cases[i]; OnLine(c.Truth.Cases) {
			for _, f := range c.Files {
				all = append(all, capture{c, f})
			}
		}
	}
	rows, faults := make([][]Cell, len(all)), make([]error, len(all))
	places := make(chan struct{}, runtime.GOMAXPROCS(0))
	var running sync.WaitGroup
	for i, c := range all {
		places <- struct{}{}
		running.Go(func() {
			rows[i], faults[i] = row(c.of, c.file)
			<-places
		})
	}
	running.Wait()
	g := &Grid{cells: map[[2]string][]Cell{}}
	g.Add(slices.Concat(rows...)...)
	return g, errors.Join(faults...)
}

// Add puts cells into the grid, on all lines that they name.
func (g *Grid) Add(cells ...Cell) {
	for _, c := range cells {
		for _, line := range c.Lines {
			if ours.MatchString(line) {
				at := [2]string{line, c.Column}
				g.cells[at] = append(g.cells[at], c)
			}
		}
	}
}

// Cells returns what there is on a line in a column.
func (g *Grid) Cells(line, column string) []Cell { return g.cells[[2]string{line, column}] }

// Mark is what all cells of a place come to.
type Mark struct {
	Met, Of int
	False   int             // of them: something is said that must not be
	Verdict finding.Verdict // the least reached where something is demanded, else the surest
}

// Mark sums up a line in a column. Captures of an F line of which nothing is demanded,
// or no more than that it cannot be told, count for what is wrongly said of them only.
func (g *Grid) Mark(line, column string) (m Mark) {
	first := true
	for _, c := range g.Cells(line, column) {
		if len(c.Wrong) > 0 {
			m.False++
		}
		seek := line[0] == 'F'
		if seek && c.Demand.Rank() < finding.Suspected.Rank() && len(c.Wrong) == 0 {
			continue
		}
		m.Of++
		if c.Met() {
			m.Met++
		}
		if less := c.Reached.Rank() < m.Verdict.Rank(); first || less == seek && c.Reached.Rank() != m.Verdict.Rank() {
			m.Verdict, first = c.Reached, false
		}
	}
	return m
}

// Missing returns the lines that no case is on, and no test stands in for.
func (g *Grid) Missing() (lines []string) {
	for _, l := range Lines() {
		if len(g.Cells(l, Recorded)) == 0 && Tests[l] == "" {
			lines = append(lines, l)
		}
	}
	return lines
}

// Tests are what stands in for a recording where no recording can be: what is only
// known to the kernel is in none.
var Tests = map[string]string{
	"F24": "pcaps/lab/local: TestRefused, live",
}
