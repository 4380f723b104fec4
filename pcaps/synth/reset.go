package synth

import (
	"errors"
	"time"

	"chokepoint/capture"
)

// Why a connection ended against its will, in the words of the C library.
var (
	ErrReset       = errors.New("connection reset by peer")
	ErrRefused     = errors.New("connection refused")
	ErrTimeout     = errors.New("connection timed out")
	ErrUnreachable = errors.New("no route to host")
)

// Err is why the connection ended against this end's will, nil if it did not.
func (c *Conn) Err() error { return c.err }

// Ended reports whether this end has forgotten the connection.
func (c *Conn) Ended() bool { return c.ended }

// Played reports whether all of the script was said and heard.
func (c *Conn) Played() bool { return c.play.at >= len(c.play.steps) }

// giveUp is what an application does that has waited for too long.
func (c *Conn) giveUp() {
	if !c.ended && !c.Played() {
		c.err = ErrTimeout
	}
	c.Close()
}

func (c *Conn) fail(err error) {
	c.err = err
	c.end()
}

// challengeEvery is how often at most a connection says that what it got cannot
// be right (net.ipv4.tcp_invalid_ratelimit).
const challengeEvery = 500 * time.Millisecond

// guard is what a connection holds against segments that fit badly.
type guard struct {
	challenged int64 // when it said so last, ns; 0 never
}

// advertised notes what a segment with an ACK allows the peer.
func (c *Conn) advertised(p *Packet) {
	r := &c.rcv
	window := uint32(p.Window)
	if p.Flags&SYN == 0 {
		window <<= wscale
	}
	r.told = r.nxt
	if edge := r.nxt + window; int32(edge-r.edge) > 0 {
		r.edge = edge
	}
}

// inWindow reports whether a segment is acceptable (RFC 9293 section 3.10.7.4),
// counted from the last acknowledgement as Linux does (tcp_sequence).
func (c *Conn) inWindow(p *Packet) bool {
	r := &c.rcv
	pos := p.Seq - r.irs
	return int32(pos+p.length()-r.told) >= 0 && int32(pos-r.edge) <= 0
}

// challenge sends an ACK of what is so (RFC 5961 section 7).
func (c *Conn) challenge() {
	if c.challenged != 0 && time.Duration(c.sim.now-c.challenged) < challengeEvery {
		return
	}
	c.challenged = c.sim.now
	c.emit(c.snd.nxt, ACK, nil)
}

// onReset follows RFC 5961 section 3.2.
func (c *Conn) onReset(p *Packet) {
	switch {
	case c.state == synSent:
		if p.Flags&ACK != 0 && p.Ack == c.snd.iss+1 {
			c.fail(ErrRefused)
		}
	case !c.inWindow(p):
	case c.exact(p.Seq - c.rcv.irs):
		c.fail(ErrReset)
	default:
		c.challenge()
	}
}

// exact reports whether a reset at a position is believed: at what is expected
// next, at the end of the highest block that was reported, and one before what is
// next where that is the peer's FIN (tcp_validate_incoming, tcp_reset_check).
func (c *Conn) exact(pos uint32) bool {
	r := &c.rcv
	if pos == r.nxt || r.finished && pos == r.nxt-1 {
		return true
	}
	highest := r.nxt
	for _, b := range r.blocks {
		if int32(b.end-highest) > 0 {
			highest = b.end
		}
	}
	return len(r.blocks) > 0 && pos == highest
}

// replacedBy reports whether a segment opens a connection in the place of this
// one, which is over on both sides (RFC 6191).
func (c *Conn) replacedBy(p *Packet) bool {
	over := c.rcv.finished && c.snd.finSent && len(c.snd.segs) == 0
	return over && c.dir == Down && p.Flags&(SYN|ACK|RST) == SYN
}

// ICMP types that end an attempt to connect (RFC 792, RFC 4443 section 3).
const (
	unreachable, timeExceeded   = 3, 11
	unreachable6, timeExceeded6 = 1, 3
	fragmentationNeeded         = 4 // code
)

// fatal reports whether a connection attempt ends for this error: Linux takes every
// unreachable for an answer then, and none later (tcp_v4_err, tcp_v6_err).
func (e *complaint) fatal() bool {
	if e.Key.SrcAddr().Is4() {
		return e.typ == unreachable && e.code != fragmentationNeeded || e.typ == timeExceeded
	}
	return e.typ == unreachable6 || e.typ == timeExceeded6
}

// complaint takes an ICMP error about a packet of this host.
func (h *Host) complaint(p *Packet) {
	k, e := p.quotedTuple(), p.quoted
	c := h.conns[k]
	if c == nil || e.Key.Proto != capture.ProtoTCP || e.Seq != c.snd.iss || c.state == established {
		return
	}
	if e.fatal() {
		c.fail(ErrUnreachable)
	}
}
