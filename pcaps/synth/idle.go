package synth

import (
	"time"

	"chokepoint/capture"
)

// IdleTimeout is a device that keeps a state of each TCP connection — a load
// balancer, a provider's NAT — and forgets what was silent for too long. What
// belongs to no state is answered with a reset in the other end's name. It
// interferes with nobody.
type IdleTimeout struct {
	Sim   *Sim
	After time.Duration
	// Tells makes it reset both ends when time is up; else it is silent until
	// somebody speaks.
	Tells bool
	Hops  uint8 // routers between it and the server
	TTL   uint8 // of its own packets, when they leave it; 0 is 64

	flows map[tuple]*idleFlow
}

// idleFlow is what the device knows of a connection.
type idleFlow struct {
	last int64 // when somebody spoke, ns
	next [2]uint32
	fins uint8 // directions that are closed, a bit each
	wake *Timer
}

// Handle passes what belongs to a connection.
func (b *IdleTimeout) Handle(at Spot, p *Packet) {
	if p.Proto != capture.ProtoTCP {
		b.pass(at, p)
		return
	}
	k := p.tuple()
	f := b.flows[k]
	if p.Flags&(SYN|ACK) == SYN {
		f = &idleFlow{}
		if b.flows == nil {
			b.flows = map[tuple]*idleFlow{}
		}
		b.flows[k] = f
		f.wake = b.Sim.After(b.After, func() { b.check(at, k, f) })
	}
	if f == nil {
		if p.Flags&RST == 0 {
			b.reset(at, *p)
		}
		return
	}
	f.note(p, b.Sim.now)
	if p.Flags&RST != 0 || f.fins == 3 {
		f.wake.Stop() // it keeps the state of what is over for ever: nobody asks
	}
	b.pass(at, p)
}

func (f *idleFlow) note(p *Packet, now int64) {
	f.last = now
	if end := p.Seq + p.length(); f.next[p.Dir] == 0 || int32(end-f.next[p.Dir]) > 0 {
		f.next[p.Dir] = end
	}
	if p.Flags&FIN != 0 {
		f.fins |= 1 << p.Dir
	}
}

// pass sends a packet on; the routers behind the device take their share.
func (b *IdleTimeout) pass(at Spot, p *Packet) {
	if b.Hops > 0 && p.TTL <= b.Hops {
		return
	}
	p.TTL -= b.Hops
	at.Forward(p)
}

// check ends a connection that was silent for long enough.
func (b *IdleTimeout) check(at Spot, k tuple, f *idleFlow) {
	if b.flows[k] != f {
		return
	}
	if quiet := time.Duration(b.Sim.now - f.last); quiet < b.After {
		f.wake = b.Sim.After(b.After-quiet, func() { b.check(at, k, f) })
		return
	}
	delete(b.flows, k)
	if b.Tells {
		b.say(at, Down, k, f)
		b.say(at, Up, k, f)
	}
}

// say resets one end in the other's name, in sequence.
func (b *IdleTimeout) say(at Spot, d Dir, k tuple, f *idleFlow) {
	r := &Packet{Dir: d, Src: k.server, Dst: k.client, Flags: RST | ACK, Seq: f.next[d], Ack: f.next[d^1]}
	if d == Up {
		r.Src, r.Dst = k.client, k.server
	}
	b.send(at, r)
}

// reset answers a packet of no connection (RFC 9293 section 3.5.2, group 1).
func (b *IdleTimeout) reset(at Spot, p Packet) {
	r := &Packet{Dir: p.Dir ^ 1, Src: p.Dst, Dst: p.Src, Flags: RST, Seq: p.Ack}
	if p.Flags&ACK == 0 {
		r.Flags, r.Seq, r.Ack = RST|ACK, 0, p.Seq+p.length()
	}
	b.send(at, r)
}

func (b *IdleTimeout) send(at Spot, r *Packet) {
	r.Proto, r.TTL = capture.ProtoTCP, b.TTL
	if r.TTL == 0 {
		r.TTL = linuxTTL
	}
	at.Forward(r)
}
