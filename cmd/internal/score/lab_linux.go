package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/scenes"
	"chokepoint/pcaps/matrix"
	"chokepoint/pcaps/page"
	"chokepoint/pcaps/score"
	"chokepoint/pcaps/score/beside"
)

// able are the chosen scenarios that this machine can play; the others are named.
func (o *options) able(of []*lab.Scenario) (out []*lab.Scenario) {
	for _, s := range of {
		if !o.pick.has(s.Name, s.Cases) {
			continue
		}
		if lacks := lab.Missing(s); len(lacks) > 0 {
			fmt.Fprintf(os.Stderr, "score: %s is not played: needs %v\n", s.Name, lacks)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// fresh plays the chosen scenarios and judges them. Those with real stacks are
// watched live where that is possible.
func fresh(o *options, seed uint64, watched *beside.Report) (runs score.Runs, err error) {
	able := o.able(scenes.All())
	b := besides{}
	if watched != nil {
		if lacks := lacksLive(); lacks != nil {
			return nil, fmt.Errorf("nothing can be watched live (-live=false does without): %w", lacks)
		}
		for i, s := range able {
			b[s] = &session{report: watched, offloads: (uint64(i)+seed)%2 == 1}
		}
	}
	err = o.rounds(able, seed, b.beside, func(s *lab.Scenario, r *lab.Recording, starved string) (again bool, err error) {
		if err := b.done(s, r); err != nil {
			return false, err
		}
		c := page.Case(s, r)
		run, err := score.Judged(&c, seed, starved)
		if err != nil {
			return false, err
		}
		runs = append(runs, run)
		return starved != "", o.keepPlay(run.Wanting(), r, fmt.Sprintf("seed%d", seed))
	})
	slices.SortStableFunc(runs, func(a, b score.Run) int { return strings.Compare(a.Case, b.Case) })
	return runs, err
}

// rounds plays scenarios, and those again, fewer at a time, that done asks for. It is
// told of all plays, with why the machine did not keep up with one, if it did not.
func (o *options) rounds(of []*lab.Scenario, seed uint64, beside func(*lab.Scenario) lab.Beside,
	done func(s *lab.Scenario, r *lab.Recording, starved string) (again bool, err error)) (err error) {
	jobs := o.jobs
	for round := 0; len(of) > 0 && round <= o.again; round++ {
		var late []*lab.Scenario
		lab.PlayAllBeside(context.Background(), of, seed, jobs, beside, func(s *lab.Scenario, r *lab.Recording, failed error) {
			if failed != nil {
				err = errors.Join(err, failed)
				return
			}
			starved := ""
			if r.Late.Starved() {
				starved = r.Late.String()
			}
			again, failed := done(s, r, starved)
			err = errors.Join(err, failed)
			if again {
				late = append(late, s)
			}
		})
		of, jobs = late, max(jobs/2, 1)
	}
	return err
}

// playMatrix plays the matrix's lines with real stacks in all columns that have to be
// played, and keeps what came of it; of scenarios that were not chosen, what came of
// them before.
func (o *options) playMatrix() error {
	if os.Geteuid() != 0 {
		return errors.New("the lab needs root")
	}
	kept, err := matrix.Played()
	if err != nil {
		return err
	}
	kept.Seed = o.seed
	chosen := o.able(page.Scenes())
	kept.Forget(func(name string) bool {
		return slices.ContainsFunc(chosen, func(s *lab.Scenario) bool { return s.Name == name })
	})
	var failed error
	for _, name := range slices.Sorted(maps.Keys(page.Skies)) {
		failed = errors.Join(failed, o.playColumn(kept, chosen, name))
	}
	text, err := kept.YAML()
	if err == nil {
		err = os.WriteFile(o.grid, text, 0o644)
	}
	return errors.Join(failed, err)
}

// playColumn adds a column. Of a play that the machine did not keep up with counts
// what is found, and what is falsely said; that something is missed does not.
func (o *options) playColumn(kept *matrix.Log, chosen []*lab.Scenario, name string) error {
	short := map[string]string{} // scenarios of which nothing counts yet, and why
	beside := func(*lab.Scenario) lab.Beside { return lab.Beside{Weather: page.Skies[name]} }
	err := o.rounds(chosen, o.seed, beside, func(s *lab.Scenario, r *lab.Recording, starved string) (again bool, err error) {
		delete(short, s.Name)
		c := page.Case(s, r)
		var cells []matrix.Cell
		for _, f := range c.Files {
			cell, err := matrix.Judged(&c, f, name)
			if err != nil {
				return false, err
			}
			again = again || starved != "" && len(cell.Short) > 0 && len(cell.Wrong) == 0
			cells = append(cells, cell)
		}
		wrong := slices.ContainsFunc(cells, func(c matrix.Cell) bool { return len(c.Wrong) > 0 })
		if err := o.keepPlay(wrong, r, strings.ReplaceAll(name, " ", "")); err != nil {
			return false, err
		}
		if again {
			short[s.Name] = starved
			return true, nil
		}
		kept.Cells = append(kept.Cells, cells...)
		return false, nil
	})
	for s, why := range short {
		kept.Starved = append(kept.Starved, matrix.Starved{Case: s, Column: name, Why: why})
	}
	return err
}

// keepPlay keeps a play, in a folder called after its scenario and this one of its
// plays, for somebody to look at.
func (o *options) keepPlay(worth bool, r *lab.Recording, which string) error {
	if o.keep == "" || !worth {
		return nil
	}
	return r.Write(filepath.Join(o.keep, r.Scenario.Name+"-"+which), lab.WriteOptions{Compress: true})
}
