package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"chokepoint/pcaps"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/scenes"
	"chokepoint/pcaps/score/beside"
)

// jobs is how many scenarios are played at a time.
const jobs = 3

// fresh plays every scenario that this machine can play and names the others. Those
// with real stacks are watched live where that is possible.
func fresh(seed uint64, only func(name string) bool, watched *beside.Report) (cases []pcaps.Case, err error) {
	var able []*lab.Scenario
	for _, s := range scenes.All() {
		if lacks := lab.Missing(s); len(lacks) > 0 {
			fmt.Fprintf(os.Stderr, "score: %s is not played: needs %v\n", s.Name, lacks)
		} else if only(s.Name) {
			able = append(able, s)
		}
	}
	b := besides{}
	if watched != nil {
		if lacks := lacksLive(); lacks != nil {
			return nil, fmt.Errorf("nothing can be watched live (-live=false does without): %w", lacks)
		}
		for i, s := range able {
			b[s] = &session{report: watched, offloads: (uint64(i)+seed)%2 == 1}
		}
	}
	lab.PlayAllBeside(context.Background(), able, seed, jobs, b.beside, func(s *lab.Scenario, r *lab.Recording, failed error) {
		if failed == nil {
			failed = b.done(s, r)
		}
		if failed != nil {
			err = errors.Join(err, failed)
			return
		}
		cases = append(cases, recordedCase(s, r))
	})
	slices.SortFunc(cases, func(a, b pcaps.Case) int { return strings.Compare(a.Name, b.Name) })
	return cases, err
}

func recordedCase(s *lab.Scenario, r *lab.Recording) pcaps.Case {
	c := pcaps.Case{Name: s.Name, Truth: r.Truth}
	for _, name := range slices.Sorted(maps.Keys(r.Files)) {
		c.Files = append(c.Files, pcaps.File{Name: name, Bytes: r.Files[name]})
	}
	return c
}
