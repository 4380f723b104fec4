package main

import (
	"context"
	"errors"
	"fmt"
	"os"
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
	err = o.rounds(able, seed, b.beside, func(s *lab.Scenario, r *lab.Recording, starved string) error {
		if err := b.done(s, r); err != nil {
			return err
		}
		c := page.Case(s, r)
		run, err := score.Judged(&c, seed, starved)
		runs = append(runs, run)
		return err
	})
	slices.SortStableFunc(runs, func(a, b score.Run) int { return strings.Compare(a.Case, b.Case) })
	return runs, err
}

// rounds plays scenarios, those again, fewer at a time, that the machine did not keep
// up with. done is told of all plays, also of those.
func (o *options) rounds(of []*lab.Scenario, seed uint64, beside func(*lab.Scenario) lab.Beside,
	done func(s *lab.Scenario, r *lab.Recording, starved string) error) (err error) {
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
				late = append(late, s)
			}
			err = errors.Join(err, done(s, r, starved))
		})
		of, jobs = late, max(jobs/2, 1)
	}
	return err
}

// playMatrix plays the matrix's lines with real stacks in all columns that have to be
// played, and keeps what came of it.
func (o *options) playMatrix() error {
	if os.Geteuid() != 0 {
		return errors.New("the lab needs root")
	}
	kept := matrix.Log{Seed: o.seed}
	for name, sky := range page.Skies {
		last := map[string]string{} // why a scenario's last play counts for nothing
		err := o.rounds(o.able(page.Scenes()), o.seed, func(*lab.Scenario) lab.Beside { return lab.Beside{Weather: sky} },
			func(s *lab.Scenario, r *lab.Recording, starved string) error {
				if last[s.Name] = starved; starved != "" {
					return nil
				}
				c := page.Case(s, r)
				for _, f := range c.Files {
					cell, err := matrix.Judged(&c, f, name)
					if err != nil {
						return err
					}
					kept.Cells = append(kept.Cells, cell)
				}
				return nil
			})
		if err != nil {
			return err
		}
		for s, why := range last {
			if why != "" {
				kept.Starved = append(kept.Starved, fmt.Sprintf("%s, %s: %s", name, s, why))
			}
		}
	}
	text, err := kept.YAML()
	if err != nil {
		return err
	}
	return os.WriteFile(o.grid, text, 0o644)
}
