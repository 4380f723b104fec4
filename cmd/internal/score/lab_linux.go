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
)

// jobs is how many scenarios are played at a time.
const jobs = 3

// fresh plays every scenario that this machine can play and names the others.
func fresh(seed uint64) (cases []pcaps.Case, err error) {
	var able []*lab.Scenario
	for _, s := range scenes.All() {
		if lacks := lab.Missing(s); len(lacks) > 0 {
			fmt.Fprintf(os.Stderr, "score: %s is not played: needs %v\n", s.Name, lacks)
			continue
		}
		able = append(able, s)
	}
	lab.PlayAll(context.Background(), able, seed, jobs, func(s *lab.Scenario, r *lab.Recording, failed error) {
		if failed != nil {
			err = errors.Join(err, failed)
			return
		}
		c := pcaps.Case{Name: s.Name, Truth: r.Truth}
		for _, name := range slices.Sorted(maps.Keys(r.Files)) {
			c.Files = append(c.Files, pcaps.File{Name: name, Bytes: r.Files[name]})
		}
		cases = append(cases, c)
	})
	slices.SortFunc(cases, func(a, b pcaps.Case) int { return strings.Compare(a.Name, b.Name) })
	return cases, err
}
