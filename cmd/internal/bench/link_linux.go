package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"

	"chokepoint/capture/live"
	"chokepoint/pcaps/lab/netns"
)

// links fills a link while nobody, chokepoint and tcpdump look at it, and prints
// the throughput.
func (o *options) links(out io.Writer) (err error) {
	if _, err := exec.LookPath("iperf3"); err != nil {
		fmt.Fprintln(out, "\nthe throughput of a link is not measured: needs iperf3")
		return nil
	}
	c, err := newCable(true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	all := make([]*onlooker, 0, 5)
	looks := []func() (look, error){nothing}
	all = append(all, &onlooker{name: "nobody"})
	for _, backend := range []string{live.TCX, live.Clsact, live.AFPacket} {
		all = append(all, &onlooker{name: "watch, " + backend, counts: true})
		looks = append(looks, func() (look, error) { return o.watcher(c.near, backend) })
	}
	if _, err := exec.LookPath("tcpdump"); err == nil {
		all = append(all, &onlooker{name: "tcpdump -s 96 -w /dev/null", counts: true})
		looks = append(looks, func() (look, error) { return dump(c.near) })
	}
	for range o.rounds {
		for i, a := range all {
			if err := a.round(looks[i], c, o.seconds); err != nil {
				return fmt.Errorf("%s: %w", a.name, err)
			}
		}
	}
	linkTable(out, all)
	return nil
}

// look is somebody looking.
type look interface {
	done() (lost uint64, err error)
}

type nobody struct{}

func nothing() (look, error)         { return nobody{}, nil }
func (nobody) done() (uint64, error) { return 0, nil }
func (w *watcher) done() (uint64, error) {
	s, _, err := w.stop()
	return s.LostByUs + s.LostByKernel, err
}

// round fills the link with each load.
func (a *onlooker) round(begin func() (look, error), c *cable, seconds int) error {
	l, err := begin()
	if err != nil {
		return err
	}
	if a.figures == nil {
		a.figures = make([][]float64, len(loads))
	}
	for i, load := range loads {
		f, failed := fill(c, load, seconds)
		a.figures[i] = append(a.figures[i], f)
		err = errors.Join(err, failed)
	}
	lost, failed := l.done()
	a.lost += lost
	return errors.Join(err, failed)
}

// fill has iperf3 send over the cable.
func fill(c *cable, l load, seconds int) (float64, error) {
	var out output
	server := exec.Command("iperf3", "-s", "-1", "--forceflush")
	server.Stdout, server.Stderr = &out, &out
	s, err := start(c.near, server)
	if err != nil {
		return 0, err
	}
	if err := s.until("listening", func() bool { return strings.Contains(out.String(), "listening") }); err != nil {
		return 0, err
	}
	args := append([]string{"-J", "-c", nearAddr.Addr().String(), "-t", strconv.Itoa(seconds)}, l.args...)
	var said bytes.Buffer
	client := command("iperf3", args...)
	client.Stdout = &said
	p, err := start(c.far, client)
	if err != nil {
		return 0, errors.Join(err, s.Process.Kill())
	}
	// What it says is in its report.
	if exit := p.Wait(); exit != nil && said.Len() == 0 {
		return 0, errors.Join(fmt.Errorf("iperf3: %w", exit), s.Process.Kill())
	}
	f, err := iperfFigure(l, said.Bytes())
	return f, errors.Join(err, s.end())
}

// dumping is tcpdump.
type dumping struct {
	*process
	out *output
}

// dump starts it as people do who want headers.
func dump(n *netns.NS) (look, error) {
	d := &dumping{out: &output{}}
	cmd := exec.Command("tcpdump", "-i", port, "-s", "96", "-w", "/dev/null")
	cmd.Stderr = d.out
	var err error
	if d.process, err = start(n, cmd); err != nil {
		return nil, err
	}
	return d, d.until("listening", func() bool { return strings.Contains(d.out.String(), "listening on") })
}

// done implements look.
func (d *dumping) done() (lost uint64, err error) {
	if err := d.interrupt(); err != nil {
		return 0, err
	}
	for line := range strings.Lines(d.out.String()) {
		if n, of, _ := strings.Cut(strings.TrimSpace(line), " "); of == "packets dropped by kernel" {
			return strconv.ParseUint(n, 10, 64)
		}
	}
	return 0, fmt.Errorf("tcpdump does not say what it lost: %s", d.out)
}

// output is what a child says, while it still talks.
type output struct {
	mu   sync.Mutex
	said bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.said.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.said.String()
}
