package classify

import (
	"net/netip"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/service"
	"chokepoint/classify/track"
)

const (
	// arrangedFor is how long what a relay or signalling flow said of another
	// end holds, ns (fingerprints, precedence 8).
	arrangedFor = 300 * second
	// maxArranged is how many ends are remembered, of all clients.
	maxArranged = 1 << 14
	// A flow lends its service from likely on (fingerprints, scoring.verdict). It
	// lends its family where the service is known at all, or it is surer than an
	// address that many share and a port can make it (scoring.caps): what inherits
	// weighs more than a guess does.
	lendsService = 0.5
	lendsFamily  = 0.31
)

// end is one end of a media flow.
type end struct {
	addr  netip.AddrPort
	proto uint8
}

// nat64 is the prefix behind which IPv6 hosts find IPv4 ones (RFC 6052 section
// 2.1). STUN messages name the IPv4 address, packets go to the IPv6 one.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// endOf returns an end by the one form its address has here, and whether media
// can go there. A peer may be named with no port: permissions are for addresses
// (RFC 8656 section 9).
func endOf(a netip.AddrPort, proto uint8) (end, bool) {
	ip := a.Addr().Unmap().WithZone("")
	if ip.Is6() && nat64.Contains(ip) {
		b := ip.As16()
		ip = netip.AddrFrom4([4]byte(b[12:]))
	}
	ok := ip.IsValid() && a.Port() != 0 && !ip.IsUnspecified() && !ip.IsMulticast() && !ip.IsLoopback()
	return end{netip.AddrPortFrom(ip, a.Port()), proto}, ok
}

// promise is what flows said of an end. Without a family it is nobody's: several
// claim it.
type promise struct {
	service, family string
	by              string
	flow            fact.FlowID
	split           bool  // several services of the family claim it
	from, until     int64 // ns
}

// join adds what was said before, if it still held.
func (p *promise) join(old *promise) {
	if p.from > old.until {
		return
	}
	p.from, p.until = min(old.from, p.from), max(old.until, p.until)
	switch {
	case old.flow == p.flow && !old.split && old.family != "": // it says it anew, knowing more
	case old.family != p.family: // nobody's
		p.service, p.family = "", ""
	case old.split || old.service != "" && p.service != "" && old.service != p.service:
		p.service, p.split = "", true
	case p.service == "":
		p.service, p.by, p.flow = old.service, old.by, old.flow
	}
}

// arrangements knows which ends belong to calls that other flows set up. It
// changes only between ticks.
type arrangements struct {
	of    map[end]promise
	order []end // in the order they were first promised
}

func newArrangements() *arrangements { return &arrangements{of: map[end]promise{}} }

// learn keeps what a labelled flow says of the ends of others: the client's
// socket, and the peers and relays it was told of.
func (a *arrangements) learn(o *track.Arranged, l *service.Label) {
	p := promise{flow: o.Flow, from: o.Time, until: o.Time + arrangedFor}
	if l.Mismatch || l.Service == "" && l.Confidence < lendsFamily {
		return
	}
	if p.family = l.Family; p.family == "" {
		p.family = l.Service
	}
	if l.Confidence >= lendsService {
		p.service = l.Service
	}
	if p.family == "" {
		return
	}
	p.by = "socket"
	a.promise(o.Client, o.Proto, p)
	p.by = "peer"
	for _, peer := range o.Peers {
		a.promise(peer, capture.ProtoUDP, p) // relays speak UDP to peers (RFC 8656 section 3.1)
	}
}

func (a *arrangements) promise(to netip.AddrPort, proto uint8, p promise) {
	e, ok := endOf(to, proto)
	if !ok {
		return
	}
	if old, known := a.of[e]; known {
		p.join(&old)
	} else {
		if len(a.order) >= maxArranged {
			delete(a.of, a.order[0])
			a.order = a.order[1:]
		}
		a.order = append(a.order, e)
	}
	a.of[e] = p
}

// about returns what is known of a flow by its ends. Arrangements are made before
// the media flows, or a little after: candidates are tried while the relay is
// still being asked.
func (a *arrangements) about(f *fact.Flow) []service.Arranged {
	var out []service.Arranged
	client := netip.AddrPortFrom(f.Key.SrcAddr(), f.Key.SrcPort)
	server := netip.AddrPortFrom(f.Key.DstAddr(), f.Key.DstPort)
	for _, addr := range [...]netip.AddrPort{client, server} {
		e, _ := endOf(addr, f.Key.Proto)
		p, ok := a.of[e]
		if ok && p.family != "" && f.Start <= p.until && f.Last >= p.from && p.flow != f.ID {
			out = append(out, service.Arranged{Service: p.service, Family: p.family, Function: "call", By: p.by, Flow: p.flow.String()})
		}
	}
	return out
}
