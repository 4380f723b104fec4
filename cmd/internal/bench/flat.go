package main

import (
	"fmt"
	"io"
	"os"
)

// Memory must not grow with flows once the budget is full: from the first of the sizes,
// which fills it, to the last by mustFlat at most.
const mustFlat = 0.10

// flatBudget is the memory for flows under which that is tried: 10,000 fill it.
const flatBudget = "8M"

// flatFlows are the sizes.
var flatFlows = [...]int{10_000, 100_000, 1_000_000}

// flat runs the same traffic with more and more flows, once with a budget that is full
// from the first size on, of flows that hold all there is to hold; and once with the
// budget of everybody, of flows that hold little.
func (o *options) flat() error {
	fmt.Printf("\nbusy flows, --memory %s:\n", flatBudget)
	var full []streamed
	for _, n := range o.sizes() {
		s, err := o.stream("busy", n, "--memory", flatBudget)
		if err != nil {
			return err
		}
		full = append(full, s)
		s.print(os.Stdout)
	}
	tellFlat(os.Stdout, full)
	fmt.Printf("\nopen flows, the default --memory:\n")
	for _, n := range o.sizes() {
		s, err := o.stream("flows", n)
		if err != nil {
			return err
		}
		s.print(os.Stdout)
	}
	return nil
}

// sizes are how many flows there are to be: -flows cuts the list short.
func (o *options) sizes() []int {
	n := len(flatFlows)
	for n > 2 && o.flows > 0 && flatFlows[n-1] > o.flows {
		n--
	}
	return flatFlows[:n]
}

func (s *streamed) print(out io.Writer) {
	fmt.Fprintf(out, "%9d flows: peak of %d MB, %d evicted, %.2f M packets/s of CPU, %.1f s\n", s.wanted, s.took.rss>>20, s.Evicted,
		float64(s.Packets)/s.took.cpu.Seconds()/1e6, s.took.wall.Seconds())
}

// tellFlat prints whether memory stays where it was.
func tellFlat(out io.Writer, full []streamed) {
	for i := range full {
		if full[i].Evicted == 0 {
			verdict(out, false, "%d flows do not fill the budget: nothing is shown", full[i].wanted)
			return
		}
	}
	base, last := full[0], full[len(full)-1]
	grown := float64(last.took.rss)/float64(base.took.rss) - 1
	verdict(out, grown <= mustFlat, "memory grows by %.1f %% from %d to %d flows at a full budget; must be %.0f %% at most",
		100*grown, base.wanted, last.wanted, 100*mustFlat)
}
