package main

import (
	"fmt"
	"os"
	"strconv"
)

// mustFlowsRSS is the budget for a million flows, GC included, bytes.
const mustFlowsRSS = 512 << 20

// streamed is what became of a scenario.
type streamed struct {
	statsRecord
	wanted int // flows that were asked for, 0: the scenario's own number
	took   cost
}

// stream streams generated packets through a pipe into chokepoint.
func (o *options) stream(name string, flows int, flags ...string) (s streamed, err error) {
	s.wanted = flows
	r, w, err := os.Pipe()
	if err != nil {
		return s, err
	}
	source := command(o.self, "-flows", strconv.Itoa(flows), "generate", name)
	source.Stdout = w
	d := newDigest()
	sink := command(o.chokepoint, append(append([]string{"analyze", "-q", "--json", "--workers", "1"}, flags...), "-")...)
	sink.Stdin, sink.Stdout = r, d

	err = source.Start()
	w.Close() // the child has its own
	if err != nil {
		r.Close()
		return s, err
	}
	s.took, err = measure(sink)
	r.Close() // so that a source nobody reads from ends
	if failed := source.Wait(); err == nil && failed != nil {
		err = fmt.Errorf("generate %s: %w", name, failed)
	}
	if err != nil {
		return s, err
	}
	s.statsRecord, err = d.stats()
	return s, err
}

// scenario prints what became of one.
func (o *options) scenario(name string) error {
	s, err := o.stream(name, o.flows)
	if err != nil {
		return err
	}
	fmt.Printf("\n%s: %d packets, %d flows, %d evicted, peak of %d MB, %.2f M packets/s of CPU, %.1f s\n", name,
		s.Packets, s.Flows, s.Evicted, s.took.rss>>20, float64(s.Packets)/s.took.cpu.Seconds()/1e6, s.took.wall.Seconds())
	verdict(os.Stdout, s.took.rss <= mustFlowsRSS, "%s: peak of %d MB; must be %d at most", name, s.took.rss>>20, mustFlowsRSS>>20)
	if name == "flows" {
		verdict(os.Stdout, s.Evicted == 0, "flows: %d evicted; must be none", s.Evicted)
	}
	return nil
}
