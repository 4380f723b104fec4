package wire

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"chokepoint/pcaps/lab/box"
)

// Wire is a box between two interfaces. Its methods may be called from any
// goroutine, but not by what the box calls: rules, links, Log.
type Wire struct {
	ports [2]*port // by the direction of what arrives: the client's side, the server's
	wake  int      // eventfd: the loop is to look again

	mu     sync.Mutex // held whenever the box works
	box    *box.Box
	stats  Stats
	closed bool
	loops  sync.WaitGroup
}

// Stats count frames, by direction.
type Stats struct {
	Received [2]uint64 // given to the box
	Sent     [2]uint64
	Errors   [2]uint64 // could not be sent
	Dropped  [2]uint64 // by the kernel, because we were too slow
	Ignored  [2]uint64 // neither IPv4 nor IPv6, or to a group
	Broken   [2]uint64 // longer than the MTU or with checksums left to the hardware: offloads are on
	// Late is by how much a frame was sent too late at worst.
	Late time.Duration
	// Slow are frames that were sent more than [Slow] too late.
	Slow uint64
}

// Slow is late enough to matter: a tenth and more of the round trips that are played.
const Slow = 5 * time.Millisecond

// ErrClosed is what Run of a closed wire returns.
var ErrClosed = errors.New("wire: closed")

// Open puts a box between two interfaces, whose names are those on the box's own
// side of the cables to the client and to the server. do runs a function on a
// thread in their namespace. Nothing moves before Run, but frames that arrive
// after Open are kept for it. Open sets the box's Out.
func Open(do func(func() error) error, client, server string, b *box.Box) (*Wire, error) {
	w := &Wire{box: b, wake: -1}
	err := do(func() (err error) {
		for i, name := range []string{client, server} {
			if w.ports[i], err = openPort(name); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		w.wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
		err = os.NewSyscallError("eventfd", err)
	}
	if err != nil {
		return nil, errors.Join(err, w.release())
	}
	b.Out = w.send
	return w, nil
}

// Do changes the box, at a moment when it does nothing else.
func (w *Wire) Do(f func(b *box.Box)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.box.Run(now()) // or f would plan from the time of the last packet
		defer w.look()
	}
	f(w.box)
}

// Stats returns what was counted so far.
func (w *Wire) Stats() Stats {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count()
	return w.stats
}

// count collects what the kernel counts.
func (w *Wire) count() {
	if w.closed {
		return
	}
	for i, p := range w.ports {
		w.stats.Dropped[i] += p.dropped()
	}
}

// Close ends Run and closes the sockets.
func (w *Wire) Close() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return ErrClosed
	}
	w.count()
	w.closed = true
	w.look()
	w.mu.Unlock()
	w.loops.Wait()
	return w.release()
}

// release closes what is open.
func (w *Wire) release() (err error) {
	for _, p := range w.ports {
		if p != nil {
			err = errors.Join(err, p.close())
		}
	}
	if w.wake >= 0 {
		err = errors.Join(err, unix.Close(w.wake))
	}
	return err
}

// look wakes the loop. It is called with the lock held and the wire not released.
func (w *Wire) look() {
	one := [8]byte{1}
	_, _ = unix.Write(w.wake, one[:]) // it fails only when the loop has been woken 2^64 times
}

// send is the box's Out.
func (w *Wire) send(d box.Dir, frame []byte) {
	if w.closed {
		return
	}
	// What goes up leaves where what goes down arrives.
	if err := w.ports[d.Other()].send(frame); err != nil {
		w.stats.Errors[d]++
		return
	}
	w.stats.Sent[d]++
	late := time.Duration(now() - w.box.Now())
	w.stats.Late = max(w.stats.Late, late)
	if late > Slow {
		w.stats.Slow++
	}
}

// now is the time as the kernel stamps packets, ns since the epoch.
func now() int64 { return time.Now().UnixNano() }

// Run carries frames until ctx ends or the wire is closed, and then returns nil.
// It fails when an interface does.
func (w *Wire) Run(ctx context.Context) error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return ErrClosed
	}
	w.loops.Add(1)
	w.box.Start(now())
	w.mu.Unlock()
	defer w.loops.Done()
	stop := context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if !w.closed {
			w.look()
		}
	})
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- w.loop(ctx) }()
	return <-ended
}
