package classify

import (
	"cmp"
	"net/netip"
	"slices"

	"chokepoint/classify/fact"
	"chokepoint/classify/service"
)

const (
	// sessionFor is how long before and after it answered a service counts as
	// live for a client, ns (fingerprints, precedence 6).
	sessionFor = 120 * second
	// showsSession is how sure a flow must be of its service to make it live:
	// likely (fingerprints, scoring.verdict).
	showsSession = 0.5
	// maxSessions is how many clients are remembered, maxLive how many services
	// of one, the latest.
	maxSessions = 1 << 14
	maxLive     = 16
	// openGap is how close together connections to a service count once, and
	// maxOpened how many of them are remembered, the latest: more than a probe
	// lasts and is judged after.
	openGap   = 10 * second
	maxOpened = 16
)

// live is a time in which a service answered a client.
type live struct {
	service, family string
	flow, other     fact.FlowID // the first flow that showed it, and the first other one
	first, last     int64       // ns
	opened          []int64     // when connections were opened, ns
}

// near reports whether a service was live at most slack before or after a time.
func (l *live) near(from, to, slack int64) bool {
	return l.first-slack <= to && l.last+slack >= from
}

// saw adds a span in which a flow of the service was answered.
func (l *live) saw(c *fact.Control) {
	l.first, l.last = min(l.first, c.First), max(l.last, c.Last)
	if l.other == 0 && c.Flow != l.flow {
		l.other = c.Flow
	}
	if c.First >= c.Last { // it goes on: only the first report of a flow is a span, from its start on
		return
	}
	if n := len(l.opened); n > 0 && c.First < l.opened[n-1]+openGap {
		return
	}
	if len(l.opened) >= maxOpened {
		l.opened = slices.Delete(l.opened, 0, 1)
	}
	l.opened = append(l.opened, c.First)
}

// sessions knows which services a client is using. It changes only between
// ticks.
type sessions struct {
	of    map[netip.Addr][]live
	order []netip.Addr // in the order they were first seen
}

func newSessions() *sessions { return &sessions{of: map[netip.Addr][]live{}} }

// saw notes that a service answered a client.
func (s *sessions) saw(c *fact.Control) {
	if c.Service == "" {
		return
	}
	list, known := s.of[c.Client]
	for i := range list {
		if list[i].service == c.Service && list[i].near(c.First, c.Last, sessionFor) {
			list[i].saw(c)
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
		at := oldest(list)
		list = slices.Delete(list, at, at+1)
	}
	l := live{service: c.Service, family: c.Owner, flow: c.Flow, first: c.First, last: c.Last}
	l.saw(c)
	s.of[c.Client] = append(list, l)
}

// oldest returns the index of what was live longest ago.
func oldest(list []live) int {
	at := 0
	for i := range list {
		if list[i].last < list[at].last {
			at = i
		}
	}
	return at
}

// about returns the services of a family that were live for a client near some
// time, by what other flows than one show.
func (s *sessions) about(client netip.Addr, but fact.FlowID, from, to int64, family string) []service.Arranged {
	var out []service.Arranged
	list := s.of[client]
	for i := range list {
		l := &list[i]
		by := l.flow
		if by == but {
			by = l.other
		}
		if l.family == family && by != 0 && l.near(from, to, sessionFor) {
			out = append(out, service.Arranged{Service: l.service, Family: l.family, By: "session", Flow: by.String()})
		}
	}
	return out
}

// owners counts whose services a client connected to at most near before or
// after a flow was.
func (s *sessions) owners(f *fact.Flow, near int64) int {
	var seen []string
	list := s.of[f.Key.SrcAddr()]
	for i := range list {
		l := &list[i]
		who := cmp.Or(l.family, l.service)
		opened := slices.ContainsFunc(l.opened, func(t int64) bool { return t >= f.Start-near && t <= f.Last+near })
		if opened && !slices.Contains(seen, who) {
			seen = append(seen, who)
		}
	}
	return len(seen)
}
