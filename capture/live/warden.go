//go:build linux

package live

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
)

// change is something that happened to an interface.
type change struct {
	device
	gone  bool
	again bool // changes were missed: look at all of them again; nothing else is set
}

// attach begins to capture on an interface.
type attach func(ifindex int, l3 bool) (io.Closer, error)

// watched is an interface that was asked for.
type watched struct {
	name     string
	device   device    // index 0: not there
	attached io.Closer // nil: not captured
}

// warden keeps what was asked for attached, as interfaces come and go.
type warden struct {
	place   *place
	links   links
	attach  attach // runs at the place
	later   bool   // it may attach after the start
	table   *table
	notice  func(string)
	watched []*watched
	stop    chan struct{}
	done    sync.WaitGroup
}

// watch begins.
func (w *warden) watch() {
	w.stop = make(chan struct{})
	w.done.Go(func() {
		for {
			select {
			case <-w.stop:
				return
			case c, ok := <-w.links.changes():
				if !ok {
					return
				}
				w.apply(c)
			}
		}
	})
}

// begin attaches to those of the interfaces that are there. It runs at the place.
func (w *warden) begin(names []string, there []device) error {
	for _, name := range names {
		x := &watched{name: name}
		w.watched = append(w.watched, x)
		i := slices.IndexFunc(there, func(d device) bool { return d.name == name })
		if i < 0 {
			continue
		}
		if err := w.take(x, there[i]); err != nil {
			return with(err, w.detach())
		}
	}
	return nil
}

// take attaches to an interface. It runs at the place.
func (w *warden) take(x *watched, d device) (err error) {
	if _, ok := d.link(); !ok {
		return fmt.Errorf("%s: interfaces of the kind %q cannot be captured: only Ethernet and IP without a link header", d.name, d.kind)
	}
	x.device = d
	w.table.add(d) // before its first packet
	if w.attach != nil {
		x.attached, err = w.attach(d.index, d.l3())
	}
	return err
}

// detach lets go of all interfaces. It runs at the place.
func (w *warden) detach() error {
	var errs []error
	for _, x := range w.watched {
		errs = append(errs, x.drop())
	}
	return errors.Join(errs...)
}

// with adds to an error what went wrong afterwards; the error stays itself where
// nothing did.
func with(err, after error) error {
	if after == nil {
		return err
	}
	return errors.Join(err, after)
}

// drop lets go of an interface.
func (x *watched) drop() error {
	if x.attached == nil {
		return nil
	}
	err := x.attached.Close()
	x.attached = nil
	return err
}

// apply follows a change.
func (w *warden) apply(c change) {
	switch {
	case c.again:
		w.again()
	case c.gone:
		w.away(c.index)
	default:
		w.seen(c.device)
	}
}

// again compares all interfaces with what is known of them.
func (w *warden) again() {
	there, err := w.links.list()
	if err != nil {
		w.notice(fmt.Sprintf("interfaces that come and go may be missed: %v", err))
		return
	}
	for _, x := range w.watched {
		if !slices.ContainsFunc(there, func(d device) bool { return d.index == x.device.index }) {
			w.away(x.device.index)
		}
	}
	for _, d := range there {
		w.seen(d)
	}
}

// away follows an interface that is gone.
func (w *warden) away(index int) {
	for _, x := range w.watched {
		if index != 0 && x.device.index == index {
			w.notice(x.name + " is gone")
			x.device = device{}
			w.place.do(func() { x.drop() }) //nolint:errcheck // nothing to detach from is left
		}
	}
}

// seen follows an interface that is there.
func (w *warden) seen(d device) {
	for _, x := range w.watched {
		switch {
		case x.device.index == d.index:
			w.same(x, d)
			return
		case x.name == d.name:
			w.appeared(x, d)
			return
		}
	}
}

// same follows a change of an interface that is captured.
func (w *warden) same(x *watched, d device) {
	if d.name != x.device.name {
		w.notice(fmt.Sprintf("%s is called %s now, and still captured", x.device.name, d.name))
	}
	if d.up != x.device.up {
		w.notice(d.name + updown(d.up))
	}
	x.device = d
}

func updown(up bool) string {
	if up {
		return " is up"
	}
	return " is down"
}

// appeared follows an interface that is new under a name that was asked for.
func (w *warden) appeared(x *watched, d device) {
	if x.device.index != 0 {
		w.away(x.device.index)
	}
	if !w.later {
		x.device = d
		w.notice(d.name + " is there anew and not captured until chokepoint is started again")
		return
	}
	var err error
	w.place.do(func() { err = w.take(x, d) })
	if err != nil {
		w.notice(fmt.Sprintf("%s is there now but cannot be captured: %v", d.name, err))
		return
	}
	w.notice(d.name + " is there now and captured")
}

// missing are those of the names that are not there.
func missing(names []string, there []device) (lacks []string) {
	for _, n := range names {
		if !slices.ContainsFunc(there, func(d device) bool { return d.name == n }) {
			lacks = append(lacks, n)
		}
	}
	return lacks
}

// listed names the interfaces there are.
func listed(there []device) string {
	var names []string
	for _, d := range there {
		names = append(names, d.name)
	}
	return strings.Join(names, ", ")
}

// close ends the watch and detaches everything.
func (w *warden) close() (err error) {
	if w.stop != nil {
		close(w.stop)
		w.done.Wait()
	}
	w.links.close()
	w.place.do(func() { err = w.detach() })
	return err
}
