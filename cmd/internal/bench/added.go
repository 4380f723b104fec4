package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
)

// mustAdd is what the detectors of rates and calls may add to the CPU time of a run
// without them, with what is kept for them.
const mustAdd = 0.15

// addedRounds is how often either run is measured, at least: the difference is small
// beside what a shared machine does to both.
const addedRounds = 7

// detectors measures what the detectors of rates and calls add on the mixed capture.
func (o *options) detectors() error {
	path, info, err := o.mix()
	if err != nil {
		return err
	}
	return o.added(path, info.Packets)
}

// added runs the engine with and without them, one after the other, in this program: no
// flag of chokepoint leaves them out.
func (o *options) added(path string, packets int) error {
	run := func(name, part string) *contender {
		return &contender{name: name, packets: packets, rounds: max(o.rounds, addedRounds), command: func() *exec.Cmd {
			return command(o.self, part, path)
		}}
	}
	with, without := run("engine, all detectors", "engine"), run("engine, no rates and calls", "engine-without")
	if err := race([]*contender{with, without}, with.rounds); err != nil {
		return err
	}
	tellAdded(os.Stdout, with, without)
	return nil
}

// tellAdded prints the median of the ratios of each two runs.
func tellAdded(out io.Writer, with, without *contender) {
	var ratios []float64
	for i := range with.costs {
		ratios = append(ratios, with.costs[i].cpu.Seconds()/without.costs[i].cpu.Seconds())
	}
	slices.Sort(ratios)
	added := ratios[(len(ratios)-1)/2] - 1
	for _, c := range []*contender{with, without} {
		m := median(c.costs)
		fmt.Fprintf(out, "%s: %.2f CPU s, %.0f ns a packet, peak of %d MB\n", c.name, m.cpu.Seconds(),
			float64(m.cpu.Nanoseconds())/float64(c.packets), m.rss>>20)
	}
	verdict(out, added <= mustAdd, "detectors of rates and calls add %.1f %% to the cost of a packet (%d pairs of runs, %.1f to %.1f %%); must be %.0f %% at most",
		100*added, len(ratios), 100*(ratios[0]-1), 100*(ratios[len(ratios)-1]-1), 100*mustAdd)
}
