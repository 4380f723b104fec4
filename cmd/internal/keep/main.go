//go:build linux

// Command keep plays scenarios of the lab, as root, and keeps their recordings in
// pcaps/recorded: slim, compressed, with the truth and two lines of README. What
// analyze says of them "make golden" writes then.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/scenes"
)

// jobs is how many scenarios are played at a time.
const jobs = 3

func main() {
	dir := flag.String("d", "pcaps/recorded", "folder of the recordings")
	seed := flag.Uint64("seed", 1, "of all that is random in the middlebox")
	fresh := flag.Bool("new", false, "only those that are not there yet")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	chosen, err := choose(flag.Args(), func(name string) bool {
		_, err := os.Stat(filepath.Join(*dir, name))
		return !*fresh || err != nil
	})
	lab.PlayAll(ctx, chosen, *seed, jobs, func(s *lab.Scenario, r *lab.Recording, failed error) {
		if failed == nil {
			failed = keep(r, filepath.Join(*dir, s.Name))
		}
		if failed != nil {
			err = errors.Join(err, failed)
			return
		}
		fmt.Println(s.Name)
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "keep:", err)
		os.Exit(1)
	}
}

// choose returns the scenarios whose name fits one of the patterns, all without
// patterns, as far as they are wanted and can be played here.
func choose(patterns []string, wanted func(name string) bool) (out []*lab.Scenario, err error) {
	for _, s := range scenes.All() {
		fits := len(patterns) == 0
		for _, p := range patterns {
			ok, e := filepath.Match(p, s.Name)
			fits, err = fits || ok, errors.Join(err, e)
		}
		if !fits || !wanted(s.Name) {
			continue
		}
		if lacks := lab.Missing(s); len(lacks) > 0 {
			err = errors.Join(err, fmt.Errorf("%s: needs %s", s.Name, strings.Join(lacks, ", ")))
			continue
		}
		out = append(out, s)
	}
	return out, err
}

func keep(r *lab.Recording, dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := r.Write(dir, lab.WriteOptions{Compress: true, Slim: true}); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "README.md"), []byte(readme(r)), 0o644)
}

// readme is two lines: what was done, and how to see it again.
func readme(r *lab.Recording) string {
	oneLine := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	lines, root := "", "sudo "
	if len(r.Truth.Cases) > 0 {
		lines = "Test matrix: " + strings.Join(r.Truth.Cases, ", ") + ". "
	}
	if r.Scenario.Script != nil {
		root = ""
	}
	return fmt.Sprintf("%s: %s (%s).\n%sPlay it again: `%schokepoint lab run %s`.\n",
		r.Scenario.Name, oneLine(r.Truth.What), oneLine(r.Truth.Where), lines, root, r.Scenario.Name)
}
