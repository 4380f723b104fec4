package synth

import (
	"net/netip"
	"time"

	"chokepoint/capture"
)

type state uint8

const (
	synSent state = iota
	synReceived
	established // and every state after it
)

// Conn is one end of a TCP connection. Positions in either stream count from
// the SYN: 0 is the SYN, 1 the first byte.
type Conn struct {
	sim           *Sim
	host          *Host
	path          *Path
	dir           Dir // the direction it sends in
	local, remote netip.AddrPort
	state         state
	ended         bool // reset or forgotten
	orphan        bool // the application has closed it
	err           error

	ipid   uint16
	tsBase uint32
	ts     bool // timestamps were agreed
	snd    sender
	rcv    receiver
	play   player
	guard
	alive
}

func newConn(h *Host, path *Path, dir Dir, local, remote netip.AddrPort, s Script) *Conn {
	r := h.Sim.Rand
	c := &Conn{sim: h.Sim, host: h, path: path, dir: dir, local: local, remote: remote,
		ipid: uint16(r.Uint32()), tsBase: r.Uint32(), rcv: receiver{quick: quickAcks}, play: player{steps: s}}
	c.snd.iss, c.snd.cwnd, c.snd.ssthresh = r.Uint32(), initialWindow, 1<<20
	return c
}

// tsval is the timestamp clock: 1 ms, from a random start per connection (RFC
// 7323 section 5.4, as Linux does it).
func (c *Conn) tsval() uint32 { return c.tsBase + uint32(c.sim.now/int64(time.Millisecond)) }

// emit sends a segment at a position of the own stream.
func (c *Conn) emit(pos uint32, flags uint16, payload []byte) {
	p := &Packet{Dir: c.dir, Src: c.local, Dst: c.remote, Proto: capture.ProtoTCP, TTL: c.host.ttl(), ID: c.ipid,
		Flags: flags, Seq: c.snd.iss + pos, Window: c.window(), Payload: payload}
	c.ipid++
	if flags&ACK != 0 {
		p.Ack = c.rcv.irs + c.rcv.nxt
		c.advertised(p)
	}
	if c.ts || flags&SYN != 0 {
		p.Options.TS, p.Options.TSval, p.Options.TSecr = true, c.tsval(), c.rcv.tsRecent
	}
	if flags&SYN != 0 {
		p.Options.MSS, p.Options.SACKOK, p.Options.WScale = mss, true, wscale
		if flags&ACK != 0 {
			p.ID = 0 // Linux makes it before there is a socket to count with
			c.ipid--
		}
	} else if flags&RST == 0 {
		p.Options.SACK = c.sackBlocks()
	}
	c.path.enter(p)
}

// connect sends the SYN.
func (c *Conn) connect() {
	c.state = synSent
	c.emit(0, SYN, nil)
	c.snd.began(c.sim.now)
	c.snd.timer = c.sim.After(initialRTO, c.onTimer)
}

// accept answers a SYN.
func (c *Conn) accept(syn *Packet) {
	c.state = synReceived
	c.rcv.start(syn)
	c.agree(syn)
	c.emit(0, SYN|ACK, nil)
	c.snd.began(c.sim.now)
	c.snd.timer = c.sim.After(initialRTO, c.onTimer)
}

// receive takes a segment that belongs to this connection.
func (c *Conn) receive(p *Packet) {
	c.heard = c.sim.now
	switch {
	case p.Flags&RST != 0:
		c.onReset(p)
	case c.state == synSent:
		c.onSYNACK(p)
	case p.Flags&SYN != 0 && c.state == synReceived:
		c.emit(0, SYN|ACK, nil)
	case p.Flags&SYN != 0, p.length() == 0 && !c.inWindow(p):
		c.challenge()
	default:
		c.onSegment(p)
	}
}

func (c *Conn) onSYNACK(p *Packet) {
	if p.Flags&ACK != 0 && p.Ack != c.snd.iss+1 {
		c.host.refuse(c.path, p) // RFC 9293 section 3.10.7.3
		return
	}
	if p.Flags&(SYN|ACK) != SYN|ACK {
		return
	}
	c.rcv.start(p)
	c.agree(p)
	c.opened()
	c.emit(1, ACK, nil)
	c.advance()
}

// agree notes what the other end's SYN offers.
func (c *Conn) agree(p *Packet) {
	c.ts, c.snd.scale, c.snd.wnd = p.Options.TS, p.Options.WScale, uint32(p.Window)
}

// opened notes that the handshake is done and what it tells of the RTT.
func (c *Conn) opened() {
	c.state = established
	c.snd.una, c.snd.nxt = 1, 1
	c.snd.timer.Stop()
	if c.snd.tries == 0 {
		c.snd.sample(time.Duration(c.sim.now - c.snd.first))
	}
	c.snd.tries = 0
	c.keepAlive()
}

func (c *Conn) onSegment(p *Packet) {
	if c.state == synReceived {
		if p.Ack != c.snd.iss+1 {
			return
		}
		c.opened()
		defer c.advance()
	}
	if p.Flags&ACK == 0 || int32(p.Ack-c.snd.iss-c.snd.nxt) > 0 {
		return // acknowledges what was never said (tcp_ack, TCP_ACK_UNSENT_DATA)
	}
	if c.orphan && len(p.Payload) > 0 && int32(p.Seq+uint32(len(p.Payload))-c.rcv.irs-c.rcv.nxt) > 0 {
		// Nobody will read it (tcp_rcv_state_process, TCPAbortOnData).
		c.host.refuse(c.path, p)
		c.end()
		return
	}
	if p.Options.TS && int32(p.Options.TSval-c.rcv.tsRecent) > 0 {
		c.rcv.tsRecent = p.Options.TSval
	}
	c.onAck(p)
	if !c.ended && p.length() > 0 {
		c.onData(p)
	}
}

// Close closes as close(2) does: a FIN once everything is sent.
func (c *Conn) Close() {
	if c.ended || c.snd.fin {
		return
	}
	c.orphan = true
	if c.state == synSent {
		c.end()
		return
	}
	c.snd.fin = true
	c.pump()
}

// Abort resets the connection as Linux does when data is left unread: in
// sequence, acknowledging, with timestamps and a window.
func (c *Conn) Abort() {
	if c.ended {
		return
	}
	c.emit(c.snd.nxt, RST|ACK, nil)
	c.end()
}

// end forgets the connection: what comes later is answered by the host.
func (c *Conn) end() {
	c.ended = true
	c.alive.timer.Stop()
	c.snd.timer.Stop()
	c.rcv.delayed.Stop()
	c.play.timer.Stop()
	k := tuple{c.local, c.remote}
	if c.dir == Down {
		k = tuple{c.remote, c.local}
	}
	delete(c.host.conns, k)
}
