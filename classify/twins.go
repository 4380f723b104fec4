package classify

import (
	"net/netip"

	"chokepoint/classify/fact"
	"chokepoint/classify/track"
)

const (
	// twinWithin is how soon a translated packet is seen again, ns: like copies.
	twinWithin = 50_000_000
	// maxTwins bounds the pairs remembered, and the SYNs that may still find theirs.
	maxTwins = 65536
)

// twins pairs the two flows that one connection makes in a capture of both sides of a
// NAT: the same first SYN to the same server, from another address. Datagrams carry
// nothing that a NAT leaves alone and that is as rare, so theirs are not paired.
type twins struct {
	opened map[opening]openedBy
	recent []opening                   // the keys of opened, oldest first
	of     map[fact.FlowID]fact.FlowID // the flow seen second, to the one seen first
	order  []fact.FlowID
}

type opening struct {
	server netip.AddrPort
	isn    uint32
}

type openedBy struct {
	flow   fact.FlowID
	client netip.Addr
	at     int64
}

// saw notes a SYN and pairs its flow with the one it was seen as before.
func (t *twins) saw(o *track.Opened) {
	if t.opened == nil {
		t.opened, t.of = map[opening]openedBy{}, map[fact.FlowID]fact.FlowID{}
	}
	t.forget(o.Time)
	k := opening{o.Server, o.ISN}
	first, known := t.opened[k]
	switch {
	case !known:
		t.opened[k] = openedBy{o.Flow, o.Client, o.Time}
		t.recent = append(t.recent, k)
	case first.client != o.Client && o.Time-first.at <= twinWithin:
		if len(t.order) >= maxTwins {
			delete(t.of, t.order[0])
			t.order = t.order[1:]
		}
		t.of[o.Flow] = first.flow
		t.order = append(t.order, o.Flow)
	}
}

// forget drops SYNs that are too old to be seen again.
func (t *twins) forget(now int64) {
	n := 0
	for n < len(t.recent) && (now-t.opened[t.recent[n]].at > twinWithin || len(t.recent)-n > maxTwins) {
		delete(t.opened, t.recent[n])
		n++
	}
	t.recent = t.recent[n:]
}

// some reports whether any flow was seen on both sides of a NAT.
func (t *twins) some() bool { return len(t.of) > 0 }
