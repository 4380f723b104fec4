//go:build linux

package live

import (
	"errors"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	"chokepoint/capture"
)

// Backends that Options can ask for.
const (
	Auto     = "auto"     // the first of the others that works
	TCX      = "tcx"      // Linux 6.6
	Clsact   = "clsact"   // Linux 5.17; see [Source.Close]
	AFPacket = "afpacket" // any; no testimony but for what eBPF can still give
)

// Options says what to capture, and how.
type Options struct {
	Interfaces []string // those that do not exist yet are captured when they appear (TCX only)
	Backend    string   // "" is Auto
	Plan       capture.Plan
	// Notice is told, one sentence each: interfaces that come and go, parts that
	// do not work and what is lost by it. nil: nobody. It may be called from any
	// goroutine.
	Notice func(string)
}

// Backend says how a source captures.
type Backend struct {
	Name   string   // tcx, clsact or afpacket
	Misses []string // what is lost by it, one clause each: "drops of this host's kernel (capability CAP_PERFMON)"
	Why    []string // why not those before it on the list, one sentence each
}

// Source implements [capture.Source] on live interfaces. Read, Interfaces and Stats
// are for one goroutine; Wake and Close may be called from any.
type Source struct {
	sys     system
	notice  func(string)
	place   *place
	backend Backend
	feed    feed
	clock   *clock
	table   *table
	warden  *warden
	heard   *heard  // nil: no testimony
	owners  *owners // nil: neither testimony nor the list of sockets

	reading sync.Mutex // held by Read; what it uses is freed by who has it
	closed  atomic.Bool
	asked   atomic.Bool
	once    sync.Once
	closing error
	notes   notes
	next    uint64 // when the clocks are compared again, boot clock
}

var _ capture.Source = (*Source)(nil)

// feed is where the packets come from.
type feed interface {
	// read fills b.Packets and b.Now. It waits for packets as Source.Read does.
	read(b *capture.Batch) error
	// wake makes a read that waits return at once.
	wake()
	interfaces() []capture.Interface
	stats() capture.Stats
	// everySecond tells what was counted instead of being delivered.
	everySecond(tell func(capture.Note)) error
	close() error
}

// Open begins to capture, in the network namespace of the calling thread. The
// error is a *bpf.Unavailable where something is missing; it wraps
// [os.ErrNotExist] where an interface is that cannot be waited for.
func Open(o Options) (*Source, error) { return open(o, kernel()) }

// Backend says how it captures.
func (s *Source) Backend() Backend {
	b := s.backend
	b.Misses, b.Why = slices.Clone(b.Misses), slices.Clone(b.Why)
	return b
}

// Read implements [capture.Source]. It returns within a quarter of a second, with
// no packets if there were none; Now is then how far time has got. After Close it
// returns [os.ErrClosed].
func (s *Source) Read(b *capture.Batch) error {
	s.reading.Lock()
	defer s.reading.Unlock()
	b.Packets, b.Notes, b.Buf = b.Packets[:0], b.Notes[:0], b.Buf[:0]
	if s.closed.Load() {
		return os.ErrClosed
	}
	var err error
	if s.asked.Swap(false) || s.sys.boot() >= s.next {
		err = s.everySecond()
	}
	err = errors.Join(err, s.feed.read(b))
	if s.heard != nil {
		s.heard.poll()
	}
	if s.owners != nil {
		s.owners.settle()
	}
	s.notes.release(b)
	if err != nil && s.closed.Load() {
		return os.ErrClosed
	}
	return err
}

// everySecond compares the clocks and asks the kernel for what it only counted.
func (s *Source) everySecond() error {
	boot, real := s.sys.clocks()
	s.next = boot + second
	if step := s.clock.compare(boot, real); step != 0 {
		s.notice(stepped(step))
	}
	if s.heard != nil {
		s.heard.repeated()
	}
	return s.feed.everySecond(s.notes.add)
}

// Ask makes the next Read tell what the kernel has only counted by then, as it does
// once a second: whoever stops reads once more after it, and misses nothing. It may
// be called from any goroutine.
func (s *Source) Ask() { s.asked.Store(true) }

// Wake makes a Read that waits return at once. It may be called from any goroutine.
func (s *Source) Wake() { s.feed.wake() }

// Interfaces implements [capture.Source]. Those that appear later are appended.
func (s *Source) Interfaces() []capture.Interface { return s.feed.interfaces() }

// Stats implements [capture.Source].
func (s *Source) Stats() capture.Stats { return s.feed.stats() }

// Close detaches everything. A Read that waits returns. Detaching from clsact needs
// CAP_NET_ADMIN: without it, or if the process is killed, the filters stay, run and
// fill a ring that nobody reads, until [packets.Broom] or the next Open removes them.
func (s *Source) Close() error {
	s.once.Do(func() {
		s.closed.Store(true)
		if s.feed != nil {
			s.feed.wake()
		}
		s.reading.Lock()
		defer s.reading.Unlock()
		s.closing = s.release()
	})
	return s.closing
}

// release frees what Open got, in the reverse order; parts may be missing.
func (s *Source) release() error {
	var errs []error
	if s.warden != nil {
		errs = append(errs, s.warden.close())
	}
	if s.owners != nil {
		errs = append(errs, s.owners.close())
	}
	if s.heard != nil {
		errs = append(errs, s.heard.close())
	}
	if s.feed != nil {
		errs = append(errs, s.feed.close())
	}
	if s.place != nil {
		s.place.leave()
	}
	return errors.Join(errs...)
}
