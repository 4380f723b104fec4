package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"time"

	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/lab/netns"
	"chokepoint/pcaps/lab/peer/dnspeer"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/lab/script"
	"chokepoint/pcaps/lab/tap"
	"chokepoint/pcaps/lab/wire"
	"chokepoint/pcaps/site"
)

// Where the middlebox stands: behind the client's router and three hops of its
// provider.
const (
	nearDelay  = 900 * time.Microsecond
	nearJitter = 150 * time.Microsecond
	nearHops   = 4
	farJitter  = 300 * time.Microsecond
)

// mbit is bits/s.
const mbit = 1e6

// Addresses of the home.
var (
	ClientAddr  = netip.MustParseAddr("192.168.1.23")
	ClientAddr6 = netip.MustParseAddr("2001:db8:1::23")
	RouterAddr  = netip.MustParseAddr("192.168.1.1") // resolves for the home; none of the sites
)

// World is the small internet of one run: a client at home, the sites of package
// site behind one interface, and the middlebox between them. A scenario changes it
// and plans what happens; nothing moves before it has returned.
type World struct {
	Box       *box.Box
	Near, Far [2]*box.Pipe // the box's links, by direction
	Zone      map[string][]netip.Addr
	Resolver  netip.AddrPort // that the client asks
	DNS       dnspeer.Server // of every resolver
	Sites     talk.ServerOptions
	Keep      tap.Keep
	Talk      talk.Client // whom conversations are opened with; its Net is the client's
	V6        bool        // the client asks for and uses IPv6

	ctx    context.Context
	stop   context.CancelFunc
	hosts  *netns.Hosts
	beside Beside
	plan   []step
	serves []func(context.Context) error
	closes []func()
	work   sync.WaitGroup
	start  time.Time
	line   *wire.Wire // the middlebox's, once it is connected
	pulse  pulse

	mu    sync.Mutex
	notes []string
	log   []*box.Event
	dead  map[netip.Addr]bool // see SetDead
}

// step is something planned.
type step struct {
	at time.Duration
	do func(context.Context)
}

// roomy lets the middlebox's thread run when it wants to: with as many threads as
// cores, two hosts that compute hold it up for tens of milliseconds (measured).
var roomy = sync.OnceFunc(func() { runtime.GOMAXPROCS(max(8, 2*runtime.NumCPU())) })

func newWorld(ctx context.Context, seed uint64, beside Beside) (*World, error) {
	roomy()
	hosts, err := netns.Internet(netns.Options{Offloads: beside.Offloads})
	if err != nil {
		return nil, err
	}
	w := &World{Box: box.New(seed), Zone: map[string][]netip.Addr{}, Resolver: netip.AddrPortFrom(RouterAddr, 53),
		dead: map[netip.Addr]bool{}, hosts: hosts, beside: beside}
	// Unless told otherwise: the machine may prefer another one.
	w.Talk.Congestion, w.Sites.Congestion = "cubic", "cubic"
	w.Talk.Net = hosts.Client
	w.ctx, w.stop = context.WithCancel(ctx)
	for _, s := range site.All {
		for _, n := range s.Names {
			w.Zone[n] = append(w.Zone[n], s.Address(), script.Six(s.Address()))
		}
	}
	w.Near = [2]*box.Pipe{
		{Jitter: nearJitter, Rate: 20 * mbit, Queue: 400_000, Site: near},
		{Jitter: nearJitter, Rate: 60 * mbit, Queue: 400_000, Site: near},
	}
	w.Far = [2]*box.Pipe{{Jitter: farJitter, Site: far}, {Jitter: farJitter, Site: far}}
	w.Box.Log = func(e *box.Event) {
		w.mu.Lock()
		w.log = append(w.log, e)
		w.mu.Unlock()
	}
	return w, nil
}

// near is the distance of a server from the client that lies before the box.
func near(server netip.Addr) (time.Duration, uint8) {
	if atHome(server) {
		return 200 * time.Microsecond, 0
	}
	return nearDelay, nearHops
}

// far is the rest of the way.
func far(server netip.Addr) (time.Duration, uint8) {
	if atHome(server) {
		return 0, 0
	}
	s := siteOf(server)
	return s.RTT/2 - nearDelay - nearJitter/2 - farJitter/2, s.Hops - nearHops
}

// atHome reports whether an address is the home's own router.
func atHome(a netip.Addr) bool { return a == RouterAddr || a == script.RouterAddr6 }

