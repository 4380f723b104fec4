package main

import (
	"errors"
	"sync"

	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/netns"
	"chokepoint/pcaps/lab/watched"
	"chokepoint/pcaps/score/beside"
)

// besides watches scenarios while they are played: those it knows.
type besides map[*lab.Scenario]*session

// session is what is done beside one scenario.
type session struct {
	report   *beside.Report
	offloads bool

	mu    sync.Mutex
	seen  map[string]*watched.Seen // by file
	fault error
}

// beside says what is to be done.
func (b besides) beside(s *lab.Scenario) lab.Beside {
	x := b[s]
	if x == nil {
		return lab.Beside{}
	}
	return lab.Beside{Watch: x.watch, Offloads: x.offloads}
}

// watch begins to watch a place.
func (x *session) watch(at lab.Place) (stop func(), err error) {
	w, err := watched.Watch(at.NS, at.Interface)
	if err != nil {
		return nil, err
	}
	return func() {
		seen, err := w.Stop()
		x.mu.Lock()
		defer x.mu.Unlock()
		if x.seen == nil {
			x.seen = map[string]*watched.Seen{}
		}
		x.seen[at.File] = seen
		x.fault = errors.Join(x.fault, err)
	}, nil
}

// done compares what was seen with what was recorded, and forgets both.
func (b besides) done(s *lab.Scenario, r *lab.Recording) error {
	x := b[s]
	if x == nil || s.Play == nil {
		return nil
	}
	if x.fault != nil {
		return x.fault
	}
	c := beside.Case{Name: s.Name, Truth: &r.Truth, Remade: s.Remake != nil, Offloads: x.offloads}
	for _, file := range []string{"client.pcapng", "server.pcapng"} {
		taken, seen := r.Taken[file], x.seen[file]
		c.Sides = append(c.Sides, beside.Side{File: file, Recorded: taken.Packets(), Live: seen.Batches, Stats: seen.Stats})
	}
	x.seen, r.Taken = nil, nil
	return x.report.Add(&c)
}

// lacksLive is why nothing can be watched live, nil if it can.
func lacksLive() error {
	ns, err := netns.New("probe")
	if err != nil {
		return err
	}
	defer ns.Close()
	w, err := watched.Watch(ns, "lo")
	if err != nil {
		return err
	}
	_, err = w.Stop()
	return err
}
