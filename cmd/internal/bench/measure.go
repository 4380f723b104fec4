package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// cost is what one run of a process took.
type cost struct {
	cpu, wall time.Duration // cpu: user and system
	rss       int64         // peak, bytes
}

// command is a child whose complaints go where ours go.
func command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Stderr = os.Stderr
	return c
}

// measure runs a child to its end.
func measure(c *exec.Cmd) (cost, error) {
	begin := time.Now()
	if err := c.Run(); err != nil {
		return cost{}, fmt.Errorf("%s: %w", strings.Join(c.Args, " "), err)
	}
	s := c.ProcessState
	return cost{cpu: s.UserTime() + s.SystemTime(), wall: time.Since(begin), rss: peak(s)}, nil
}

// peak returns the peak resident memory of a finished child, bytes.
func peak(s *os.ProcessState) int64 {
	usage, ok := s.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	rss := int64(usage.Maxrss) //nolint:unconvert // it is an int32 on 32-bit machines
	if runtime.GOOS == "darwin" {
		return rss // getrusage(2): bytes there, KiB elsewhere
	}
	return rss << 10
}

// median returns the medians of each figure.
func median(costs []cost) cost {
	return cost{
		cpu:  middle(costs, func(c cost) time.Duration { return c.cpu }),
		wall: middle(costs, func(c cost) time.Duration { return c.wall }),
		rss:  middle(costs, func(c cost) int64 { return c.rss }),
	}
}

// middle returns the middle of one figure, of an even number the lower one.
func middle[T cmp.Ordered](costs []cost, of func(cost) T) T {
	all := make([]T, len(costs))
	for i, c := range costs {
		all[i] = of(c)
	}
	slices.Sort(all)
	return all[(len(all)-1)/2]
}

// digest takes the records of a run: their hash, and the last line.
type digest struct {
	hash hash.Hash
	last []byte // the line being read, or the last one
	done bool   // last is complete
}

func newDigest() *digest { return &digest{hash: sha256.New()} }

// Write takes in output.
func (d *digest) Write(p []byte) (int, error) {
	n := len(p)
	d.hash.Write(p) // never fails
	for len(p) > 0 {
		if d.done {
			d.last, d.done = d.last[:0], false
		}
		line, rest, ended := bytes.Cut(p, []byte("\n"))
		d.last, d.done, p = append(d.last, line...), ended, rest
	}
	return n, nil
}

// sum returns the hash of all that was written.
func (d *digest) sum() string { return hex.EncodeToString(d.hash.Sum(nil)) }

// statsRecord is what the bench reads of the last record.
type statsRecord struct {
	Type         string
	Packets      uint64
	Flows        uint64
	Evicted      uint64
	LostByUs     uint64 `json:"lost_by_us"`
	LostByKernel uint64 `json:"lost_by_kernel"`
	Unseen       uint64
}

// stats parses the last record.
func (d *digest) stats() (s statsRecord, err error) {
	if err := json.Unmarshal(d.last, &s); err != nil {
		return s, fmt.Errorf("last record: %w", err)
	}
	if s.Type != "stats" {
		return s, fmt.Errorf("the last record is of type %q, want stats", s.Type)
	}
	return s, nil
}
