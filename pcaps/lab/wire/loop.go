package wire

import (
	"context"
	"encoding/binary"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"chokepoint/pcaps/lab/box"
)

// EtherTypes (IEEE 802).
const (
	etherIPv4 = 0x0800
	etherIPv6 = 0x86dd
)

// highest is the best nice value there is (setpriority(2)).
const highest = -20

// batch is how many frames are handled before others get the lock.
const batch = 64

// loop carries frames. It keeps its thread, which ends with it: its priority and
// its timer slack are no other's.
func (w *Wire) loop(ctx context.Context) error {
	runtime.LockOSThread()
	// Wake when asked, not up to 50 us later, and before all others. Where that is
	// not allowed it goes on without.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	_ = unix.Setpriority(unix.PRIO_PROCESS, 0, highest)
	fds := []unix.PollFd{
		{Fd: int32(w.wake), Events: unix.POLLIN},
		{Fd: int32(w.ports[box.Up].fd), Events: unix.POLLIN},
		{Fd: int32(w.ports[box.Down].fd), Events: unix.POLLIN},
	}
	for {
		more, wait, err := w.turn()
		if err != nil || ctx.Err() != nil {
			return nil
		}
		if more {
			continue
		}
		if err := w.sleep(fds, wait); err != nil {
			return err
		}
	}
}

// turn does what is to be done. If there may be more it says so, else for how long
// there is nothing; nil is for ever.
func (w *Wire) turn() (more bool, wait *unix.Timespec, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false, nil, ErrClosed
	}
	for range batch {
		if more = w.receive(); !more {
			break
		}
	}
	if !more {
		w.box.Run(now())
	}
	at, ok := w.box.Next()
	if more || !ok {
		return more, nil, nil
	}
	ts := unix.NsecToTimespec(max(at-now(), 0))
	return false, &ts, nil
}

// receive gives the frame that arrived first, on whichever side, to the box.
func (w *Wire) receive() bool {
	d := box.Up
	f, ok := w.ports[d].peek()
	if g, also := w.ports[box.Down].peek(); also && (!ok || g.at < f.at) {
		d, f, ok = box.Down, g, true
	}
	if !ok {
		return false
	}
	switch {
	case !carried(f.bytes):
		w.stats.Ignored[d]++
	case !f.whole:
		w.stats.Broken[d]++
	default:
		w.stats.Received[d]++
		// The kernel's time, so that it does not matter when we come to it. The
		// box's own time may already be past it.
		w.box.In(max(f.at, w.box.Now()), d, f.bytes)
	}
	w.ports[d].take()
	return true
}

// carried reports whether a frame is IPv4 or IPv6 and to one host (bit 0 of the
// address is the group bit, IEEE 802-2014 8.2).
func carried(frame []byte) bool {
	if len(frame) < 14 || frame[0]&1 != 0 {
		return false
	}
	kind := binary.BigEndian.Uint16(frame[12:])
	return kind == etherIPv4 || kind == etherIPv6
}

// sleep waits for a frame, for look, or for the time to pass.
func (w *Wire) sleep(fds []unix.PollFd, wait *unix.Timespec) error {
	for i := range fds {
		fds[i].Revents = 0
	}
	if _, err := unix.Ppoll(fds, wait, nil); err != nil && err != unix.EINTR {
		return os.NewSyscallError("ppoll", err)
	} // after EINTR, which Go's own signals cause, the next turn finds what is left to wait
	if fds[0].Revents != 0 {
		var count [8]byte
		_, _ = unix.Read(w.wake, count[:]) // it is for waking only
	}
	for i, p := range w.ports {
		if fds[1+i].Revents&unix.POLLERR != 0 {
			if err := p.failure(); err != nil {
				return err
			}
		}
	}
	return nil
}
