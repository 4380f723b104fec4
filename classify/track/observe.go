package track

import (
	"net/netip"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
	"chokepoint/classify/service"
)

// Observations is what a tracker learnt since the last tick that concerns more
// than one flow, in packet order.
type Observations struct {
	Controls []Progress
	DNS      []DNSSeen
	Asked    []DNSAsked
	Votes    []Vote
	Arranged []Arranged
	Talks    []TalkSeen
	Opened   []Opened
	Rates    []*RateSeen
}

// Arranged is what a flow says of other flows of the same client: the ends its
// STUN messages name, and its socket.
type Arranged struct {
	Num            uint64
	Time           int64 // ns
	Flow           fact.FlowID
	Proto          uint8
	Client, Server netip.AddrPort
	Peers          []netip.AddrPort // peers and relays it was told of
	Signs          []service.Sign   // what its payload showed
}

// Empty reports whether there is nothing to tell.
func (o *Observations) Empty() bool {
	return len(o.Controls)+len(o.DNS)+len(o.Asked)+len(o.Votes)+len(o.Arranged)+len(o.Talks)+len(o.Opened)+len(o.Rates) == 0
}

// Reset empties the lists and keeps their memory.
func (o *Observations) Reset() {
	o.Controls, o.DNS, o.Votes = o.Controls[:0], o.DNS[:0], o.Votes[:0]
	o.Arranged, o.Asked, o.Talks, o.Opened = o.Arranged[:0], o.Asked[:0], o.Talks[:0], o.Opened[:0]
	o.Rates = o.Rates[:0]
}

// Progress is a flow getting somewhere: server payload after client payload.
// The engine fills Service, Owner and Name.
type Progress struct {
	Num     uint64
	Control fact.Control
	Signs   []service.Sign
	First   bool   // that the flow ever made
	JA4     string // of the client's hello, with the first
}

// TalkSeen is how a conversation over UDP stands. The engine fills Service and Owner.
type TalkSeen struct {
	Num   uint64
	Start int64 // of the flow, ns
	Talk  fact.Talk
	Signs []service.Sign
}

// Vote is a handshake without retransmissions: what it says of where the
// capture was taken, and of its server. Times are round trips, ns.
type Vote struct {
	Num                  uint64
	Client, Server       netip.Addr
	ClientLeg, ServerLeg int64
	ClientTTL, ServerTTL uint8
}

// Bounds of what a shard tells at a tick. Controls and votes are samples: the
// first ones of a tick do. DNS answers beyond the bound bind no names.
const (
	maxControls = 64
	maxVotes    = 64
	maxDNSSeen  = 4096
	maxArranged = 256
	maxTalks    = 256
)

// controlEvery is how often a flow that gets somewhere says so, ns.
const controlEvery = 5_000_000_000

// progress notes that the server answers the client.
func (t *Tracker) progress(e *flow.Entry[Flow], p *capture.Packet, id flow.ID) {
	t.tellProgress(e, p, id, e.Rec.sides[fact.Down].payload+uint64(p.PayloadLen), false)
}

// tellProgress notes that a flow gets somewhere: by what the server sent, bytes so
// far, or, where that was not captured, by what the client acknowledges.
func (t *Tracker) tellProgress(e *flow.Entry[Flow], p *capture.Packet, id flow.ID, bytes uint64, unseen bool) {
	f := &e.Rec
	first := f.flags&replied == 0
	f.flags |= replied
	x := t.extraOf(f)
	var w *work
	if x != nil {
		w = x.work
	}
	if !first && !f.due(w, p) || len(t.Out.Controls) >= maxControls {
		return
	}
	if w != nil {
		w.control = p.Time
	}
	since := p.Time
	if first {
		since = f.start
	}
	ja4 := ""
	if first {
		_, ja4 = t.Offered(f)
	}
	t.Out.Controls = append(t.Out.Controls, Progress{Num: p.Num, First: first, JA4: ja4, Control: fact.Control{
		Flow: fact.FlowID(f.Num), Server: e.Key.DstAddr(), Client: e.Key.SrcAddr(), Port: e.Key.DstPort, Proto: e.Key.Proto,
		If: f.ifc, First: since, Last: p.Time, Bytes: bytes,
		Name: t.Name(f), Unseen: unseen,
	}, Signs: t.signsOf(f)})
}

// due reports whether it is time that a flow says again that it gets somewhere: now
// and then, and when it has become a long one.
// Datagrams have no work to keep that in: they say it when their flow enters
// another span of controlEvery, before this packet counts.
func (f *Flow) due(w *work, p *capture.Packet) bool {
	s := &f.sides[fact.Down]
	switch {
	case s.payload < fact.LongFlow && s.payload+uint64(p.PayloadLen) >= fact.LongFlow:
		return w != nil || f.flags&isTCP == 0
	case w != nil:
		return p.Time-w.control >= controlEvery
	case f.flags&isTCP != 0:
		return false
	}
	return (p.Time-f.start)/controlEvery != (s.last-f.start)/controlEvery
}

// vote tells the engine what a handshake says of the vantage.
func (t *Tracker) vote(e *flow.Entry[Flow], p *capture.Packet) {
	f := &e.Rec
	up, down := &f.sides[fact.Up], &f.sides[fact.Down]
	if up.rttHandshake == 0 || down.rttHandshake == 0 || len(t.Out.Votes) >= maxVotes {
		return
	}
	t.Out.Votes = append(t.Out.Votes, Vote{
		Num: p.Num, Client: e.Key.SrcAddr(), Server: e.Key.DstAddr(),
		ServerLeg: int64(up.rttHandshake-1) * 1000, ClientLeg: int64(down.rttHandshake-1) * 1000,
		ClientTTL: up.ttl, ServerTTL: down.ttl,
	})
}
