package answer

import (
	"maps"
	"net/netip"

	"chokepoint/classify/fact"
)

// maxClients bounds the clients counted per service.
const maxClients = 1000

// Limits below which a rate says nothing about the network: what a flow moved
// (bytes) and its best second (bits/s). A chat's trickle is not a speed.
const (
	rateBytes = 256 << 10
	rateFloor = 64e3
)

// tally counts the attempts of one function of a service.
type tally struct {
	worked, failed, open int
	spare                int              // failures that clients fall back from, not in failed
	own                  int              // failures that this host itself made, of both
	names, denied        int              // DNS queries
	asked                map[string]asked // the same by name, nil: none
	stages               [stages]int
	firstFail            int64 // ns, 0 none
	peak                 float64
	blind                fact.Blindness // of what failed or could not be told
}

func (t *tally) add(a attempt, at int64, blind fact.Blindness) {
	switch a.outcome {
	case worked:
		t.worked++
	case open:
		t.open++
		t.blind |= blind
	case failed:
		if a.spare {
			t.spare++
		} else {
			t.failed++
		}
		if a.own {
			t.own++
		}
		t.fail(a.stage, at)
		t.blind |= blind
	}
}

func (t *tally) fail(s stage, at int64) {
	t.stages[s]++
	t.failedAt(at)
}

func (t *tally) failedAt(at int64) {
	if t.firstFail == 0 || at < t.firstFail {
		t.firstFail = at
	}
}

// accuse turns an attempt into a failure because a finding says so.
func (t *tally) accuse(name string, r record) {
	switch {
	case r.queries > 0:
		t.deny(name, r.queries-r.denied)
	case r.outcome == worked:
		t.worked--
		t.failed++
		t.stages[stageCut]++
	case r.outcome == open:
		t.open--
		t.failed++
		t.stages[stageCut]++
	case r.outcome == idle:
		t.failed++
		t.stages[stageCut]++
	}
	t.failedAt(r.at)
}

// excuse takes an attempt out because it was none: nobody wanted the service.
func (t *tally) excuse(r record) {
	switch r.outcome {
	case worked:
		t.worked--
	case open:
		t.open--
	case failed:
		t.stages[r.stage]--
		if r.spare {
			t.spare--
		} else {
			t.failed--
		}
		if r.own {
			t.own--
		}
	}
}

func (t *tally) plus(o *tally) {
	t.worked += o.worked
	t.failed += o.failed
	t.open += o.open
	t.spare += o.spare
	t.own += o.own
	t.names += o.names
	t.denied += o.denied
	t.plusAsked(o.asked)
	for i := range t.stages {
		t.stages[i] += o.stages[i]
	}
	if o.firstFail != 0 {
		t.failedAt(o.firstFail)
	}
	t.peak = max(t.peak, o.peak)
	t.blind |= o.blind
}

// connections is how many attempts were more than a query.
func (t *tally) connections() int { return t.worked + t.failed + t.spare + t.open }

// broken is how many failures count: those with a way around only when nothing
// worked.
func (t *tally) broken() int {
	if t.worked == 0 {
		return t.failed + t.spare
	}
	return t.failed
}

// works sums up the attempts. One failure in ten is everyday life.
func (t *tally) works() string {
	good, bad := t.worked, t.broken()
	if t.connections() == 0 {
		return t.resolves()
	}
	switch {
	case good == 0 && bad == 0:
		return WorksUnseen
	case good == 0:
		return WorksNo
	case bad*10 <= good+bad:
		return WorksYes
	}
	return WorksPartly
}

// mostlyFails: at least half of the connections, and more than one.
func (t *tally) mostlyFails() bool {
	bad := t.broken()
	return bad >= 2 && bad >= t.worked
}

// seen is what was seen of one service.
type seen struct {
	family      string
	flows       int
	functions   map[string]*tally
	places      map[string]*tally
	clients     map[netip.Addr]bool // true: affected
	opens       sample              // handshake RTT, ms
	first, last int64               // span of what worked, ns
	peers       map[netip.Addr]bool // addresses at which it worked
	bytes       [2]uint64           // IP bytes
	peak        [2]float64
	lost, sent  uint64 // wire segments of TCP flows that worked
}

func newSeen() *seen {
	return &seen{functions: map[string]*tally{}, places: map[string]*tally{}, clients: map[netip.Addr]bool{}, peers: map[netip.Addr]bool{}}
}

func (s *seen) tally(function string) *tally {
	function = normal(function)
	t := s.functions[function]
	if t == nil {
		t = &tally{}
		s.functions[function] = t
	}
	return t
}

// normal is the key of a function.
func normal(function string) string {
	if function == "" {
		return FunctionAny
	}
	return function
}

func (s *seen) client(a netip.Addr, affected bool) {
	if _, ok := s.clients[a]; ok || len(s.clients) < maxClients {
		s.clients[a] = s.clients[a] || affected
	}
}

// add counts a flow that is not a DNS exchange.
func (s *seen) add(f *fact.Flow, a attempt) {
	t := s.tally(f.Label.Function)
	t.add(a, f.Start, f.Blind)
	if at := s.place(f.Label.Place); at != nil {
		at.add(a, f.Start, f.Blind)
	}
	s.client(f.Key.SrcAddr(), a.outcome == failed && !a.spare)
	up, down := &f.Sides[fact.Up], &f.Sides[fact.Down]
	for d := range f.Sides {
		s.bytes[d] += f.Sides[d].IPBytes
	}
	if up.IPBytes+down.IPBytes >= rateBytes {
		s.peak[fact.Up] = max(s.peak[fact.Up], up.PeakBps)
		s.peak[fact.Down] = max(s.peak[fact.Down], down.PeakBps)
		t.peak = max(t.peak, down.PeakBps)
	}
	if rtt, ok := opens(f); ok {
		s.opens.add(rtt)
	}
	if a.outcome != worked {
		return
	}
	if len(s.peers) < maxPeers {
		s.peers[f.Key.DstAddr()] = true
	}
	if s.first == 0 || f.Start < s.first {
		s.first = f.Start
	}
	s.last = max(s.last, f.Last)
	if f.Proto() == "tcp" {
		for d := range f.Sides {
			s.lost += uint64(f.Sides[d].Retrans) + uint64(f.Sides[d].Holes)
			s.sent += f.Sides[d].Packets + uint64(f.Sides[d].Holes)
		}
	}
}

// opens is the handshake time of both legs, ms.
func opens(f *fact.Flow) (float64, bool) {
	h := f.Sides[fact.Up].RTT.Handshake
	if !h.Ok {
		return 0, false
	}
	ns := h.V + f.Sides[fact.Down].RTT.Handshake.Or(0)
	return float64(ns) / 1e6, true
}

// clone copies what accusations change.
func (s *seen) clone() *seen {
	c := *s
	c.functions, c.places = copied(s.functions), copied(s.places)
	c.clients, c.peers = maps.Clone(s.clients), maps.Clone(s.peers)
	return &c
}

func copied(by map[string]*tally) map[string]*tally {
	out := make(map[string]*tally, len(by))
	for k, t := range by {
		c := *t
		c.asked = maps.Clone(t.asked)
		out[k] = &c
	}
	return out
}

// total adds all functions up.
func (s *seen) total() tally {
	var t tally
	for _, f := range s.functions {
		t.plus(f)
	}
	return t
}

// loss is the share of segments that had to be sent again, nil when none were
// seen.
func (s *seen) loss() *float64 {
	if s.sent == 0 {
		return nil
	}
	l := min(1, float64(s.lost)/float64(s.sent))
	return &l
}
