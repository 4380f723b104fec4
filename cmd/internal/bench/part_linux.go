package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"chokepoint/pcaps/lab/netns"
)

// process runs in a namespace.
type process struct {
	*exec.Cmd
	exited chan error // has one value when it has ended
}

// start starts a process inside.
func start(n *netns.NS, c *exec.Cmd) (*process, error) {
	if err := n.Do(c.Start); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Path, err)
	}
	p := &process{c, make(chan error, 1)}
	go func() { p.exited <- c.Wait() }()
	return p, nil
}

// end waits for it to end by itself, and kills it if it does not.
func (p *process) end() error {
	select {
	case err := <-p.exited:
		if err != nil {
			return fmt.Errorf("%s: %w", strings.Join(p.Args, " "), err)
		}
		return nil
	case <-time.After(patience):
		return errors.Join(fmt.Errorf("%s: does not end", strings.Join(p.Args, " ")), p.Process.Kill())
	}
}

// interrupt ends it as the user does.
func (p *process) interrupt() error {
	return errors.Join(p.Process.Signal(syscall.SIGINT), p.end())
}

// until waits until something about the child is there.
func (p *process) until(what string, there func() bool) error {
	for end := time.Now().Add(patience); !there(); time.Sleep(5 * time.Millisecond) {
		select {
		case err := <-p.exited:
			p.exited <- err
			return fmt.Errorf("%s: ended before %s: %w", strings.Join(p.Args, " "), what, errors.Join(err, io.ErrUnexpectedEOF))
		default:
		}
		if time.Now().After(end) {
			return errors.Join(fmt.Errorf("%s: no %s", strings.Join(p.Args, " "), what), p.Process.Kill())
		}
	}
	return nil
}

// play sends over the cable for a while.
func (o *options) play(c *cable, rate int, duration time.Duration) (s sent, dropped uint64, err error) {
	before, err := c.dropped()
	if err != nil {
		return s, 0, err
	}
	cmd := command(o.self, "send", port, strconv.Itoa(rate), duration.String())
	var out strings.Builder
	cmd.Stdout = &out
	p, err := start(c.far, cmd)
	if err != nil {
		return s, 0, err
	}
	if err := p.Wait(); err != nil {
		return s, 0, fmt.Errorf("send: %w", err)
	}
	after, err := c.dropped()
	return s, after - before, errors.Join(err, json.Unmarshal([]byte(out.String()), &s))
}

// Wait waits for as long as it takes.
func (p *process) Wait() error { return <-p.exited }

// receiver is the part of this program that takes packets and forgets them.
type receiver struct {
	*process
	in  io.Closer
	out *bufio.Reader
}

// receiver starts it and returns when it listens.
func (o *options) receiver(c *cable, backend string, rest time.Duration) (*receiver, error) {
	cmd := command(o.self, "receive", port, backend, rest.String())
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe() // that of Cmd is closed when the child ends
	if err != nil {
		return nil, err
	}
	cmd.Stdout = w
	p, err := start(c.near, cmd)
	w.Close()
	if err != nil {
		r.Close()
		return nil, err
	}
	out := bufio.NewReader(r)
	if line, err := out.ReadString('\n'); err != nil || strings.TrimSpace(line) != readyLine {
		in.Close()
		r.Close()
		return nil, errors.Join(fmt.Errorf("receive: not ready, but %q", line), err, p.end())
	}
	return &receiver{p, in, out}, nil
}

// stop ends it and returns what it has to say.
func (r *receiver) stop() (got received, err error) {
	r.in.Close()
	err = json.NewDecoder(r.out).Decode(&got)
	return got, errors.Join(err, r.end())
}

// round sends to a receiver.
func (o *options) round(c *cable, backend string, rate int, rest, duration time.Duration) (f flow, err error) {
	r, err := o.receiver(c, backend, rest)
	if err != nil {
		return f, err
	}
	s, dropped, err := o.play(c, rate, duration)
	got, stopped := r.stop()
	if err = errors.Join(err, stopped); err != nil {
		return f, err
	}
	f = flow{balance{s.Sent, dropped, got.Packets, got.Lost, got.Unseen}, spent{got.User, got.System}, got.Measured, s.Took}
	return f, f.check()
}

// watcher is chokepoint at work, as a user starts it.
type watcher struct {
	*process
	records *digest
	dir     string
}

// watcher starts it and returns when it listens.
func (o *options) watcher(n *netns.NS, backend string) (*watcher, error) {
	dir, err := os.MkdirTemp("", "bench-*")
	if err != nil {
		return nil, err
	}
	ready := filepath.Join(dir, "ready")
	w := &watcher{records: newDigest(), dir: dir}
	cmd := command(o.chokepoint, "watch", "-q", "--json", "-i", port, "--backend", backend, "--ready-file", ready)
	cmd.Stdout = w.records
	if w.process, err = start(n, cmd); err == nil {
		err = w.until("ready file", func() bool { _, err := os.Stat(ready); return err == nil })
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return w, nil
}

// stop ends it and returns its last record, and what it spent in all.
func (w *watcher) stop() (s statsRecord, used spent, err error) {
	if err = errors.Join(w.interrupt(), os.RemoveAll(w.dir)); err != nil {
		return s, used, err
	}
	used = spent{w.ProcessState.UserTime(), w.ProcessState.SystemTime()}
	s, err = w.records.stats()
	return s, used, err
}

// settle is how long chokepoint is left to catch up before it is interrupted: what
// it has not read by then was never part of its capture.
const settle = time.Second

// watched is round with chokepoint in place of a receiver. What it spends without
// packets, above all to begin, is taken off.
func (o *options) watched(c *cable, backend string, rate int, duration time.Duration) (f flow, err error) {
	idle, err := o.watcher(c.near, backend)
	if err != nil {
		return f, err
	}
	_, without, err := idle.stop()
	if err != nil {
		return f, err
	}
	w, err := o.watcher(c.near, backend)
	if err != nil {
		return f, err
	}
	s, dropped, err := o.play(c, rate, duration)
	time.Sleep(settle)
	got, used, stopped := w.stop()
	if err = errors.Join(err, stopped); err != nil {
		return f, err
	}
	b := balance{s.Sent, dropped, got.Packets, got.LostByUs + got.LostByKernel, got.Unseen}
	return flow{b, used.less(without), got.Packets, s.Took}, b.check()
}
