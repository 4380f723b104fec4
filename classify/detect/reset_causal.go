package detect

import (
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// Bounds of R2. A packet cannot acknowledge what its sender has not received:
// half the smallest RTT was validated for DNS (Duan et al., "Hold-On", 2012).
const (
	causalMargin = 3 * time.Millisecond // below this a clock may be at fault
	// A lone handshake sample may be inflated: by radio promotion, by a full
	// queue, by Wi-Fi power saving (factors up to three in ordinary captures).
	// Alone it proves only in this range, and only by a wide factor.
	causalMinSolo = 10 * time.Millisecond
	causalMaxSolo = 300 * time.Millisecond
	causalSoloC   = 8
	causalSoloS   = 4
	// The smallest of a few samples need not be the path's either: a queue that drains
	// makes all of them too long, and they may well agree (the lab's crowd: 107, 107 and
	// 141 ms, then an honest FIN after 52, on a path of 39). Many see it empty at times.
	causalMany = 8
)

// causal is R2: a reset that acknowledges bytes which could not yet have
// reached its claimed sender. Only the first reset of a side is asked: once the
// connection is gone, boxes that keep state answer in the endpoint's place.
func (c *resetCase) causal() []resetSign {
	if len(c.resets) == 0 {
		return nil
	}
	for _, rule := range []func(*fact.Reset) (resetSign, bool){c.earlySYN, c.earlyRefusal, c.tooEarly, c.atOnce, c.earlyUncovered} {
		if s, ok := rule(c.first()); ok {
			return []resetSign{s}
		}
	}
	return nil
}

// tooEarly judges one packet by the age of the newest bytes it acknowledges.
// Data may be acknowledged late on purpose (RFC 1122 section 4.2.3.2), a SYN is
// not: without the handshake the round trip is an upper bound, however many
// samples there are.
func (c *resetCase) tooEarly(r *fact.Reset) (resetSign, bool) {
	rtt := c.rtt()
	if !r.HasAck || !r.CoverAge.Ok || r.SYNOnly || !rtt.Ok || !impossible(r.CoverAge.V, rtt.V) {
		return resetSign{}, false
	}
	s := resetSign{code: "R2", family: finding.Causality, class: finding.C, needs: needBoth | needClock,
		clause: "arrived " + inMs(r.CoverAge.V) + " after the " + c.covered(r.Covers) + " it acknowledges; the path needs " + inMs(rtt.V),
		got:    inMs(r.CoverAge.V), want: ">= " + inMs(rtt.V/2), packets: []uint64{r.Covers.Num, r.Num}}
	known := &c.peer().RTT
	if known.Samples < 2 || !known.Handshake.Ok {
		s.needs |= needSYN
	}
	if known.Samples < 2 {
		s.class = c.soloClass(r.CoverAge.V, rtt.V)
	}
	few := known.Samples < causalMany && r.CoverAge.V >= rtt.V/causalSoloS
	if s.class == finding.C && (few || !known.Handshake.Ok || c.lossy() || c.gapped()) {
		s.class = finding.S
	}
	return s, true
}

// gapped reports a capture that missed packets of this flow. What it shows as the
// first copy of some bytes may then be a later one, and the answer one to the
// copy that was missed.
func (c *resetCase) gapped() bool { return c.missing()&needGapless != 0 }

// soloClass weighs an age against a single sample of the RTT. On one's own
// network that sample is hardly ever the path's: the first packet waits for ARP,
// for a radio or for a host that sleeps.
func (c *resetCase) soloClass(age, rtt time.Duration) finding.Class {
	switch {
	case localAddr(c.address()):
		return finding.M
	case age < rtt/causalSoloC && rtt >= causalMinSolo && rtt <= causalMaxSolo:
		return finding.C
	case age < rtt/causalSoloS:
		return finding.S
	}
	return finding.M
}

// impossible reports whether an answer came before half a round trip.
func impossible(age, rtt time.Duration) bool {
	return age >= 0 && age < rtt/2 && rtt-age > causalMargin
}

// covered names the bytes a reset acknowledges.
func (c *resetCase) covered(m fact.Mark) string {
	h := &c.f.Hello
	if c.dir == fact.Down && h.First.Num != 0 && m.Num >= h.First.Num && seqDelta(m.SeqEnd, h.End) <= 0 {
		return "hello"
	}
	return "bytes"
}

// earlySYN is R2 for a refusal: it acknowledges a SYN that the address, as its
// SYN/ACK shows, receives much later.
func (c *resetCase) earlySYN(r *fact.Reset) (resetSign, bool) {
	syn, rtt := c.peer().SYN, c.peer().RTT.Handshake
	if !r.SYNOnly || !answersSYN(c, r) || syn.Num == 0 || c.peer().SYNCount != 1 || !rtt.Ok {
		return resetSign{}, false
	}
	age := time.Duration(r.Time - syn.Time)
	if !impossible(age, rtt.V) {
		return resetSign{}, false
	}
	return resetSign{code: "R2", family: finding.Causality, class: finding.S, needs: needBoth | needSYN | needClock,
		clause: "arrived " + inMs(age) + " after the SYN it acknowledges; the path needs " + inMs(rtt.V),
		got:    inMs(age), want: ">= " + inMs(rtt.V/2), packets: []uint64{syn.Num, r.Num}}, true
}

// earlyUncovered is R2 for a reset that does not acknowledge the hello it
// follows: the server may have given up by itself just then, so it is moderate.
func (c *resetCase) earlyUncovered(r *fact.Reset) (resetSign, bool) {
	hello, rtt := c.f.Hello.First, c.rtt()
	if c.dir != fact.Down || hello.Num == 0 || hello.Num > r.Num || !rtt.Ok {
		return resetSign{}, false
	}
	age := time.Duration(r.Time - hello.Time)
	if !impossible(age, rtt.V) {
		return resetSign{}, false
	}
	return resetSign{code: "R2", family: finding.Causality, class: finding.M, needs: needBoth | needClock | needSYN,
		clause: "arrived " + inMs(age) + " after the hello; the path needs " + inMs(rtt.V),
		got:    inMs(age), want: ">= " + inMs(rtt.V/2), packets: []uint64{hello.Num, r.Num}}, true
}

// nearHops is how many hops away a refusal may have been made and still be a firewall of
// one's own: host, home router, office (B19).
const nearHops = 3

// earlyRefusal is R2 for a refusal that nothing contradicts but the distance: other
// connections' handshakes show how long a SYN is on its way to that address.
func (c *resetCase) earlyRefusal(r *fact.Reset) (resetSign, bool) {
	syn, path := c.peer().SYN, c.known()
	if c.dir != fact.Down || !r.SYNOnly || !answersSYN(c, r) || syn.Num == 0 || !path.Ok {
		return resetSign{}, false
	}
	age := time.Duration(r.Time - syn.Time)
	if !impossible(age, path.V) {
		return resetSign{}, false
	}
	s := resetSign{code: "R2", family: finding.Causality, class: finding.S, needs: needBoth | needSYN | needClock,
		clause: "arrived " + inMs(age) + " after the SYN it acknowledges; handshakes with that address take " + inMs(path.V),
		got:    inMs(age), want: ">= " + inMs(path.V/2), packets: []uint64{syn.Num, r.Num}}
	if hops, ok := hopDistance(r.TTL); ok && hops <= nearHops || localAddr(c.address()) || c.lossy() {
		s.class = finding.M
	}
	return s, true
}

// minKnown is how many handshakes make a known round trip: one besides the flow's own.
const minKnown = 2

// known is the shortest round trip of the handshakes with the server.
func (c *resetCase) known() fact.Opt[time.Duration] {
	s := c.w.Servers[c.f.Key.DstAddr()]
	if s == nil || s.RTTs < minKnown || c.f.Last-s.LastAt > fact.ServerMemory {
		return fact.Opt[time.Duration]{}
	}
	return fact.Some(time.Duration(s.RTT))
}

// atOnceMax is the longest round trip believed in for atOnce: a radio that wakes up
// for the SYN makes longer ones (100 ms and more, LTE and 5G), one's own resets then
// come at a fraction of it.
const atOnceMax = 150 * time.Millisecond

// atOnce is R2 by the handshake: it came so soon after the SYN/ACK that nothing which
// the client had said since can have reached its sender. Who has just accepted has no
// reason yet to reset. This holds where a phone's VPN app answers the data itself, as
// the handshake still waits for the server (B39).
func (c *resetCase) atOnce(r *fact.Reset) (resetSign, bool) {
	rtt := c.peer().RTT.Handshake
	if c.dir != fact.Down || !r.HandshakeOK || finBefore(r) || c.f.SYNACK.Num == 0 || !rtt.Ok || c.peer().SYNCount != 1 {
		return resetSign{}, false
	}
	class := finding.M // one handshake may have waited for a radio that slept
	if path := c.known(); path.Ok {
		rtt.V, class = min(rtt.V, path.V), finding.S
	}
	age := time.Duration(r.Time - c.f.SYNACK.Time)
	if !impossible(age, rtt.V) || age > rtt.V/causalSoloC || rtt.V < causalMinSolo || rtt.V > atOnceMax || localAddr(c.address()) {
		return resetSign{}, false
	}
	return resetSign{code: "R2", family: finding.Causality, class: class, needs: needBoth | needSYN | needClock,
		clause: "arrived " + inMs(age) + " after the SYN/ACK; an answer to anything said since needs " + inMs(rtt.V),
		got:    inMs(age), want: ">= " + inMs(rtt.V/2), packets: []uint64{c.f.SYNACK.Num, r.Num}}, true
}
