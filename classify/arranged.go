package classify

import (
	"cmp"
	"net/netip"
	"slices"

	"chokepoint/classify/fact"
	"chokepoint/classify/service"
	"chokepoint/classify/track"
)

const (
	// arrangedFor is how long what a relay or signalling flow said of another
	// end holds, ns (fingerprints, precedence 8).
	arrangedFor = 300 * second
	// sessionFor is how long a service counts as live for a client after it was
	// last seen to answer, ns (precedence 6).
	sessionFor = 120 * second
	// maxArranged is how many ends are remembered, of all clients.
	maxArranged = 1 << 14
	// maxSessions is how many clients are remembered, maxLive how many services
	// of one.
	maxSessions = 1 << 14
	maxLive     = 8
)

// end is one end of a media flow.
type end struct {
	addr  netip.AddrPort
	proto uint8
}

// promise is what a flow said of an end.
type promise struct {
	service.Arranged
	from, until int64 // ns
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
	if l.Service == "" && l.Family == "" || l.Mismatch {
		return
	}
	p := promise{
		Arranged: service.Arranged{Service: l.Service, Family: l.Family, Function: "call", Flow: o.Flow.String()},
		from:     o.Time, until: o.Time + arrangedFor,
	}
	p.By = "socket"
	a.promise(end{o.Client, o.Proto}, p)
	p.By = "peer"
	for _, peer := range o.Peers {
		a.promise(end{peer, o.Proto}, p)
	}
}

func (a *arrangements) promise(e end, p promise) {
	if old, known := a.of[e]; known {
		if old.Service != p.Service && p.from <= old.until { // two services claim it: it is nobody's
			p.Service = ""
			if old.Family != p.Family {
				p.Family = ""
			}
		}
		if old.Flow == p.Flow {
			p.from = old.from
		}
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
		p, ok := a.of[end{addr, f.Key.Proto}]
		if ok && p.Family+p.Service != "" && f.Start <= p.until && f.Last >= p.from && p.Flow != f.ID.String() {
			out = append(out, p.Arranged)
		}
	}
	return out
}

// live is a service that answered a client.
type live struct {
	service, family string
	flow            fact.FlowID
	last            int64 // ns
}

// sessions knows which services a client is using. It changes only between
// ticks.
type sessions struct {
	of    map[netip.Addr][]live
	order []netip.Addr
}

func newSessions() *sessions { return &sessions{of: map[netip.Addr][]live{}} }

// owners counts whose services answered a client about when a flow was there.
func (s *sessions) owners(f *fact.Flow, near int64) int {
	var seen []string
	for _, l := range s.of[f.Key.SrcAddr()] {
		who := cmp.Or(l.family, l.service)
		if l.last >= f.Start-near && l.last <= f.Last+near && !slices.Contains(seen, who) {
			seen = append(seen, who)
		}
	}
	return len(seen)
}

// saw notes that a service answered a client.
func (s *sessions) saw(c *fact.Control) {
	if c.Service == "" {
		return
	}
	list, known := s.of[c.Client]
	for i := range list {
		if list[i].service == c.Service {
			list[i].last, list[i].flow = max(list[i].last, c.Last), c.Flow
			return
		}
	}
	if !known {
		if len(s.order) >= maxSessions {
			delete(s.of, s.order[0])
			s.order = s.order[1:]
		}
		s.order = append(s.order, c.Client)
	}
	if len(list) >= maxLive {
		list = list[1:]
	}
	s.of[c.Client] = append(list, live{c.Service, c.Owner, c.Flow, c.Last})
}

// about returns the services of a family that were live for a client while a
// flow was.
func (s *sessions) about(f *fact.Flow, family string) []service.Arranged {
	var out []service.Arranged
	for _, l := range s.of[f.Key.SrcAddr()] {
		if l.family == family && l.last >= f.Start-sessionFor && l.flow != f.ID {
			out = append(out, service.Arranged{Service: l.service, Family: l.family, By: "session", Flow: l.flow.String()})
		}
	}
	return out
}
