package story

import (
	"net/netip"
	"time"

	"chokepoint/capture"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/synth"
)

// The home: a client behind a router that resolves for it and translates its
// address.
var (
	clientAddr = netip.MustParseAddr("192.168.1.23")
	routerAddr = netip.MustParseAddr("192.168.1.1")
	publicAddr = netip.MustParseAddr("203.0.113.77")
	googleDNS  = netip.MustParseAddr("8.8.8.8")
)

// Where things are: hops and delay from the client, one way.
const (
	stackDelay    = 25 * time.Microsecond // between a host's network card and its TCP
	accessDelay   = 450 * time.Microsecond
	accessHops    = 1
	providerDelay = 400 * time.Microsecond
	providerHops  = 3 // boxes stand behind these
	boxHops       = accessHops + providerHops
	boxDelay      = stackDelay + accessDelay + providerDelay
	mbit          = 1e6
)

// world is the home, the network beyond it and the sites, as one story has
// them. Change it before the first visit.
type world struct {
	*synth.Sim
	client *synth.Host
	taps   map[string]*synth.Tap // by file name
	tools  []synth.Stage         // on the client itself, before its tap
	boxes  []synth.Stage         // on the way to every server beyond the provider
	lossy  map[netip.Addr]float64
	tapped map[netip.Addr]bool // servers that record too
	zone   synth.Zone
	asks   netip.Addr // resolver the client uses
	err    error

	access, provider *synth.Pipe
	router           *synth.Path
	paths            map[netip.Addr]*synth.Path
}

// newWorld returns the undisturbed world at a time of 2026-11.
func newWorld(start string, seed uint64) *world {
	t, err := time.Parse(time.RFC3339, start)
	s := synth.NewSim(t, seed)
	w := &world{Sim: s, err: err, zone: synth.Zone{}, asks: routerAddr, lossy: map[netip.Addr]float64{}, tapped: map[netip.Addr]bool{},
		client: &synth.Host{Sim: s, Addr: clientAddr}, paths: map[netip.Addr]*synth.Path{}}
	for _, s := range site.All {
		for _, n := range s.Names {
			w.zone[n] = append(w.zone[n], s.Address())
		}
	}
	w.taps = map[string]*synth.Tap{"client.pcapng": {Sim: s, Name: "eth0", Near: synth.Up, Whole: 4}}
	w.access = &synth.Pipe{Sim: s, Delay: accessDelay, Jitter: 150 * time.Microsecond, Hops: accessHops,
		Rate: [2]float64{20 * mbit, 60 * mbit}, Queue: 400_000}
	w.provider = &synth.Pipe{Sim: s, Delay: providerDelay, Jitter: 100 * time.Microsecond, Hops: providerHops}
	w.router = w.localResolver()
	return w
}

// localResolver is the home router's own DNS, on the LAN.
func (w *world) localResolver() *synth.Path {
	h := &synth.Host{Sim: w.Sim, Addr: routerAddr}
	synth.Resolver(h, w.zone, 6*time.Millisecond)
	return &synth.Path{Client: w.client, Server: h, Stages: []synth.Stage{w.stack(), w.taps["client.pcapng"],
		&synth.Pipe{Sim: w.Sim, Delay: 200 * time.Microsecond, Jitter: 200 * time.Microsecond}}}
}

func (w *world) stack() *synth.Pipe {
	return &synth.Pipe{Sim: w.Sim, Delay: stackDelay, Jitter: 20 * time.Microsecond}
}

// path returns the way to a server, made when first asked for.
func (w *world) path(a netip.Addr) *synth.Path {
	if p := w.paths[a]; p != nil {
		return p
	}
	at := site.Of(a)
	h := &synth.Host{Sim: w.Sim, Addr: a, TTL: at.TTL}
	if a == googleDNS {
		synth.Resolver(h, w.zone, 800*time.Microsecond)
	}
	core := &synth.Pipe{Sim: w.Sim, Delay: at.RTT/2 - boxDelay - stackDelay, Jitter: 400 * time.Microsecond, Hops: at.Hops - boxHops}
	core.Loss = [2]float64{w.lossy[a], w.lossy[a]}
	p := &synth.Path{Client: w.client, Server: h}
	p.Stages = append(p.Stages, w.stack())
	p.Stages = append(append(p.Stages, w.tools...), w.taps["client.pcapng"], w.access, &synth.NAT{Inside: clientAddr, Outside: publicAddr}, w.provider)
	p.Stages = append(append(p.Stages, w.boxes...), core)
	if w.tapped[a] {
		p.Stages = append(p.Stages, w.serverTap())
	}
	p.Stages = append(p.Stages, w.stack())
	w.paths[a] = p
	return p
}

func (w *world) serverTap() *synth.Tap {
	t := w.taps["server.pcapng"]
	if t == nil {
		t = &synth.Tap{Sim: w.Sim, Name: "eth0", Near: synth.Down, Whole: 4}
		w.taps["server.pcapng"] = t
	}
	return t
}

// host is the server at an address, to be changed.
func (w *world) host(addr string) *synth.Host { return w.path(netip.MustParseAddr(addr)).Server }

// around does something within half a second of a time: nobody is exact.
func (w *world) around(at time.Duration, f func()) { w.At(at+w.Jitter(500*time.Millisecond), f) }

// resolve asks for a name at a time and hands on the first address.
func (w *world) resolve(at time.Duration, name string, then func(netip.Addr)) {
	w.around(at, func() {
		path := w.router
		if w.asks != routerAddr {
			path = w.path(w.asks)
		}
		query, err := synth.Query(uint16(w.Rand.Uint32()), name)
		if err != nil {
			w.err = err
			return
		}
		answered := false
		synth.Ask(path, 53, query, func(p *synth.Packet) {
			_, addrs := synth.Addresses(p.Payload)
			if !answered && len(addrs) > 0 && then != nil {
				w.After(w.Jitter(2*time.Millisecond), func() { then(addrs[0]) })
			}
			answered = true
		})
	})
}

// to matches packets to and from these addresses.
func to(addrs ...string) synth.Match {
	set := map[netip.Addr]bool{}
	for _, a := range addrs {
		set[netip.MustParseAddr(a)] = true
	}
	return func(p *synth.Packet) bool {
		if p.Dir == synth.Up {
			return set[p.Dst.Addr()]
		}
		return p.Proto == capture.ProtoTCP && set[p.Src.Addr()]
	}
}
