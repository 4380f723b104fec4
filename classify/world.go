package classify

import (
	"net/netip"

	"chokepoint/classify/fact"
	"chokepoint/classify/service"
	"chokepoint/classify/track"
)

const (
	maxServers = 4096
	maxClients = 1000
	// near is the round trip within which an end is on the tap's own link or
	// host, ns (resets-and-drops, section 1: no gap of 1 ms).
	near = 1_000_000
	// mirrorShare: one packet in so many was seen before and after a router.
	mirrorShare = 4
)

// seen is what the merged observations say, beside the World itself.
type seen struct {
	bindings *bindings
	arranged *arrangements
	sessions *sessions
	starts   starts
	secret   secretDNS
	votes    votes
	asking   asking
	twins    twins
	nameAge  []string // keys of World.Names, oldest first
}

// merge takes what was gathered at a tick into the world.
func (r *run) merge(g *gathered) {
	for _, o := range g.asked {
		r.learnQuery(o)
	}
	for _, o := range g.dns {
		r.seen.bindings.learn(o)
		r.learnAnswer(o)
	}
	for _, o := range g.controls {
		c := &o.Control
		l := r.nameControl(c, o.Signs)
		r.world.SawControl(*c)
		if o.First {
			r.learnTry(o)
		}
		if l.Confidence >= showsSession {
			r.seen.sessions.saw(c)
		}
	}
	for _, o := range g.arranged {
		r.learnArranged(o)
	}
	for _, o := range g.talks {
		r.learnTalk(o)
	}
	for _, o := range g.votes {
		r.seen.votes.count(o)
		r.learnServer(o)
	}
	for _, o := range g.rates {
		r.learnRate(o)
	}
	for _, o := range g.opened {
		r.seen.twins.saw(o)
	}
	r.world.Vantage = r.vantage()
}

// nameControl labels a control by its name and address.
func (r *run) nameControl(c *fact.Control, signs []service.Sign) service.Label {
	l := r.label(labelled{
		sni: c.Name, signs: signs, both: true, client: c.Client, server: c.Server, port: c.Port, proto: c.Proto,
		start: r.seen.starts.of(c),
	})
	c.Service, c.Owner = l.Service, owner(l)
	return l
}

// learnTry takes in that an attempt was answered. Queries to resolvers are none:
// what is asked there fails by what is answered.
func (r *run) learnTry(p *track.Progress) {
	c := &p.Control
	if c.Port == 53 {
		return
	}
	r.world.Attempts.SawWon(fact.Try{Client: c.Client, Server: c.Server, Port: c.Port, Proto: c.Proto, If: c.If, Name: c.Name, JA4: p.JA4},
		c.Owner, c.Service, fact.Won{Flow: c.Flow, Num: p.Num, Start: c.First, Time: c.Last})
}

// starts knows when flows began that are told of as controls again and again: a
// name that the client had resolved by then does not lapse while they last.
type starts struct {
	at    map[fact.FlowID]int64 // ns
	order []fact.FlowID
}

// of returns when the flow of a control began, as far as was told.
func (s *starts) of(c *fact.Control) int64 {
	if at, known := s.at[c.Flow]; known {
		return at
	}
	if s.at == nil {
		s.at = map[fact.FlowID]int64{}
	}
	if len(s.order) >= fact.MaxControls {
		delete(s.at, s.order[0])
		s.order = s.order[1:]
	}
	s.order = append(s.order, c.Flow)
	s.at[c.Flow] = c.First
	return c.First
}

// learnArranged labels a flow that arranges others, and keeps what it said.
func (r *run) learnArranged(o *track.Arranged) {
	e := r.little(labelled{
		signs: o.Signs, both: true, client: o.Client.Addr(), server: o.Server.Addr(), port: o.Server.Port(), proto: o.Proto, start: o.Time,
	})
	l := r.opt.Rules.Classify(&e)
	r.narrow(&e, &l, o.Client.Addr(), o.Flow, o.Time, o.Time)
	r.seen.arranged.learn(o, &l)
}

// learnServer keeps how far away a server's handshakes came from.
func (r *run) learnServer(v *track.Vote) {
	w := r.world
	s := w.Servers[v.Server]
	if s == nil {
		if len(w.Servers) >= maxServers {
			return
		}
		s = &fact.Server{}
		w.Servers[v.Server] = s
	}
	s.SawRTT(v.ServerLeg, w.Now)
	switch { // majority voting
	case s.Count == 0:
		s.TTL, s.Count = v.ServerTTL, 1
	case s.TTL == v.ServerTTL:
		s.Count++
	default:
		s.Count--
	}
}

// votes adds up what handshakes say of where the capture was taken.
type votes struct {
	client, server, middle int
	clients                map[netip.Addr]bool // all that opened flows
	nearClients            map[netip.Addr]bool // those next to the tap
}

// initialTTL reports whether a TTL was not yet decremented.
func initialTTL(ttl uint8) bool { return ttl == 64 || ttl == 128 || ttl == 255 }

func (v *votes) count(o *track.Vote) {
	if len(v.clients) < maxClients {
		v.clients[o.Client] = true
	}
	switch {
	case o.ClientLeg < near && o.ServerLeg > 2*o.ClientLeg && initialTTL(o.ClientTTL):
		v.client++
		if len(v.nearClients) < maxClients {
			v.nearClients[o.Client] = true
		}
	case o.ServerLeg < near && o.ClientLeg > 2*o.ServerLeg && initialTTL(o.ServerTTL):
		v.server++
	default:
		v.middle++
	}
}

// vantage is where the capture was taken: as told, or by the majority.
func (r *run) vantage() string {
	if v := r.opt.Vantage; v != "" && v != "auto" {
		return v
	}
	v := &r.seen.votes
	most := max(v.client, v.server, v.middle)
	switch {
	case most == 0:
		return "unknown"
	case r.seen.twins.some():
		return "gateway" // before and after the NAT
	case r.mirrored():
		return "span"
	case v.client == most && len(v.nearClients) == 1:
		return "host"
	case v.client == most:
		return "gateway"
	case v.server == most:
		return "server"
	}
	return "span"
}

// mirrored reports that many packets were seen twice with a router between: a switch
// port that mirrors two others.
func (r *run) mirrored() bool {
	var routed, once uint64
	for _, s := range r.shards {
		routed, once = routed+s.track.Sight.Routed, once+s.packets-s.track.Copies
	}
	return routed*mirrorShare > once
}

// mergeAll puts the observations of all shards in packet order and merges them.
func (r *run) mergeAll() {
	g, some := &r.gathered, false
	g.clear()
	for i, s := range r.shards {
		if o := &s.track.Out; !o.Empty() {
			o.SetShard(i)
			g.add(o)
			some = true
		}
	}
	if !some {
		return
	}
	g.sort()
	r.merge(g)
	for _, s := range r.shards {
		s.track.Out.Reset()
	}
}
