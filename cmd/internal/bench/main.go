package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// options are the flags.
type options struct {
	chokepoint string // the program to measure
	captures   string // folder of captures to mix when there are no corpora
	packets    int    // of the mixed capture, at least
	rounds     int    // interleaved repetitions
	flows      int    // of the scenarios; 0: their own number
	self       string // this program, for its parts
	seconds    int    // that a link is filled for
	dir        string // where the mixed capture is kept
}

func main() {
	var o options
	flag.StringVar(&o.chokepoint, "chokepoint", "bin/chokepoint", "the program to measure")
	flag.StringVar(&o.captures, "captures", "pcaps", "captures to mix without CHOKEPOINT_CORPORA")
	flag.IntVar(&o.packets, "packets", 2_200_000, "packets of the mixed capture, at least")
	flag.IntVar(&o.rounds, "rounds", 3, "repetitions; medians are printed")
	flag.IntVar(&o.flows, "flows", 0, "flows of a scenario (default 1000000, flood 10000000)")
	flag.IntVar(&o.seconds, "seconds", 5, "how long a link is filled")
	flag.StringVar(&o.dir, "dir", filepath.Join(os.TempDir(), "chokepoint-bench"), "where the mixed capture is kept")
	flag.Parse()
	if err := o.run(flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run does what the arguments ask for. A missed budget is printed, not an error:
// machines differ.
func (o *options) run(args []string) (err error) {
	if dir := os.Getenv("CHOKEPOINT_CORPORA"); dir != "" {
		o.captures = dir
	}
	if o.self, err = os.Executable(); err != nil {
		return err
	}
	switch {
	case len(args) == 1 && args[0] == "mixed":
		return o.mixed()
	case len(args) == 1 && args[0] == "detectors":
		return o.detectors()
	case len(args) == 1 && (args[0] == "flows" || args[0] == "busy" || args[0] == "flood"):
		return o.scenario(args[0])
	case len(args) == 1 && args[0] == "flat":
		return o.flat()
	case len(args) == 1 && args[0] == "report":
		return o.report()
	case len(args) == 1 && args[0] == "all":
		return errors.Join(o.mixed(), o.detectors(), o.scenario("flows"), o.scenario("flood"), o.flat(), o.report(), o.liveIfPossible())
	case len(args) == 1 && args[0] == "live":
		return o.live()
	case len(args) == 2 && args[0] == "assemble":
		return assemble(o.captures, o.packets, args[1])
	case len(args) == 2 && args[0] == "loop":
		return loop(args[1])
	case len(args) == 2 && args[0] == "engine":
		return engine(args[1], os.Stdout, 0)
	case len(args) == 2 && args[0] == "engine-without":
		return engine(args[1], os.Stdout, measured)
	case len(args) == 2 && args[0] == "generate":
		out := bufio.NewWriterSize(os.Stdout, 1<<20)
		return errors.Join(generate(out, args[1], o.flows), out.Flush())
	}
	if known, err := o.livePart(args); known {
		return err
	}
	return fmt.Errorf("want one of mixed, detectors, flows, flood, busy, flat, report, live, all; got %q", args)
}

// liveIfPossible is live as a part of all: who may not says so and goes on.
func (o *options) liveIfPossible() error {
	if lacks := liveLacks(); len(lacks) > 0 {
		fmt.Printf("\nlive capture is not measured: needs %s\n", strings.Join(lacks, ", "))
		return nil
	}
	return o.live()
}
