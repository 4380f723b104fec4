//go:build linux

package live

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// backlog is the size of the socket's buffer: changes of a thousand interfaces
// come at once when somebody starts as many containers.
const backlog = 1 << 20

// rtnetlink is the links of the place's namespace. Its sockets are open before
// privileges are given up, and need none.
type rtnetlink struct {
	place  *place
	handle *netlink.Handle
	out    chan change
	ctx    context.Context
	stop   func()
	done   sync.WaitGroup
}

// subscribe hears of changes from now on.
func subscribe(p *place) (links, error) {
	r := &rtnetlink{place: p, out: make(chan change)}
	r.ctx, r.stop = context.WithCancel(context.Background())
	var updates *updates
	var err error
	p.do(func() {
		if r.handle, err = netlink.NewHandle(unix.NETLINK_ROUTE); err == nil {
			updates, err = r.updates()
		}
	})
	if err != nil {
		r.stop()
		if r.handle != nil {
			r.handle.Close()
		}
		return nil, fmt.Errorf("listen to changes of interfaces: %w", err)
	}
	r.done.Go(func() { r.pass(updates) })
	return r, nil
}

// updates come from one socket.
type updates struct {
	ch  chan netlink.LinkUpdate
	end func() // closes it
}

// updates opens a socket for changes. It runs at the place.
func (r *rtnetlink) updates() (*updates, error) {
	ctx, end := context.WithCancel(r.ctx)
	u := &updates{ch: make(chan netlink.LinkUpdate), end: end}
	err := netlink.LinkSubscribeWithOptions(u.ch, ctx.Done(), netlink.LinkSubscribeOptions{
		ReceiveBufferSize: backlog,
		// Whatever it is, pass looks at all interfaces again when the updates end.
		ErrorCallback: func(error) {},
	})
	if err != nil {
		end()
	}
	return u, err
}

// pass hands changes on until the stop.
func (r *rtnetlink) pass(u *updates) {
	defer close(r.out)
	for {
		for c := range u.ch {
			r.send(change{device: deviceOf(c.Link), gone: c.Header.Type == unix.RTM_DELLINK})
		}
		u.end()
		if r.ctx.Err() != nil {
			return
		}
		// The kernel had more to say than the socket could hold (ENOBUFS).
		var err error
		r.place.do(func() { u, err = r.updates() })
		if err != nil {
			return
		}
		r.send(change{again: true})
	}
}

// send hands a change on, unless nobody listens any more.
func (r *rtnetlink) send(c change) {
	select {
	case r.out <- c:
	case <-r.ctx.Done():
	}
}

// changes implements links.
func (r *rtnetlink) changes() <-chan change { return r.out }

// list implements links.
func (r *rtnetlink) list() ([]device, error) {
	var there []netlink.Link
	var err error
	for range 10 { // interrupted by a change, once more
		if there, err = r.handle.LinkList(); !errors.Is(err, netlink.ErrDumpInterrupted) {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	var all []device
	for _, l := range there {
		all = append(all, deviceOf(l))
	}
	return all, nil
}

func deviceOf(l netlink.Link) device {
	a := l.Attrs()
	// IFF_RUNNING: switched on, and there is somebody at the other end.
	return device{index: a.Index, name: a.Name, kind: a.EncapType, up: a.RawFlags&unix.IFF_UP != 0 && a.RawFlags&unix.IFF_RUNNING != 0}
}

// close implements links.
func (r *rtnetlink) close() {
	r.stop()
	r.done.Wait()
	r.handle.Close()
}
