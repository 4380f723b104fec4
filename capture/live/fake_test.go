//go:build linux

package live

import (
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"chokepoint/bpf/owner"
	"chokepoint/bpf/packets"
	"chokepoint/bpf/testimony"
	"chokepoint/capture"
	"chokepoint/capture/afpacket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// epoch0 is what the wall clock is ahead of the boot clock in the fake world.
const epoch0 = int64(1_700_000_000_000_000_000)

// fake is a world that a test controls.
type fake struct {
	mu       sync.Mutex
	boot     atomic.Uint64
	offset   atomic.Int64
	program  fakeProgram
	witness  fakeWitness
	register fakeRegister
	ring     fakeRing
	devices  []device
	out      chan change
	notices  []string
	swept    []int

	loadErr, testifyErr, registerErr, ringErr error
}

func newFake() *fake {
	f := &fake{
		devices: []device{{1, "lo", "loopback", true}, {2, "eth0", "ether", true}, {3, "tun0", "none", true}},
		out:     make(chan change),
	}
	f.program.wake = make(chan struct{}, 1)
	f.program.records = make(chan record, 1<<16)
	f.boot.Store(10 * second)
	f.offset.Store(epoch0)
	return f
}

// at is the time of packets that the fake boot clock stands for.
func at(boot uint64) int64 { return int64(boot) + epoch0 }

func (f *fake) system() system {
	return system{
		patience: 10 * time.Millisecond,
		load:     func(packets.Config) (program, error) { return &f.program, f.loadErr },
		sweep:    func(i int) (int, error) { f.swept = append(f.swept, i); return 2, nil },
		testify:  func(c testimony.Config) (witness, error) { f.witness.netns = c.Netns; return &f.witness, f.testifyErr },
		register: func() (register, error) { return &f.register, f.registerErr },
		ring:     func(c afpacket.Config) (ring, error) { f.ring.names = c.Interfaces; return &f.ring, f.ringErr },
		links:    func(*place) (links, error) { return f, nil },
		netns:    func() uint32 { return 77 },
		boot:     f.boot.Load,
		clocks: func() (uint64, int64) {
			b := f.boot.Load()
			return b, int64(b) + f.offset.Load()
		},
	}
}

// list, changes and close make the fake a links.
func (f *fake) list() ([]device, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.devices), nil
}
func (f *fake) changes() <-chan change { return f.out }
func (f *fake) close()                 {}

func (f *fake) notice(s string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.notices = append(f.notices, s)
}

// told waits for a notice, or the next of the same words.
func (f *fake) told(t *testing.T, want string) {
	t.Helper()
	eventually(t, "notice "+want, func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		i := slices.IndexFunc(f.notices, func(s string) bool { return strings.Contains(s, want) })
		if i >= 0 {
			f.notices = slices.Delete(f.notices, i, i+1)
		}
		return i >= 0
	})
}

func (f *fake) open(t *testing.T, o Options) *Source {
	t.Helper()
	if o.Interfaces == nil {
		o.Interfaces = []string{"eth0", "tun0", "lo"}
	}
	if o.Plan == (capture.Plan{}) {
		o.Plan = capture.Live
	}
	o.Notice = f.notice
	s, err := open(o, f.system())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// eventually polls with a deadline.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if f() {
			return
		}
	}
	t.Fatal("never happened: ", what)
}

type record struct {
	packets.Header
	frame []byte
}

// fakeProgram sends what the test puts into records.
type fakeProgram struct {
	mu        sync.Mutex
	records   chan record
	wake      chan struct{}
	unseen    []packets.Unseen
	counts    packets.Counts
	tcxErr    error
	clsactErr error
	attached  []int // indices, negative: without a link header
	detached  int
	closed    int
	err       error // of Next
}

func (p *fakeProgram) attach(i int, l3 bool) io.Closer {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l3 {
		i = -i
	}
	p.attached = append(p.attached, i)
	return p
}
func (p *fakeProgram) AttachTCX(i int, l3 bool) (io.Closer, error) {
	if p.tcxErr != nil {
		return nil, p.tcxErr
	}
	return detacher{p.attach(i, l3).(*fakeProgram)}, nil
}
func (p *fakeProgram) AttachClsact(i int, l3 bool) (io.Closer, error) {
	if p.clsactErr != nil {
		return nil, p.clsactErr
	}
	return detacher{p.attach(i, l3).(*fakeProgram)}, nil
}

