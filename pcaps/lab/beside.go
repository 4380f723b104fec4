package lab

import (
	"fmt"

	"chokepoint/pcaps/lab/netns"
)

// Beside is what is done beside the recording of a scenario that plays with real
// stacks. The zero value is nothing. It does not change what the truth says.
type Beside struct {
	// Watch is called for each place that is recorded, before the recording begins;
	// what it returns is called when the recording has ended, while the hosts are
	// still there. nil: nobody watches.
	Watch func(Place) (stop func(), err error)
	// Offloads has the hosts merge what arrives and segment late: see
	// [netns.NS.Merging]. Recordings then show merged frames.
	Offloads bool
	Weather  Weather // of the network
}

// Place is where a recording is taken.
type Place struct {
	File      string // that it is written to: "client.pcapng"
	NS        *netns.NS
	Interface string
}

// places are the ends of the lab's line.
func (w *World) places() []Place {
	return []Place{{"client.pcapng", w.hosts.Client, "eth0"}, {"server.pcapng", w.hosts.Server, "eth0"}}
}

// watch begins what is done beside the recording.
func (w *World) watch() (stop func(), err error) {
	var stops []func()
	stop = func() {
		for _, f := range stops {
			f()
		}
	}
	if w.beside.Watch == nil {
		return stop, nil
	}
	for _, at := range w.places() {
		f, err := w.beside.Watch(at)
		if err != nil {
			stop()
			return nil, fmt.Errorf("watch %s: %w", at.File, err)
		}
		stops = append(stops, f)
	}
	return stop, nil
}
