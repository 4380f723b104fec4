package script

import (
	"net/netip"
	"time"

	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/synth"
)

// The home: a client behind a router that resolves for it. The router translates
// its address where the world has a NAT.
var (
	ClientAddr  = netip.MustParseAddr("192.168.1.23")
	ClientAddr6 = netip.MustParseAddr("2001:db8:1::23")
	RouterAddr  = netip.MustParseAddr("192.168.1.1")
	RouterAddr6 = netip.MustParseAddr("2001:db8:1::1")
	PublicAddr  = netip.MustParseAddr("203.0.113.77") // with NAT
)

// Where things are: hops and delay from the client, one way.
const (
	stackDelay    = 25 * time.Microsecond // between a host's network card and its TCP
	accessDelay   = 450 * time.Microsecond
	accessHops    = 1
	providerDelay = 400 * time.Microsecond
	providerHops  = 3

	// The middlebox stands behind these; every site is farther away.
	BoxHops  = accessHops + providerHops
	BoxDelay = stackDelay + accessDelay + providerDelay

	mbit = 1e6 // bits/s
)

// Names of the captures.
const (
	clientFile = "client.pcapng"
	serverFile = "server.pcapng"
)

// World is the small internet of one run in simulated time: a home, the network
// beyond it with the middlebox, and the sites of package site. Change it before
// the first visit.
type World struct {
	*synth.Sim
	Box      *box.Box
	Client   *synth.Host
	Taps     map[string]*synth.Tap        // by file name
	Tools    []synth.Stage                // on the client itself, before its tap
	Boxes    []synth.Stage                // beside the middlebox, on the way to every server; they keep no log
	Fronts   map[netip.Addr][]synth.Stage // just before a server: load balancers
	Lossy    map[netip.Addr]float64       // probability of loss on the way to a server
	Zone     synth.Zone
	Resolver netip.Addr // that the client asks
	NAT      bool       // the router translates IPv4
	Err      error      // what went wrong in the telling

	six              bool
	sites            map[netip.Addr]site.Site // by address in this world
	tapped           map[netip.Addr]bool
	access, provider *synth.Pipe
	mid              *middlebox
	router           *synth.Path
	paths            map[netip.Addr]*synth.Path
	log              []*box.Event
	dialled          []dialled
}

// New returns an undisturbed world. The same seed and start give the same bytes.
func New(seed uint64, start time.Time) *World {
	s := synth.NewSim(start, seed)
	w := &World{Sim: s, Zone: synth.Zone{}, Resolver: RouterAddr, Fronts: map[netip.Addr][]synth.Stage{}, Lossy: map[netip.Addr]float64{},
		Client: &synth.Host{Sim: s, Addr: ClientAddr}, sites: map[netip.Addr]site.Site{}, tapped: map[netip.Addr]bool{},
		paths: map[netip.Addr]*synth.Path{}}
	w.settle(func(a netip.Addr) netip.Addr { return a })
	w.Taps = map[string]*synth.Tap{clientFile: {Sim: s, Name: "eth0", Near: synth.Up, Whole: 4}}
	w.access = &synth.Pipe{Sim: s, Delay: accessDelay, Jitter: 150 * time.Microsecond, Hops: accessHops,
		Rate: [2]float64{20 * mbit, 60 * mbit}, Queue: 400_000}
	w.provider = &synth.Pipe{Sim: s, Delay: providerDelay, Jitter: 100 * time.Microsecond, Hops: providerHops}
	w.mid = newMiddlebox(w, seed)
	w.Box = w.mid.box
	return w
}

// SpeakIPv6 makes everybody speak IPv6 only. Verbs may still be given the sites'
// IPv4 addresses: see [World.Addr]. Call it before anything else.
func (w *World) SpeakIPv6() {
	w.six, w.Client.Addr, w.Resolver = true, ClientAddr6, RouterAddr6
	clear(w.sites)
	w.settle(Six)
}

// settle gives every site its address and its names.
func (w *World) settle(addr func(netip.Addr) netip.Addr) {
	clear(w.Zone)
	for _, s := range site.All {
		a := addr(s.Address())
		w.sites[a] = s
		for _, n := range s.Names {
			w.Zone[n] = append(w.Zone[n], a)
		}
	}
}

// Addr is the address of a site in this world.
func (w *World) Addr(addr string) netip.Addr {
	a := netip.MustParseAddr(addr)
	if w.six && a.Is4() {
		return Six(a)
	}
	return a
}

// site is where an address is.
func (w *World) site(a netip.Addr) site.Site {
	if s, ok := w.sites[a]; ok {
		return s
	}
	return site.Of(a)
}

// Rule adds a rule to the middlebox.
func (w *World) Rule(name string, when box.Match, do box.Action) {
	w.Box.Rules = append(w.Box.Rules, &box.Rule{Name: name, When: when, Do: do})
}

// Log returns what the middlebox did so far.
func (w *World) Log() []*box.Event { return w.log }

// Files returns the captures, by file name.
func (w *World) Files() (map[string][]byte, error) {
	out := map[string][]byte{}
	if w.Err != nil {
		return nil, w.Err
	}
	for name, tap := range w.Taps {
		b, err := tap.PCAPNG()
		if err != nil {
			return nil, err
		}
		out[name] = b
	}
	return out, nil
}