// sixes are the sites by their IPv6 address.
var sixes = func() map[netip.Addr]site.Site {
	m := map[netip.Addr]site.Site{}
	for _, s := range site.All {
		m[script.Six(s.Address())] = s
	}
	return m
}()

func siteOf(a netip.Addr) site.Site {
	if s, ok := sixes[a]; ok {
		return s
	}
	return site.Of(a)
}

// Rule adds a rule to the middlebox.
func (w *World) Rule(name string, when box.Match, do box.Action) {
	w.Box.Rules = append(w.Box.Rules, &box.Rule{Name: name, When: when, Do: do})
}

// At plans something that a host does when d has passed since the beginning. Its
// context ends when the scenario does.
func (w *World) At(d time.Duration, do func(context.Context)) {
	w.plan = append(w.plan, step{d, do})
}

// Note remembers what a host met; a nil error is worth no note.
func (w *World) Note(who string, err error) {
	if err == nil || w.ctx.Err() != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.notes = append(w.notes, fmt.Sprintf("%s: %v", who, err))
}

// Notes returns what hosts met so far.
func (w *World) Notes() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.notes...)
}

// Log returns what the middlebox did so far.
func (w *World) Log() []*box.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]*box.Event(nil), w.log...)
}

// Client and Server run things on a host: sysctls, commands, sockets.
func (w *World) Client() *netns.NS { return w.hosts.Client }

// Server is the rest of the internet.
func (w *World) Server() *netns.NS { return w.hosts.Server }

// Middle is where the middlebox stands. What it sends to the client leaves by c0,
// and to the server by s0, through what the kernel has there.
func (w *World) Middle() *netns.NS { return w.hosts.Box }

// run plays what was planned.
func (w *World) run(lasts time.Duration) (map[string]tap.Capture, error) {
	if err := w.serve(); err != nil {
		return nil, err
	}
	line, err := w.connect()
	if err != nil {
		return nil, err
	}
	unwatch, err := w.watch()
	if err != nil {
		return nil, err
	}
	defer unwatch()
	taps, err := w.record()
	if err != nil {
		return nil, err
	}
	failed := make(chan error, 1)
	w.work.Go(func() {
		if err := line.Run(w.ctx); err != nil && w.ctx.Err() == nil {
			failed <- err
		}
	})
	w.start = time.Now()
	w.work.Go(func() { w.pulse.run(w.ctx.Done()) })
	for _, s := range w.plan {
		w.work.Go(func() { w.step(s) })
	}
	select {
	case <-time.After(lasts + settle):
	case err = <-failed:
	case <-w.ctx.Done():
		err = w.ctx.Err()
	}
	out := map[string]tap.Capture{}
	for file, t := range taps {
		c, e := t.Stop()
		out[file] = c
		if err == nil {
			err = e
		}
	}
	return out, err
}

func (w *World) step(s step) {
	select {
	case <-time.After(time.Until(w.start.Add(s.at))):
		s.do(w.ctx)
	case <-w.ctx.Done():
	}
}

// SetDead switches a server off, or on again: nothing comes back from one that is dead.
func (w *World) SetDead(server netip.Addr, dead bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead[server] = dead
}

func (w *World) isDead(server netip.Addr) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dead[server]
}

// connect puts the middlebox between the hosts.
func (w *World) connect() (*wire.Wire, error) {
	w.Box.Near = [2]box.Link{w.Near[box.Up], w.Near[box.Down]}
	dead := box.Silent{Dead: w.isDead}
	w.Box.Far = [2]box.Link{box.Chain{dead, w.Far[box.Up]}, w.Far[box.Down]}
	line, err := wire.Open(w.hosts.Box.Do, "c0", "s0", w.Box)
	if err != nil {
		return nil, err
	}
	w.closes = append(w.closes, func() { line.Close() })
	w.line = line
	return line, nil
}

// record starts a capture on each host.
func (w *World) record() (map[string]*tap.Tap, error) {
	taps := map[string]*tap.Tap{}
	for _, at := range w.places() {
		t, err := tap.Open(at.NS, at.Interface)
		if err != nil {
			for _, t := range taps {
				_, stopped := t.Stop()
				err = errors.Join(err, stopped)
			}
			return nil, err
		}
		taps[at.File] = t
	}
	return taps, nil
}

// close ends everything: what hosts do, then the namespaces with all that is in
// them.
func (w *World) close() {
	w.stop()
	for _, f := range w.closes {
		f()
	}
	w.work.Wait()
	w.hosts.Close()
}
