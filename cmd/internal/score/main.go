// Command score is what "make score" runs: it analyses every bundled capture and
// every recording of the lab, prints how well that went, and fails when a floor is
// broken. With -lab it plays scenarios anew, as root: see the flags.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"time"

	"chokepoint/pcaps/score"
	"chokepoint/pcaps/score/beside"
)

// options are the flags.
type options struct {
	page  string // where to write the page; "": nowhere
	fit   bool   // print coefficients of confidence, and how well they do
	stand bool   // print the floors that the score stands on, and nothing else
	kept  bool   // analyse what is checked in
	lab   bool   // fresh recordings, too
	grid  string // play the matrix and write what came of it there; "": do not
	crowd int    // how many flows of a crowd to play; 0: none
	sweep int    // how many settings of rates to draw and play; 0: none
	keep  string // where captures of it are kept in which somebody is accused
	pick  choice
	seed  uint64 // of the first of them
	runs  int    // how many seeds
	jobs  int    // how many are played at a time
	again int    // how often plays that starved are played again
	live  bool   // and watch them live
	// foreign is a folder of captures of other projects: a page of their own is
	// printed, and nothing else.
	foreign string
	router  string // a folder of corpora: a page of their own for captures behind a known router
	// fresh plays the lab's scenarios with a seed, and adds to the report what was
	// watched live beside it; nil: nothing is.
	fresh func(o *options, seed uint64, live *beside.Report) (score.Runs, error)
}

// choice is which scenarios are played.
type choice struct{ only, lines *regexp.Regexp }

// has reports whether a scenario is: by its name and by one of its lines, "-" where
// it is on none.
func (c choice) has(name string, lines []string) bool {
	if len(lines) == 0 {
		lines = []string{"-"}
	}
	return c.only.MatchString(name) && slices.ContainsFunc(lines, c.lines.MatchString)
}

func main() {
	o := options{fresh: fresh}
	flag.StringVar(&o.page, "update", "", "write the page to this `FILE`")
	flag.BoolVar(&o.stand, "stand", false, "print the floors that the tool stands on, as floors.yaml has them, and end")
	flag.BoolVar(&o.fit, "calibrate", false, "fit the coefficients of package detect's confidence to what is analysed, and print them")
	flag.BoolVar(&o.kept, "kept", true, "analyse what is checked in")
	flag.BoolVar(&o.lab, "lab", false, "play all scenarios of the lab anew, as root, and keep a score of its own for them")
	flag.StringVar(&o.grid, "matrix", "", "play the matrix's lines on paths that lose and reorder, as root, keep what came of it in this `FILE`, and end")
	flag.IntVar(&o.crowd, "crowd", 0, "play a crowd to whom nothing is done until it has this many flows, as root, and end")
	flag.IntVar(&o.sweep, "sweep", 0, "play so many rates drawn at random, as root, and end; the seed draws")
	flag.StringVar(&o.keep, "keep", "", "`FOLDER` for captures of fresh plays of which something false is said, or something missed")
	flag.Uint64Var(&o.seed, "seed", 1, "of the first fresh recordings; each run has the next")
	flag.IntVar(&o.runs, "runs", 1, "fresh recordings of each scenario")
	flag.IntVar(&o.jobs, "jobs", 3, "how many scenarios are played at a time")
	flag.IntVar(&o.again, "again", 2, "how often plays are played again that the machine did not keep up with")
	only := flag.String("only", "", "play only the scenarios whose name matches this `REGEXP`")
	lines := flag.String("lines", "", "play only the scenarios on a line of the matrix that matches this `REGEXP`; - is none")
	flag.BoolVar(&o.live, "live", true, "watch the fresh recordings live, from both ends, and hold that beside them")
	flag.StringVar(&o.foreign, "foreign", "", "print how the captures below this `DIR`, of other projects, are told, and end")
	flag.StringVar(&o.router, "usc", "", "print how captures behind a router with known settings, below this `DIR`, are told, and end")
	flag.Parse()
	err := o.choose(*only, *lines)
	if err == nil {
		err = o.run(os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "score:", err)
		os.Exit(1)
	}
}

func (o *options) choose(only, lines string) (err error) {
	if o.pick.only, err = regexp.Compile(only); err == nil {
		o.pick.lines, err = regexp.Compile(lines)
	}
	return err
}

func (o *options) run(out io.Writer) error {
	switch {
	case o.grid != "":
		return o.playMatrix()
	case o.foreign != "":
		return o.foreignPage(out)
	case o.router != "":
		return o.routerPage(out)
	case o.crowd > 0:
		return o.playCrowd(out)
	case o.sweep > 0:
		return o.playSweep(out)
	}
	floors, err := score.Standing()
	if err != nil {
		return err
	}
	var broken []string
	var samples []score.Sample
	if o.kept {
		s, page, err := whole()
		if err != nil {
			return err
		}
		if o.stand {
			text, err := score.Stands(s).YAML()
			fmt.Fprint(out, text)
			return err
		}
		if o.fit && !o.lab {
			fmt.Fprint(out, score.Calibration(score.Samples(s.Captures)))
			return nil
		}
		samples = score.Samples(s.Captures)
		fmt.Fprint(out, page)
		broken = floors.Broken(s)
		if o.page != "" {
			if err := os.WriteFile(o.page, []byte(page), 0o644); err != nil {
				return err
			}
		}
	}
	if o.lab {
		more, err := o.played(out, floors, samples)
		if err != nil {
			return err
		}
		broken = append(broken, more...)
	}
	return refusal(broken)
}

// played keeps score of fresh recordings. What they are short of is printed; of the
// floors only those count that no chance excuses.
func (o *options) played(out io.Writer, floors *score.Floors, kept []score.Sample) (broken []string, err error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("the lab needs root")
	}
	var live *beside.Report
	if o.live {
		live = &beside.Report{}
	}
	began := time.Now()
	var runs score.Runs
	for i := range o.runs {
		more, err := o.fresh(o, o.seed+uint64(i), live)
		if err != nil {
			return nil, err
		}
		runs = append(runs, more...)
	}
	s := score.Tallied(runs.Judgements())
	fmt.Fprintf(out, "\n# Fresh from the lab\n%s%s", s.Tables(), runs.Markdown())
	fmt.Fprintf(os.Stderr, "score: %d plays in %v, %d at a time\n", len(runs), time.Since(began).Round(time.Second), o.jobs)
	if o.fit {
		fmt.Fprint(out, score.Calibration(slices.Concat(kept, score.Samples(s.Captures))))
	}
	broken = floors.Unexcused(s)
	if n := len(runs.False()); n > s.Broken {
		broken = append(broken, fmt.Sprintf("%d false claims, with those of plays that starved", n))
	}
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
