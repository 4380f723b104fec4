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
	"regexp"
	"slices"

	"chokepoint/pcaps"
	"chokepoint/pcaps/recorded"
	"chokepoint/pcaps/score"
	"chokepoint/pcaps/score/beside"
)

// options are the flags.
type options struct {
	page  string // where to write the page; "": nowhere
	stand bool   // print the floors that the score stands on, and nothing else
	lab   bool   // fresh recordings, too
	seed  uint64 // of the first of them
	runs  int    // how many seeds
	only  string // play scenarios of which the name matches
	live  bool   // and watch them live
	// fresh plays the lab's scenarios with a seed, and adds to the report what was
	// watched live beside it; nil: nothing is.
	fresh func(seed uint64, only func(name string) bool, live *beside.Report) ([]pcaps.Case, error)
}

func main() {
	o := options{fresh: fresh}
	flag.StringVar(&o.page, "update", "", "write the page to this `FILE`")
	flag.BoolVar(&o.stand, "stand", false, "print the floors that the tool stands on, as floors.yaml has them, and end")
	flag.BoolVar(&o.lab, "lab", false, "play all scenarios of the lab anew, as root, and keep a score of its own for them")
	flag.Uint64Var(&o.seed, "seed", 1, "of the first fresh recordings; each run has the next")
	flag.IntVar(&o.runs, "runs", 1, "fresh recordings of each scenario")
	flag.StringVar(&o.only, "only", "", "play only the scenarios whose name matches this `REGEXP`")
	flag.BoolVar(&o.live, "live", true, "watch the fresh recordings live, from both ends, and hold that beside them")
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
	only, err := regexp.Compile(o.only)
	if err != nil {
		return nil, err
	}
	var live *beside.Report
	if o.live {
		live = &beside.Report{}
	}
	var cases []pcaps.Case
	for i := range o.runs {
		more, err := o.fresh(o.seed+uint64(i), only.MatchString, live)
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
	broken = floors.Unexcused(s)
	if live != nil {
		fmt.Fprint(out, live.Markdown())
		broken = append(broken, live.Broken(floors)...)
	}
	return broken, nil
}

func refusal(broken []string) (err error) {
	for _, b := range broken {
		err = errors.Join(err, fmt.Errorf("a floor is broken: %s", b))
	}
	return err
}
