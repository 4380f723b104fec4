//go:build linux

package page

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"chokepoint/pcaps"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/scenes"
	"chokepoint/pcaps/matrix"
	"chokepoint/pcaps/recorded"
	"chokepoint/pcaps/score"
)

// Page is what is on it.
type Page struct {
	Score *score.Score
	Grid  *matrix.Grid
}

// Markdown is the page.
func (p *Page) Markdown() string { return p.Score.Markdown() + p.Grid.Markdown() }

// Make analyses everything.
func Make() (*Page, error) {
	cases, err := Kept()
	if err != nil {
		return nil, err
	}
	s, err := score.Of(cases)
	if err != nil {
		return nil, err
	}
	g, err := Grid(cases)
	return &Page{s, g}, err
}

// Kept returns the captures that are checked in.
func Kept() ([]pcaps.Case, error) {
	stories, err := pcaps.Cases()
	if err != nil {
		return nil, err
	}
	recordings, err := recorded.All()
	return slices.Concat(stories, recordings), err
}

// Seed is that of the scenarios in simulated time.
const Seed = 77

// Skies are the columns of the matrix that are played, with the weather of each.
var Skies = map[string]lab.Weather{
	matrix.Loss1: {Loss: 0.01}, matrix.Loss3: {Loss: 0.03}, matrix.Reorder2: {Reorder: 0.02},
}

// Grid is the matrix of cases, of the scenarios in simulated time besides, and of the
// plays that were kept.
func Grid(cases []pcaps.Case) (*matrix.Grid, error) {
	told := onLines(func(s *lab.Scenario) bool { return s.Script != nil })
	have := map[string]bool{}
	for i := range cases {
		have[cases[i].Name] = true
	}
	var more []*lab.Scenario
	for _, s := range told {
		if !have[s.Name] {
			more = append(more, s)
		}
	}
	fresh, err := play(more, lab.Weather{})
	if err != nil {
		return nil, err
	}
	g, err := matrix.Of(slices.Concat(cases, fresh))
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(Skies)) {
		cells, err := cells(told, name)
		if err != nil {
			return nil, err
		}
		g.Add(cells...)
	}
	log, err := matrix.Played()
	if err != nil {
		return nil, err
	}
	g.Add(log.Cells...)
	return g, nil
}

// Scenes returns the scenarios of the matrix's lines with real stacks.
func Scenes() []*lab.Scenario { return onLines(func(s *lab.Scenario) bool { return s.Play != nil }) }

func onLines(pick func(*lab.Scenario) bool) (out []*lab.Scenario) {
	for _, s := range scenes.All() {
		if matrix.OnLine(s.Cases) && pick(s) {
			out = append(out, s)
		}
	}
	return out
}

// cells plays scenarios in simulated time under the weather of a column.
func cells(told []*lab.Scenario, name string) (out []matrix.Cell, err error) {
	cases, err := play(told, Skies[name])
	if err != nil {
		return nil, err
	}
	for i := range cases {
		for _, f := range cases[i].Files {
			c, err := matrix.Judged(&cases[i], f, name)
			if err != nil {
				return nil, err
			}
			out = append(out, c)
		}
	}
	return out, nil
}

// play plays scenarios in simulated time, two at a time.
func play(told []*lab.Scenario, on lab.Weather) ([]pcaps.Case, error) {
	out, faults := make([]pcaps.Case, len(told)), make([]error, len(told))
	places := make(chan struct{}, 2)
	var running sync.WaitGroup
	for i, s := range told {
		places <- struct{}{}
		running.Go(func() {
			defer func() { <-places }()
			r, err := lab.PlayBeside(context.Background(), s, Seed, lab.Beside{Weather: on})
			if faults[i] = err; err == nil {
				out[i] = Case(s, r)
			}
		})
	}
	running.Wait()
	return out, errors.Join(faults...)
}

// Case is a recording as a case.
func Case(s *lab.Scenario, r *lab.Recording) pcaps.Case {
	c := pcaps.Case{Name: s.Name, Truth: r.Truth}
	for _, name := range slices.Sorted(maps.Keys(r.Files)) {
		c.Files = append(c.Files, pcaps.File{Name: name, Bytes: r.Files[name]})
	}
	return c
}
