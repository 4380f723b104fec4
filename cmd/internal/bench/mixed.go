package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"
)

// The budgets (design, "Budgets").
const (
	mustRate    = 2.0e6     // packets per second of CPU, one worker
	mustRatio   = 0.5       // or of the gopacket loop's rate
	mustRSS     = 200 << 20 // bytes
	mustSpeedup = 1.6       // of two workers over one, in wall time
)

// tsharkPackets is as much as tshark is given: it is far slower.
const tsharkPackets = 200_000

// The contenders that verdicts are about.
const (
	oneWorker  = "chokepoint --json --workers 1"
	twoWorkers = "chokepoint --json --workers 2"
	yardstick  = "gopacket loop"
)

// contender is one way to go through the capture.
type contender struct {
	name    string
	command func() *exec.Cmd
	packets int
	rounds  int
	costs   []cost
}

// rate returns packets per second of CPU.
func (c *contender) rate() float64 { return float64(c.packets) / median(c.costs).cpu.Seconds() }

// mixed measures the mixed capture and prints the table.
func (o *options) mixed() error {
	path, info, err := o.mix()
	if err != nil {
		return err
	}
	fmt.Printf("mixed capture: %d packets of %d bytes on average in %v, %d captures used %d times, left out: %v\n",
		info.Packets, info.Bytes/int64(max(1, info.Packets)), info.Span.Round(time.Second), info.Clips, info.Rounds, info.Left)
	same, stats, err := o.sameRecords(path)
	if err != nil {
		return err
	}
	fmt.Printf("flows: %d, evicted: %d\n\n", stats.Flows, stats.Evicted)
	all := o.contenders(path, info.Packets)
	if err := race(all, o.rounds); err != nil {
		return err
	}
	table(os.Stdout, all)
	verdicts(os.Stdout, all)
	if !same {
		return fmt.Errorf("records differ between one worker and two")
	}
	fmt.Println("ok    records are the same with one worker and two")
	return nil
}

// contenders lists who runs: one worker, two, the screen, the loop, and tshark
// where it is installed.
func (o *options) contenders(path string, packets int) []*contender {
	run := func(name string, packets, rounds int, program string, args ...string) *contender {
		return &contender{name: name, packets: packets, rounds: rounds, command: func() *exec.Cmd { return command(program, args...) }}
	}
	all := []*contender{
		run(oneWorker, packets, o.rounds, o.chokepoint, "analyze", "-q", "--json", "--workers", "1", path),
		run(twoWorkers, packets, o.rounds, o.chokepoint, "analyze", "-q", "--json", "--workers", "2", path),
		run(yardstick, packets, o.rounds, o.self, "loop", path),
		run("chokepoint --workers 1", packets, 1, o.chokepoint, "analyze", "-q", "--workers", "1", path),
	}
	if tshark, err := exec.LookPath("tshark"); err == nil {
		n := min(packets, tsharkPackets)
		all = append(all, run("tshark, names of hellos", n, 1, tshark, "-Q", "-n", "-r", path, "-c", strconv.Itoa(n),
			"-Y", "tls.handshake.extensions_server_name", "-T", "fields", "-e", "tls.handshake.extensions_server_name"))
	}
	return all
}

// race runs the contenders in turn, so that a noisy minute hits them alike. Each runs
// right after a run of itself that does not count: memory that a virtual machine has not
// used for seconds costs it a fault of its host for each page, and who runs after a
// contender that took much would be spared them.
func race(all []*contender, rounds int) error {
	for round := range rounds {
		for _, c := range all {
			if round >= c.rounds {
				continue
			}
			if _, err := measure(c.command()); err != nil {
				return err
			}
			got, err := measure(c.command())
			if err != nil {
				return err
			}
			c.costs = append(c.costs, got)
		}
	}
	return nil
}

// table prints the medians; ratios are to the gopacket loop.
func table(out io.Writer, all []*contender) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tM packets/s of CPU\tx gopacket\tCPU s\twall s\tpeak MB\t")
	yard := find(all, yardstick).rate()
	for _, c := range all {
		m := median(c.costs)
		fmt.Fprintf(w, "%s\t%.3f\t%.2f\t%.2f\t%.2f\t%d\t\n",
			c.name, c.rate()/1e6, c.rate()/yard, m.cpu.Seconds(), m.wall.Seconds(), m.rss>>20)
	}
	w.Flush()
	fmt.Fprintln(out)
}

func find(all []*contender, name string) *contender {
	return all[slices.IndexFunc(all, func(c *contender) bool { return c.name == name })]
}

// verdicts prints the figures beside their budgets.
func verdicts(out io.Writer, all []*contender) {
	one, two := find(all, oneWorker), find(all, twoWorkers)
	ratio := one.rate() / find(all, yardstick).rate()
	verdict(out, one.rate() >= mustRate || ratio >= mustRatio,
		"one worker: %.2f M packets/s of CPU, %.2f of the gopacket loop; must be %.1f M or %.1f", one.rate()/1e6, ratio, mustRate/1e6, mustRatio)
	for _, c := range []*contender{one, two} {
		rss := median(c.costs).rss
		verdict(out, rss <= mustRSS, "%s: peak of %d MB; must be %d at most", c.name, rss>>20, mustRSS>>20)
	}
	speedup := float64(median(one.costs).wall) / float64(median(two.costs).wall)
	verdict(out, speedup >= mustSpeedup, "two workers over one: %.2f in wall time; must be %.1f", speedup, mustSpeedup)
}

// verdict prints one line: whether a budget is kept, and the figures.
func verdict(out io.Writer, ok bool, format string, args ...any) {
	word := "ok  "
	if !ok {
		word = "MISS"
	}
	fmt.Fprintf(out, "%s  "+format+"\n", append([]any{word}, args...)...)
}

// sameRecords runs one worker and two and compares what they print.
func (o *options) sameRecords(path string) (same bool, s statsRecord, err error) {
	var sums [2]string
	for i := range sums {
		d := newDigest()
		c := command(o.chokepoint, "analyze", "-q", "--json", "--workers", strconv.Itoa(i+1), path)
		c.Stdout = d
		if _, err := measure(c); err != nil {
			return false, s, err
		}
		if s, err = d.stats(); err != nil {
			return false, s, err
		}
		sums[i] = d.sum()
	}
	return sums[0] == sums[1], s, nil
}
