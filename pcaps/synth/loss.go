package synth

import "time"

// Congestion control and timers as in Linux: RFC 6928 initial window, CUBIC's
// decrease with the growth of its Reno-friendly region (RFC 9438 section 4.3,
// which is where CUBIC is at these windows), proportional rate reduction (RFC
// 9937), RFC 6298 with a floor of 200 ms on the variance term, RFC 8985 loss
// probes.
const (
	initialWindow = 10
	beta          = 0.7
	friendly      = 3 * (1 - beta) / (1 + beta)
	initialRTO    = time.Second
	minVariance   = 200 * time.Millisecond
	maxTries      = 8 // tcp_orphan_retries; connected sockets would go on to 15
	dupThreshold  = 3
)

type phase uint8

const (
	open     phase = iota
	recovery       // fast retransmit
	timeout        // after an RTO
)

type congestion struct {
	cwnd, ssthresh float64 // segments
	phase          phase
	recover        uint32 // position that ends the phase
	full           bool   // the window, not the application, limited sending
	newest         int64  // send time of the most recently sent segment that arrived (RACK), ns

	flight    int // segments in flight when recovery began
	delivered int // segments that arrived since
	out       int // segments sent since
}

// reduce spreads the reduction of the window over recovery: as much may go out
// as came in (RFC 9937 section 6; tcp_cwnd_reduction). fresh is how many
// segments this ACK reports, clean whether it advanced and found no new loss.
func (s *sender) reduce(fresh int, clean bool) {
	if s.phase != recovery {
		return
	}
	s.delivered += fresh
	pipe, may := s.inFlight(), 0
	if room := int(s.ssthresh) - pipe; room < 0 {
		may = (s.delivered*int(s.ssthresh)+s.flight-1)/s.flight - s.out
	} else if clean {
		may = min(room, max(s.delivered-s.out, fresh)+1)
	} else {
		may = min(room, fresh)
	}
	if s.out == 0 {
		may = max(may, 1) // the fast retransmission itself
	}
	s.cwnd = float64(pipe + max(may, 0))
}

// grow opens the window for n acknowledged segments.
func (s *sender) grow(n int) {
	switch {
	case s.phase == recovery || !s.full:
	case s.cwnd < s.ssthresh:
		s.cwnd += float64(n)
	default:
		s.cwnd += friendly * float64(n) / s.cwnd
	}
}

// arrived notes for RACK that a segment got through.
func (s *sender) arrived(g *segment, now int64) {
	if g.again > 0 && time.Duration(now-g.sent) < s.least {
		return // it may be the first copy that got through
	}
	s.newest = max(s.newest, g.sent)
}

// detect marks lost segments (RFC 6675 section 4, RFC 8985 section 6.2), enters
// recovery for them and reports whether there were any.
func (s *sender) detect() bool {
	above, lost := 0, false
	for i := len(s.segs) - 1; i >= 0; i-- {
		g := &s.segs[i]
		if g.sacked {
			above++
			continue
		}
		reorder := s.least / 4
		if s.phase != open || above >= dupThreshold {
			reorder = 0
		}
		late := g.sent+int64(reorder) < s.newest && above > 0
		if g.again == 0 && above >= dupThreshold || late {
			g.lost = true
			lost = true
		}
	}
	if lost && s.phase == open {
		s.ssthresh = max(s.cwnd*beta, 2)
		s.recover, s.phase = s.nxt, recovery
		s.flight, s.delivered, s.out = len(s.segs), 0, 0
	}
	return lost
}

// clock is the retransmission timer and what it is computed from.
type clock struct {
	srtt, rttvar time.Duration
	least        time.Duration // smallest sample
	first        int64         // when the SYN or SYN/ACK was first sent, ns
	tries        int           // timeouts in a row
	probed       bool          // a loss probe is out
	timer        *Timer
}

func (k *clock) began(now int64) { k.first = now }

// sample takes a round-trip time (RFC 6298 section 2).
func (s *sender) sample(rtt time.Duration) {
	if s.srtt == 0 {
		s.srtt, s.rttvar, s.least = rtt, rtt/2, rtt
		return
	}
	s.least = min(s.least, rtt)
	s.rttvar += ((s.srtt - rtt).Abs() - s.rttvar) / 4
	s.srtt += (rtt - s.srtt) / 8
	// HyStart: a growing delay ends slow start (RFC 9406 section 4.2).
	if s.cwnd >= 16 && s.cwnd < s.ssthresh && rtt > s.least+max(s.least/8, 4*time.Millisecond) {
		s.ssthresh = s.cwnd
	}
}

func (k *clock) rto() time.Duration {
	if k.srtt == 0 {
		return initialRTO
	}
	return k.srtt + max(4*k.rttvar, minVariance)
}

// arm starts the timer: a loss probe first, then the retransmission timeout
// with its backoff.
func (c *Conn) arm() {
	s := &c.snd
	s.timer.Stop()
	if len(s.segs) == 0 {
		return
	}
	wait := s.rto() << s.tries
	if s.phase == open && !s.probed && s.tries == 0 && s.srtt > 0 {
		probe := 2*s.srtt + 2*time.Millisecond
		if len(s.segs) == 1 {
			probe = 2*s.srtt + minVariance // leave time for a delayed ACK
		}
		wait = min(wait, probe)
	}
	s.timer = c.sim.After(wait, c.onTimer)
}

func (c *Conn) onTimer() {
	s := &c.snd
	switch {
	case c.state != established:
		c.handshakeTimeout()
	case s.phase == open && !s.probed && s.tries == 0 && s.srtt > 0:
		s.probed = true
		if !c.sendNew() {
			c.transmit(&s.segs[len(s.segs)-1], true)
		}
		c.arm()
	default:
		c.timeout()
	}
}

// handshakeTimeout repeats the SYN or SYN/ACK at 1, 3, 7, 15 s.
func (c *Conn) handshakeTimeout() {
	s := &c.snd
	if s.tries++; s.tries > 6 { // tcp_syn_retries
		c.fail(ErrTimeout)
		return
	}
	flags := SYN
	if c.state == synReceived {
		flags |= ACK
	}
	c.emit(0, flags, nil)
	s.timer = c.sim.After(initialRTO<<s.tries, c.onTimer)
}

// timeout takes everything outstanding for lost (RFC 6298 section 5).
func (c *Conn) timeout() {
	s := &c.snd
	if s.tries++; s.tries > maxTries {
		c.fail(ErrTimeout)
		return
	}
	if s.phase != timeout {
		s.ssthresh = max(s.cwnd*beta, 2)
	}
	s.cwnd, s.phase, s.recover = 1, timeout, s.nxt
	for i := range s.segs {
		s.segs[i].lost = !s.segs[i].sacked
	}
	c.pump()
}