type detacher struct{ p *fakeProgram }

func (d detacher) Close() error {
	d.p.mu.Lock()
	defer d.p.mu.Unlock()
	d.p.detached++
	return nil
}

func (p *fakeProgram) indices() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.attached)
}

func (p *fakeProgram) send(r ...record) {
	for _, r := range r {
		p.records <- r
	}
}

func (p *fakeProgram) Next(b *packets.Block, deadline time.Time) (emptied bool, err error) {
	taken := 0
	for {
		select {
		case r := <-p.records:
			b.Add(r.Header, r.frame)
			if taken++; taken == packets.MaxRecords {
				return false, nil
			}
			continue
		default:
		}
		switch wait := time.Until(deadline); {
		case taken > 0:
			return true, nil
		case p.err != nil:
			return false, p.err
		case wait <= 0:
			return true, nil
		default:
			deadline = time.Time{}
			select {
			case r := <-p.records:
				b.Add(r.Header, r.frame)
				taken++
			case <-p.wake:
			case <-time.After(wait):
			}
		}
	}
}
func (p *fakeProgram) Wake() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}
func (p *fakeProgram) Unseen(tell func(packets.Unseen)) error {
	for _, u := range p.unseen {
		tell(u)
	}
	p.unseen = nil
	return nil
}
func (p *fakeProgram) Counts() (packets.Counts, error) { return p.counts, nil }
func (p *fakeProgram) Close() error                    { p.closed++; return nil }

// fakeWitness tells what the test puts into it.
type fakeWitness struct {
	netns            []uint32
	events, repeated []testimony.Event
	counts           testimony.Counts
	err              error // of Next
	closed           int
}

func (w *fakeWitness) Next(time.Time) (testimony.Event, error) {
	if len(w.events) == 0 && w.err != nil {
		return testimony.Event{}, w.err
	}
	if len(w.events) == 0 {
		return testimony.Event{}, testimony.ErrNothing
	}
	e := w.events[0]
	w.events = w.events[1:]
	return e, nil
}
func (w *fakeWitness) Repeated(tell func(testimony.Event)) error {
	for _, e := range w.repeated {
		tell(e)
	}
	w.repeated = nil
	return nil
}
func (w *fakeWitness) Reason(e *testimony.Event) string {
	return map[uint32]string{1: "NETFILTER_DROP", 2: "TCP_ABORT_ON_DATA"}[e.Reason]
}
func (w *fakeWitness) Counts() (testimony.Counts, error) { return w.counts, nil }
func (w *fakeWitness) Close() error                      { w.closed++; return nil }

// fakeRegister lists what the test puts into it.
type fakeRegister struct {
	mu      sync.Mutex
	sockets []owner.Socket
	looks   int
	err     error
}

func (r *fakeRegister) Sockets(tell func(owner.Socket)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.looks++
	for _, s := range r.sockets {
		tell(s)
	}
	return r.err
}
func (r *fakeRegister) Cgroup(id uint64) string {
	if id == 9 {
		return "/user.slice"
	}
	return ""
}
func (r *fakeRegister) Close() error { return nil }

// fakeRing delivers batches of packets.
type fakeRing struct {
	names  []string
	frames [][]byte
	now    int64
	woken  int
	closed bool
}

func (r *fakeRing) Read(b *capture.Batch) error {
	if r.closed {
		return os.ErrClosed
	}
	for i, f := range r.frames {
		b.Packets = append(b.Packets, capture.Packet{Num: uint64(i + 1), Time: r.now, Frame: f, WireLen: uint32(len(f)), Link: capture.LinkEthernet})
	}
	r.frames = nil
	b.Now = r.now
	return nil
}
func (r *fakeRing) Wake() { r.woken++ }
func (r *fakeRing) Interfaces() []capture.Interface {
	return []capture.Interface{{Name: "eth0", Link: capture.LinkEthernet}}
}
func (r *fakeRing) Stats() capture.Stats { return capture.Stats{Dropped: 3} }
func (r *fakeRing) Close() error         { r.closed = true; return nil }

var errFake = errors.New("as the test wants it")
