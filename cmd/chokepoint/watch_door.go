package main

import (
	"io"
	"net"
	"slices"

	"chokepoint/capture"
	"chokepoint/capture/record"
)

// liveWanted is what to listen on, as package live takes it, which there is on
// Linux only.
type liveWanted struct {
	interfaces []string
	backend    string
	notice     func(string) // called from any goroutine
}

// liveSource is what package live gives.
type liveSource interface {
	capture.Source
	Wake() // makes a Read that waits return
	Ask()  // makes the next Read tell what the kernel has only counted so far
}

// liveBackend is how it listens.
type liveBackend struct {
	name   string
	misses []string // what is lost by it, one clause each
	why    []string // why not another, one sentence each
}

// watchDoor is what watch needs of the system. Tests have another.
type watchDoor struct {
	interfaces func() ([]string, error) // there are, by name
	open       func(liveWanted) (liveSource, liveBackend, error)
	record     func(capture.Source, record.Config) (capture.Source, error)
	// confine gives up every privilege and all files but those, for good, and says
	// what is in force.
	confine func(read, write []string) (string, error)
	// size returns what tells the size of a terminal, nil if w is none.
	size func(w io.Writer) func() (columns, rows int)
	// keys calls pressed for each key that is pressed on a terminal, from a
	// goroutine of its own, until the function it returns is called, which leaves
	// the terminal as it was. It is nil if r is no terminal of ours.
	keys func(r io.Reader, pressed func(byte)) (leave func())
	// broom gives up all but what removing filters takes, and returns what removes
	// those of a process, which must run, from interfaces.
	broom func(pid int, interfaces []int) (sweep func() error, err error)
}

// openRecord begins a recording.
func openRecord(src capture.Source, c record.Config) (capture.Source, error) {
	s, err := record.New(src, c)
	if err != nil {
		return nil, err // not s: a nil in an interface is something
	}
	return s, nil
}

// interfaceNames lists the interfaces there are.
func interfaceNames() ([]string, error) {
	all, err := net.Interfaces()
	names := make([]string, 0, len(all))
	for _, i := range all {
		names = append(names, i.Name)
	}
	slices.Sort(names)
	return names, err
}
