package synth

import "time"

// KeepAlive is SO_KEEPALIVE with its settings. The zero value asks nobody.
type KeepAlive struct {
	Idle   time.Duration // silence before the first probe (TCP_KEEPIDLE)
	Every  time.Duration // between probes (TCP_KEEPINTVL)
	Probes int           // unanswered before it gives up (TCP_KEEPCNT)
	// OldByte puts one byte that was sent before into each probe, for peers that
	// answer nothing less (RFC 1122 section 4.2.3.6); Linux sends none.
	OldByte bool
}

// alive is a connection's keep-alive.
type alive struct {
	heard  int64 // when the peer last said something, ns
	probes int   // unanswered so far
	timer  *Timer
}

// keepAlive begins to watch over an open connection.
func (c *Conn) keepAlive() {
	if idle := c.host.KeepAlive.Idle; idle > 0 {
		c.alive.timer = c.sim.After(idle, c.onKeepAlive)
	}
}

// onKeepAlive probes a connection that is silent (tcp_keepalive_timer).
func (c *Conn) onKeepAlive() {
	k, a := &c.host.KeepAlive, &c.alive
	quiet := time.Duration(c.sim.now - a.heard)
	wait := k.Every
	switch {
	case len(c.snd.segs) > 0: // the retransmission timer asks already
		wait = k.Idle
	case quiet < k.Idle:
		a.probes, wait = 0, k.Idle-quiet
	case a.probes >= k.Probes:
		c.emit(c.snd.nxt, RST|ACK, nil)
		c.fail(ErrTimeout)
		return
	default:
		a.probes++
		c.probe(k.OldByte)
	}
	a.timer = c.sim.After(wait, c.onKeepAlive)
}

// probe sends what the peer has already, which it has to say so to.
func (c *Conn) probe(oldByte bool) {
	var b []byte
	if oldByte {
		b = []byte{0}
		if n := min(len(c.snd.data), int(c.snd.nxt)-1); n > 0 {
			b[0] = c.snd.data[n-1]
		}
	}
	c.emit(c.snd.nxt-1, ACK, b)
}
