package synth

import "time"

// Pipe is a link: a first-in-first-out queue that drains at a rate, then delay.
// Arrays are indexed by [Dir].
type Pipe struct {
	Sim    *Sim
	Delay  time.Duration // one way
	Jitter time.Duration // at most this much more, order is kept
	Hops   uint8         // routers on it: taken off the TTL
	Rate   [2]float64    // bits/s of IP bytes, 0 unlimited
	Queue  int           // bytes waiting at most, 0 unlimited
	Loss   [2]float64    // probability

	Reorder   float64       // probability that a packet is held by ReorderBy, while others overtake it
	ReorderBy time.Duration // one way

	busy [2]int64 // when the queue will have drained, ns
	last [2]int64 // latest arrival, ns
}

// Handle delays the packet, or loses it.
func (l *Pipe) Handle(at Spot, p *Packet) {
	d := p.Dir
	if l.Hops > 0 && p.TTL <= l.Hops {
		return // no router says so here
	}
	if l.Loss[d] > 0 && l.Sim.Rand.Float64() < l.Loss[d] {
		return
	}
	now := l.Sim.now
	sent := max(now, l.busy[d])
	if rate := l.Rate[d]; rate > 0 {
		if waiting := float64(sent-now) / 1e9 * rate / 8; l.Queue > 0 && waiting > float64(l.Queue) {
			return
		}
		sent += int64(float64(p.IPLen()) * 8 / rate * 1e9)
		l.busy[d] = sent
	}
	p.TTL -= l.Hops
	arrival := max(sent+int64(l.Delay)+int64(l.Sim.Jitter(l.Jitter)), l.last[d]+500)
	if l.Reorder > 0 && l.Sim.Rand.Float64() < l.Reorder {
		arrival += int64(l.ReorderBy) // and the next may come before it
	} else {
		l.last[d] = arrival
	}
	l.Sim.After(time.Duration(arrival-now), func() { at.Forward(p) })
}

// Policer is a token bucket without a queue: what exceeds it is dropped at
// once. It counts IP bytes of both directions' matching packets apart.
type Policer struct {
	Sim   *Sim
	Rate  float64 // bits/s
	Burst float64 // bytes
	Dir   Dir     // direction held down
	Match func(*Packet) bool

	Dropped int // packets

	tokens float64
	filled int64 // when tokens was right, ns; 0 never
}

// Handle passes the packet if there are tokens for it.
func (b *Policer) Handle(at Spot, p *Packet) {
	if p.Dir != b.Dir || !b.Match(p) {
		at.Forward(p)
		return
	}
	now := b.Sim.now
	if b.filled == 0 {
		b.tokens = b.Burst
	} else {
		b.tokens = min(b.Burst, b.tokens+float64(now-b.filled)/1e9*b.Rate/8)
	}
	b.filled = now
	if need := float64(p.IPLen()); b.tokens >= need {
		b.tokens -= need
		at.Forward(p)
		return
	}
	b.Dropped++
}
