//go:build linux

package afpacket

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"chokepoint/capture"
)

const (
	// defaultRing is the ring of one interface, bytes.
	defaultRing = 16 << 20
	// defaultSnap is capture.Live.Whole: more is not looked at.
	defaultSnap = 4096
	// minSnap has room for the headers of what is looked at.
	minSnap = 96
	// maxSnap is what tcpdump keeps of a frame by default, more than any has.
	maxSnap = 262144
)

// Config says what to capture.
type Config struct {
	Interfaces []string // must exist, each once
	RingBytes  int      // of each interface; 0: 16 MiB
	Snap       int      // bytes of a frame that are kept, 96 to 262144; 0: 4096
	// Promiscuous also takes frames that are for other hosts, as at a span port.
	// Otherwise what the host itself is given is what is seen.
	Promiscuous bool
	// Notice is told, one sentence each, of interfaces that went down or away and
	// came back. nil: nobody. It is called from Read and must not call Read or Close.
	Notice func(string)
}

// Source implements [capture.Source] on live interfaces. Frames are whole up to
// Snap, with the VLAN tag that the kernel keeps beside them put back in. Read is for
// one goroutine at a time; the other methods may be called from any.
type Source struct {
	conf    Config
	reading sync.Mutex // held by Read; what it guards is Read's own
	taps    []*tap
	fds     []unix.PollFd // the waking one, then one of each tap
	num     uint64        // packets delivered
	latest  int64         // Now of the last batch, ns
	closed  atomic.Bool

	mu     sync.Mutex // never held while waiting, nor when Notice is called
	wake   int        // eventfd; -1 when closed
	ifs    []capture.Interface
	counts capture.Stats
}

var _ capture.Source = (*Source)(nil)

// Open opens a ring for each interface, in the network namespace of the calling
// thread. The error is a *bpf.Unavailable where a privilege is missing.
func Open(c Config) (*Source, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	s := &Source{conf: c, wake: -1}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.release())
	}
	return s, nil
}

// check fills in what was left to us, and refuses what cannot be.
func (c *Config) check() error {
	if c.RingBytes <= 0 {
		c.RingBytes = defaultRing
	}
	if c.Snap <= 0 {
		c.Snap = defaultSnap
	}
	if c.Snap < minSnap || c.Snap > maxSnap {
		return fmt.Errorf("afpacket: a snap length of %d is not within %d and %d bytes", c.Snap, minSnap, maxSnap)
	}
	if len(c.Interfaces) == 0 {
		return errors.New("afpacket: no interface to capture on")
	}
	for i, name := range c.Interfaces {
		if slices.Contains(c.Interfaces[:i], name) {
			return fmt.Errorf("interface %s: named twice", name)
		}
	}
	return nil
}

func (s *Source) open() (err error) {
	if s.wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return os.NewSyscallError("eventfd", err)
	}
	for i, name := range s.conf.Interfaces {
		t, err := openTap(name, &s.conf)
		if err != nil {
			return err
		}
		t.index = uint16(i)
		s.taps = append(s.taps, t)
		s.ifs = append(s.ifs, capture.Interface{Name: name, Link: t.link, Snaplen: uint32(s.conf.Snap)})
	}
	s.fds = make([]unix.PollFd, 1+len(s.taps))
	return nil
}

// Wake makes a Read that waits return at once, or the next one if none does. It
// may be called from any goroutine.
func (s *Source) Wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wake >= 0 {
		one := [8]byte{1}
		_, _ = unix.Write(s.wake, one[:]) // it fails only when it was woken 2^64 times
	}
}

// Interfaces implements [capture.Source]: those of Config, and one more when an
// interface came back as another kind of device.
func (s *Source) Interfaces() []capture.Interface {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count()
	return slices.Clone(s.ifs)
}

// Stats implements [capture.Source].
func (s *Source) Stats() capture.Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count()
	return s.counts
}

// count asks the kernel what it had no room for since the last time.
func (s *Source) count() {
	for _, t := range s.taps {
		n := t.drops()
		s.ifs[t.index].Dropped += n
		s.counts.Dropped += n
	}
}

// Close implements [capture.Source]. A Read that waits ends with os.ErrClosed, as
// every later one.
func (s *Source) Close() error {
	if s.closed.Swap(true) {
		return os.ErrClosed
	}
	s.Wake()
	s.reading.Lock()
	defer s.reading.Unlock()
	return s.release()
}

// release closes what is open.
func (s *Source) release() (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count()
	for _, t := range s.taps {
		err = errors.Join(err, t.close())
	}
	if s.wake >= 0 {
		err = errors.Join(err, unix.Close(s.wake))
		s.wake = -1
	}
	return err
}

// notice tells what became of an interface.
func (s *Source) notice(what string) {
	if s.conf.Notice != nil && what != "" {
		s.conf.Notice(what)
	}
}

// now is the time as the kernel stamps packets, ns since the epoch.
func now() int64 { return time.Now().UnixNano() }
