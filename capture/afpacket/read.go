//go:build linux

package afpacket

import (
	"math"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"chokepoint/capture"
)

const (
	// maxBatch is pcapfile.MaxBatch, for the same reason: the packets of a batch
	// stay in a core's cache while they are decoded.
	maxBatch = 1024
	// batchBytes of frames are in a batch at most, or one frame that is longer.
	batchBytes = 1 << 20
	// idle is how long Read waits for a packet.
	idle = 200 * time.Millisecond
	// window is how long a packet waits at least for those of other interfaces that
	// passed before it, ns: the kernel hands over a block that is not full after
	// [retire], and one tick of a slow timer is 10 ms.
	window = int64(40 * time.Millisecond)
	// step is in what steps packets become due, ns, so that batches are not of one
	// packet each. It is also how often a ring is looked at that poll cannot watch:
	// while the last block it gave us is not handed back, it always counts as
	// readable (packet_poll in net/packet/af_packet.c).
	step = int64(10 * time.Millisecond)
	// slack is what packets of one ring can be out of order by, ns: processors
	// reserve the place in the ring first and look at the clock then.
	slack = int64(time.Millisecond)
)

// Read implements [capture.Source]. It returns within a quarter of a second, with
// no packets if there were none; Now is then how far time has got. Packets are in
// order of time, which costs them 40 to 50 ms; only when a ring fills up they are not
// kept waiting.
func (s *Source) Read(b *capture.Batch) error {
	s.reading.Lock()
	defer s.reading.Unlock()
	prepare(b, s.conf.Snap)
	until := now() + int64(idle)
	for {
		if s.closed.Load() {
			return os.ErrClosed
		}
		at := now()
		if err := s.look(at); err != nil {
			return err
		}
		for _, t := range s.taps {
			t.take()
		}
		s.deliver(b, at)
		if len(b.Packets) > 0 || at >= until {
			return nil
		}
		woken, err := s.wait(at, until)
		if err != nil || woken && !s.closed.Load() {
			return err
		}
		until = min(until, now()+int64(idle)) // the clock may have been set back
	}
}

// prepare empties a batch and gives it the memory it needs, once.
func prepare(b *capture.Batch, snap int) {
	if need := max(batchBytes, snap); cap(b.Buf) < need {
		b.Buf = make([]byte, 0, need)
	}
	if cap(b.Packets) < maxBatch {
		b.Packets = make([]capture.Packet, 0, maxBatch)
	}
	b.Buf, b.Packets, b.Notes = b.Buf[:0], b.Packets[:0], b.Notes[:0]
}

// deliver moves the packets that are due into b, by time.
func (s *Source) deliver(b *capture.Batch, at int64) {
	due := s.horizon(at)
	reached, bytes := due, 0
	for {
		t := s.first(due, at)
		if t == nil {
			break
		}
		if len(b.Packets) == maxBatch || len(b.Buf)+s.conf.Snap > cap(b.Buf) {
			reached = b.Packets[len(b.Packets)-1].Time
			break
		}
		n := len(b.Packets)
		b.Packets = b.Packets[:n+1]
		p := &b.Packets[n]
		s.num++
		p.Num, p.If = s.num, t.index
		b.Buf = t.deliver(p, b.Buf)
		bytes += len(p.Frame)
	}
	if n := len(b.Packets); n > 0 {
		reached = max(reached, b.Packets[n-1].Time)
		s.mu.Lock()
		s.counts.Packets += uint64(n)
		s.counts.Bytes += uint64(bytes)
		s.mu.Unlock()
	}
	b.Now = s.reached(reached)
}

// horizon is the time up to which packets are due: all that passed before it are
// in the rings by now. A ring that is half full is emptied further, even if those
// of other interfaces have not come yet.
func (s *Source) horizon(at int64) int64 {
	due := (at - window) / step * step
	for _, t := range s.taps {
		if t.pressed() {
			due = max(due, t.newest-slack)
		}
	}
	return due
}

// first returns the tap whose next packet is the oldest of those that are due, nil
// if there is none.
func (s *Source) first(due, at int64) (first *tap) {
	oldest := int64(math.MaxInt64)
	for _, t := range s.taps {
		// What is of the future was stamped before the clock was set back: waiting
		// for its time to come would be of no use.
		if e := t.head(); e != nil && e.time < oldest && (e.time <= due || e.time > at+window) {
			first, oldest = t, e.time
		}
	}
	return first
}

// reached makes a time that a batch reached out of one, so that it does not go back
// for the sake of a ring that was emptied early. It does with the clock.
func (s *Source) reached(at int64) int64 {
	if d := s.latest - at; d <= 0 || d > int64(time.Second) {
		s.latest = at
	}
	return s.latest
}

// wait sleeps until there may be packets, a packet is due, somebody woke us, or
// until.
func (s *Source) wait(at, until int64) (woken bool, err error) {
	s.fds[0] = unix.PollFd{Fd: int32(s.wake), Events: unix.POLLIN}
	for i, t := range s.taps {
		s.fds[1+i] = unix.PollFd{Fd: int32(t.fd), Events: unix.POLLIN}
		if e := t.head(); e != nil {
			until = min(until, e.time+step-e.time%step+window, at+step)
		}
		if t.state != stateUp {
			until = min(until, t.again)
		}
		if t.waiting > 0 {
			s.fds[1+i].Events = 0 // errors are told all the same
		}
	}
	ts := unix.NsecToTimespec(max(until-at, 0))
	switch _, err := unix.Ppoll(s.fds, &ts, nil); err {
	case nil:
	case unix.EINTR: // Go's own signals
		return false, nil
	default:
		return false, os.NewSyscallError("ppoll", err)
	}
	for i, t := range s.taps {
		if s.fds[1+i].Revents&unix.POLLERR != 0 {
			t.again = 0
		}
	}
	if s.fds[0].Revents == 0 {
		return false, nil
	}
	var count [8]byte
	_, _ = unix.Read(s.wake, count[:]) // it is for waking only
	return true, nil
}
