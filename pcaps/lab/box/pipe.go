package box

import (
	"math/rand/v2"
	"net/netip"
	"time"
)

// Pipe is one direction of a link, or of many in a row: what is too big or has bad
// luck is lost, the rest waits in a queue, travels and arrives. A field that is
// zero does nothing. Fields may be changed while packets are on their way.
type Pipe struct {
	Delay  time.Duration
	Jitter time.Duration // at most this much more, evenly spread; order is kept

	Rate  float64 // bits/s of IP bytes
	Queue int     // IP bytes that may wait for those being sent; more are lost. 0: any number
	AQM   AQM     // what drops from the queue before it is full

	Loss  float64 // probability
	Burst float64 // mean length of a loss in packets; Loss is then their share of all. Below 1: losses are independent

	Reorder   float64       // probability that a packet is held by ReorderBy, while others overtake it
	ReorderBy time.Duration // 0: nothing is reordered
	Duplicate float64       // probability that a packet comes twice

	Hops uint8 // routers on it: taken off TTL or hop limit; who has no more is lost

	MTU int  // IP bytes; what is larger and must not be fragmented is lost. An IPv4 packet that may be fragmented passes whole
	PTB bool // the router says so (ICMP fragmentation needed, ICMPv6 packet too big)

	// Site is how much further a server is. Order is then kept for each server, not
	// among them. nil: no one is.
	Site func(server netip.Addr) (delay time.Duration, hops uint8)

	luck gilbert
	line line
	last map[netip.Addr]int64 // when the latest packet arrives, ns, by server; under the zero address without Site
}

// Carry implements [Link].
func (l *Pipe) Carry(b *Box, p *Packet, next func(*Packet)) {
	if l.MTU > 0 && l.tooBig(b, p) || l.Loss > 0 && l.luck.loses(b.Rand, l.Loss, l.Burst) {
		b.lose(p)
		return
	}
	if l.Duplicate == 0 || b.Rand.Float64() >= l.Duplicate {
		l.enqueue(b, p, next)
		return
	}
	twin := b.twin(p) // before p goes on and changes
	l.enqueue(b, p, next)
	b.Note(nil, Doubled, twin)
	l.enqueue(b, twin, next)
}

// twin returns a second packet that is the same.
func (b *Box) twin(p *Packet) *Packet {
	t := b.Decode(p.Dir, append([]byte(nil), p.Frame...))
	t.Flow, t.Forged = p.Flow, p.Forged
	return t
}

// propagate is the way after the queue.
func (l *Pipe) propagate(b *Box, p *Packet, next func(*Packet)) {
	host, delay, hops := l.distance(p)
	if !p.age(hops) {
		b.lose(p)
		return
	}
	if l.Jitter > 0 {
		delay += time.Duration(b.Rand.Int64N(int64(l.Jitter) + 1))
	}
	last := l.last[host]
	due := max(b.now+int64(delay), last)
	switch {
	case l.Reorder > 0 && b.Rand.Float64() < l.Reorder:
		due += int64(l.ReorderBy) // and the next may come before it
	case due == b.now && due > last:
		next(p) // nobody is left to wait for
		return
	default:
		l.arrives(host, due)
	}
	b.After(time.Duration(due-b.now), func() { next(p) })
}

// distance is how far the packet has to go, and the server whose order it keeps.
func (l *Pipe) distance(p *Packet) (host netip.Addr, delay time.Duration, hops uint8) {
	if l.Site == nil {
		return host, l.Delay, l.Hops
	}
	host = p.Server()
	delay, hops = l.Site(host)
	return host, l.Delay + delay, l.Hops + hops
}

func (l *Pipe) arrives(host netip.Addr, at int64) {
	if l.last == nil {
		l.last = map[netip.Addr]int64{}
	}
	l.last[host] = at
}

// gilbert is a Gilbert-Elliott channel of which the good state loses nothing and
// the bad one everything (Gilbert 1960; as netem's "loss gemodel" with 1-h = 1).
type gilbert struct{ bad bool }

// loses decides about a packet. The chance to leave the bad state is 1/burst, that
// to enter it such that the share of bad is loss.
func (g *gilbert) loses(r *rand.Rand, loss, burst float64) bool {
	if burst < 1 || loss >= 1 {
		return r.Float64() < loss
	}
	leave := 1 / burst
	if g.bad {
		g.bad = r.Float64() >= leave
	} else {
		g.bad = r.Float64() < leave*loss/(1-loss)
	}
	return g.bad
}
