package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"chokepoint/bpf"
	"chokepoint/capture/live"
	"chokepoint/pcaps/lab/netns"
)

// liveLacks says what is missing for live.
func liveLacks() []string {
	lacks := append(bpf.Lacks(bpf.BPF, bpf.NetAdmin, bpf.Perfmon), netns.Missing()...)
	slices.Sort(lacks)
	return slices.Compact(lacks)
}

// livePart runs a part of live in this process, if that is asked for.
func (o *options) livePart(args []string) (known bool, err error) {
	if len(args) != 4 || args[0] != "send" && args[0] != "receive" {
		return false, nil
	}
	duration, err := time.ParseDuration(args[3])
	if err != nil {
		return true, err
	}
	if args[0] == "receive" {
		return true, receive(args[1], args[2], duration)
	}
	rate, err := strconv.Atoi(args[2])
	if err != nil {
		return true, err
	}
	return true, send(args[1], rate, duration)
}

// live measures live capture: the program in the kernel, the way of a record from
// the ring to a packet, the whole command, and what is left of a link's throughput.
func (o *options) live() error {
	if lacks := liveLacks(); len(lacks) > 0 {
		return fmt.Errorf("live capture is not measured: needs %s", strings.Join(lacks, ", "))
	}
	return errors.Join(o.programs(os.Stdout), o.records(os.Stdout), o.links(os.Stdout))
}

// Of the rounds of records.
const (
	roundTime = 2 * time.Second
	wholeTime = 4 * time.Second        // of the whole command: it has more to do once
	restTime  = 700 * time.Millisecond // of a reader that cannot keep up
)

// reading lists who takes packets, and how many.
func (o *options) reading(c *cable) []*atRate {
	ring := func(backend string, rest time.Duration) func(int) (flow, error) {
		return func(rate int) (flow, error) { return o.round(c, backend, rate, rest, roundTime) }
	}
	watch := func(backend string) func(int) (flow, error) {
		return func(rate int) (flow, error) { return o.watched(c, backend, rate, wholeTime) }
	}
	return []*atRate{
		{name: "ring to Packet, tcx", rate: mustRecord, limits: true, measure: ring(live.TCX, 0)},
		{name: "ring to Packet, tcx", rate: aimRecord, measure: ring(live.TCX, 0)},
		{name: "ring to Packet, tcx", measure: ring(live.TCX, 0)},
		{name: "the same, reader too slow", measure: ring(live.TCX, restTime)},
		{name: "ring to Packet, afpacket", rate: mustRecord, measure: ring(live.AFPacket, 0)},
		{name: "watch --json, tcx", rate: mustRecord, measure: watch(live.TCX)},
		{name: "watch --json, clsact", rate: mustRecord, measure: watch(live.Clsact)},
		{name: "watch --json, afpacket", rate: mustRecord, measure: watch(live.AFPacket)},
		{name: "analyze --json --plan live", rate: mustRecord, measure: o.fromFile},
	}
}

// records measures them, in turn, and prints the table.
func (o *options) records(out io.Writer) (err error) {
	c, err := newCable(false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	all := o.reading(c)
	for range o.rounds {
		for _, a := range all {
			f, err := a.measure(a.rate)
			if err != nil {
				return fmt.Errorf("%s: %w", a.name, err)
			}
			a.rounds = append(a.rounds, f)
		}
	}
	recordTable(out, all)
	recordVerdicts(out, all)
	return nil
}

// fromFile is what the command spends on the same packets when they come from a
// file.
func (o *options) fromFile(rate int) (f flow, err error) {
	packets := int(float64(rate) * wholeTime.Seconds())
	_, idle, err := o.analysed(0)
	if err != nil {
		return f, err
	}
	s, used, err := o.analysed(packets)
	b := balance{Sent: uint64(packets), Packets: s.Packets}
	return flow{b, used.less(idle), s.Packets, wholeTime}, errors.Join(err, b.check())
}

// analysed gives so many packets to analyze, through a pipe.
func (o *options) analysed(packets int) (s statsRecord, used spent, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return s, used, err
	}
	d := newDigest()
	cmd := command(o.chokepoint, "analyze", "-q", "--json", "--plan", "live", "-")
	cmd.Stdin, cmd.Stdout = r, d
	written := make(chan error, 1)
	go func() { written <- errors.Join(writeTraffic(w, packets), w.Close()) }()
	_, err = measure(cmd)
	r.Close()
	if err = errors.Join(err, <-written); err != nil {
		return s, used, err
	}
	s, err = d.stats()
	return s, spent{cmd.ProcessState.UserTime(), cmd.ProcessState.SystemTime()}, err
}
