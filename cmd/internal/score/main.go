// Command score is what "make score" runs: it analyses every bundled capture and
// every recording of the lab, prints how well that went, and fails when a floor is
// broken.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"

	"chokepoint/pcaps"
	"chokepoint/pcaps/recorded"
	"chokepoint/pcaps/score"
)

// options are the flags.
type options struct {
	page  string // where to write the page; "": nowhere
	stand bool   // print the floors that the score stands on, and nothing else
	lab   bool   // fresh recordings, too
	seed  uint64 // of the first of them
	runs  int    // how many seeds
	// fresh plays the lab's scenarios with a seed.
	fresh func(seed uint64) ([]pcaps.Case, error)
}

func main() {
	o := options{fresh: fresh}
	flag.StringVar(&o.page, "update", "", "write the page to this `FILE`")
	flag.BoolVar(&o.stand, "stand", false, "print the floors that the tool stands on, as floors.yaml has them, and end")
	flag.BoolVar(&o.lab, "lab", false, "play all scenarios of the lab anew, as root, and keep a score of its own for them")
	flag.Uint64Var(&o.seed, "seed", 1, "of the first fresh recordings; each run has the next")
	flag.IntVar(&o.runs, "runs", 1, "fresh recordings of each scenario")
	flag.Parse()
	if err := o.run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "score:", err)
		os.Exit(1)
	}
}

func (o *options) run(out io.Writer) error {
	floors, err := score.Standing()
	if err != nil {
		return err
	}
	cases, err := kept()
	if err != nil {
		return err
	}
	s, err := score.Of(cases)
	if err != nil {
		return err
	}
	if o.stand {
		text, err := score.Stands(s).YAML()
		fmt.Fprint(out, text)
		return err
	}
	fmt.Fprint(out, s.Markdown())
	broken := floors.Broken(s)
	if o.page != "" {
		if err := os.WriteFile(o.page, []byte(s.Markdown()), 0o644); err != nil {
			return err
		}
	}
	if o.lab {
		more, err := o.played(out, floors)
		if err != nil {
			return err
		}
		broken = append(broken, more...)
	}
	return refusal(broken)
}

// kept returns the captures that are checked in.
func kept() ([]pcaps.Case, error) {
	stories, err := pcaps.Cases()
	if err != nil {
		return nil, err
	}
	recordings, err := recorded.All()
	return slices.Concat(stories, recordings), err
}

// played keeps score of fresh recordings. What they are short of is printed; of the
// floors only those count that no chance excuses.
func (o *options) played(out io.Writer, floors *score.Floors) (broken []string, err error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("the lab needs root")
	}
	var cases []pcaps.Case
	for i := range o.runs {
		more, err := o.fresh(o.seed + uint64(i))
		if err != nil {
			return nil, err
		}
		cases = append(cases, more...)
	}
	s, err := score.Of(cases)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(out, "\n# Fresh from the lab\n%s", s.Tables())
	return floors.Unexcused(s), nil
}

func refusal(broken []string) (err error) {
	for _, b := range broken {
		err = errors.Join(err, fmt.Errorf("a floor is broken: %s", b))
	}
	return err
}
