package main

import (
	"fmt"
	"os"
	"strconv"
)

// mustFlowsRSS is the budget for a million flows, GC included, bytes.
const mustFlowsRSS = 512 << 20

// scenario streams generated packets through a pipe into chokepoint and prints
// what became of them.
func (o *options) scenario(name string) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	source := command(o.self, "-flows", strconv.Itoa(o.flows), "generate", name)
	source.Stdout = w
	d := newDigest()
	sink := command(o.chokepoint, "analyze", "-q", "--json", "--workers", "1", "-")
	sink.Stdin, sink.Stdout = r, d

	err = source.Start()
	w.Close() // the child has its own
	if err != nil {
		r.Close()
		return err
	}
	took, err := measure(sink)
	r.Close() // so that a source nobody reads from ends
	if failed := source.Wait(); err == nil && failed != nil {
		err = fmt.Errorf("generate %s: %w", name, failed)
	}
	if err != nil {
		return err
	}
	s, err := d.stats()
	if err != nil {
		return err
	}
	fmt.Printf("\n%s: %d packets, %d flows, %d evicted, peak of %d MB, %.2f M packets/s of CPU, %.1f s\n", name,
		s.Packets, s.Flows, s.Evicted, took.rss>>20, float64(s.Packets)/took.cpu.Seconds()/1e6, took.wall.Seconds())
	verdict(os.Stdout, took.rss <= mustFlowsRSS, "%s: peak of %d MB; must be %d at most", name, took.rss>>20, mustFlowsRSS>>20)
	if name == "flows" {
		verdict(os.Stdout, s.Evicted == 0, "flows: %d evicted; must be none", s.Evicted)
	}
	return nil
}
