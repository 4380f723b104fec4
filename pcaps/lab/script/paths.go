package script

import (
	"net/netip"
	"time"

	"chokepoint/pcaps/site"
	"chokepoint/pcaps/synth"
)

// local is the way to the home router's own DNS, on the LAN.
func (w *World) local() *synth.Path {
	if w.router == nil {
		h := &synth.Host{Sim: w.Sim, Addr: w.Resolver}
		synth.Resolver(h, w.Zone, 6*time.Millisecond)
		w.router = &synth.Path{Client: w.Client, Server: h, Stages: []synth.Stage{w.stack(), w.Taps[clientFile],
			&synth.Pipe{Sim: w.Sim, Delay: 200 * time.Microsecond, Jitter: 200 * time.Microsecond}}}
	}
	return w.router
}

func (w *World) stack() *synth.Pipe {
	return &synth.Pipe{Sim: w.Sim, Delay: stackDelay, Jitter: 20 * time.Microsecond}
}

// Path returns the way to a server, made when first asked for.
func (w *World) Path(a netip.Addr) *synth.Path {
	if p := w.paths[a]; p != nil {
		return p
	}
	h := &synth.Host{Sim: w.Sim, Addr: a, TTL: w.site(a).TTL}
	if a == w.Resolver || a == w.Addr(site.GoogleDNS) {
		synth.Resolver(h, w.Zone, 800*time.Microsecond)
	}
	p := &synth.Path{Client: w.Client, Server: h, Stages: append([]synth.Stage{w.stack()}, w.Tools...)}
	p.Stages = append(p.Stages, w.Taps[clientFile], w.access)
	if w.NAT && a.Is4() {
		p.Stages = append(p.Stages, &synth.NAT{Inside: ClientAddr, Outside: PublicAddr})
	}
	p.Stages = append(append(p.Stages, w.provider, w.mid), w.Boxes...)
	p.Stages = append(append(p.Stages, w.core(a)), w.Fronts[a]...)
	if w.tapped[a] {
		p.Stages = append(p.Stages, w.serverTap())
	}
	p.Stages = append(p.Stages, w.stack())
	w.paths[a] = p
	return p
}

// core is the network between the middlebox and a server.
func (w *World) core(a netip.Addr) *synth.Pipe {
	at, loss := w.site(a), w.Lossy[a]
	return &synth.Pipe{Sim: w.Sim, Delay: at.RTT/2 - BoxDelay - stackDelay, Jitter: 400 * time.Microsecond, Hops: at.Hops - BoxHops,
		Loss: [2]float64{loss, loss}}
}

// Record makes servers record what they see, all into one server.pcapng.
func (w *World) Record(addrs ...string) {
	for _, a := range addrs {
		w.tapped[w.Addr(a)] = true
	}
}

func (w *World) serverTap() *synth.Tap {
	t := w.Taps[serverFile]
	if t == nil {
		t = &synth.Tap{Sim: w.Sim, Name: "eth0", Near: synth.Down, Whole: 4}
		w.Taps[serverFile] = t
	}
	return t
}

// Host is the server at an address, to be changed. Its path is made: what stands on
// it has to be there already.
func (w *World) Host(addr string) *synth.Host { return w.Path(w.Addr(addr)).Server }

// Weather has all of the way beyond the home router lose packets with a probability
// more, and hold some by a while others overtake them.
func (w *World) Weather(loss, reorder float64, by time.Duration) {
	w.provider.Loss = [2]float64{loss, loss}
	w.provider.Reorder, w.provider.ReorderBy = reorder, by
}
