package synth

import (
	"net/netip"
	"time"

	"chokepoint/capture"
)

// Initial TTL and TCP settings of a Linux host (net.ipv4.ip_default_ttl;
// SYN and SYN/ACK windows at an MTU of 1500).
const (
	linuxTTL   = 64
	mss        = 1460
	wscale     = 7
	windowSYN  = 64240
	windowSA   = 65160
	firstLocal = 32768 // net.ipv4.ip_local_port_range
)

// Mode is how a host treats what comes in.
type Mode uint8

// Modes of a host.
const (
	Listening Mode = iota
	Refusing       // no port is open: RST
	Silent         // takes everything and answers nothing
)

// Host is an end of paths.
type Host struct {
	Sim    *Sim
	Addr   netip.Addr
	TTL    uint8 // initial; 0 is 64
	Mode   Mode
	Closed map[uint16]bool // ports that are refused though Listening
	// UDP answers a datagram; nil lets it vanish.
	UDP       func(path *Path, p *Packet)
	KeepAlive KeepAlive // of all its TCP connections

	conns   map[tuple]*Conn
	scripts map[[2]uint16]Script // of connections to come, by client and server port
	replies map[uint16]func(*Packet)
	port    uint16
}

// Port returns an unused local port.
func (h *Host) Port() uint16 {
	if h.port == 0 {
		h.port = firstLocal + uint16(h.Sim.Rand.IntN(28000))
	}
	// Linux leaves odd gaps between the ports of different destinations.
	h.port += uint16(2 + 2*h.Sim.Rand.IntN(40))
	if h.port < firstLocal {
		h.port += firstLocal
	}
	return h.port
}

func (h *Host) ttl() uint8 {
	if h.TTL == 0 {
		return linuxTTL
	}
	return h.TTL
}

// receive takes a packet that reached the end of its path.
func (h *Host) receive(path *Path, p *Packet) {
	switch {
	case h.Mode == Silent || p.broken:
	case p.landed != nil:
		p.landed()
	case p.Proto == capture.ProtoUDP:
		h.datagram(path, p)
	case p.Proto == capture.ProtoTCP:
		h.segment(path, p)
	case p.quoted != nil:
		h.complaint(p)
	}
}

func (h *Host) datagram(path *Path, p *Packet) {
	if f := h.replies[p.Dst.Port()]; f != nil && p.Dir == Down {
		f(p)
	} else if h.UDP != nil {
		h.UDP(path, p)
	}
}

func (h *Host) segment(path *Path, p *Packet) {
	k := p.tuple()
	if c := h.conns[k]; c != nil && !c.replacedBy(p) {
		c.receive(p)
		return
	}
	key := [2]uint16{p.Src.Port(), p.Dst.Port()}
	script, expected := h.scripts[key]
	if p.Flags&(SYN|ACK|RST) == SYN && p.Dir == Up && expected && h.Mode == Listening && !h.Closed[p.Dst.Port()] {
		c := newConn(h, path, Down, p.Dst, p.Src, script)
		h.add(k, c)
		c.accept(p)
		return
	}
	if p.Flags&RST == 0 {
		h.refuse(path, p)
	}
}

func (h *Host) add(k tuple, c *Conn) {
	if h.conns == nil {
		h.conns = map[tuple]*Conn{}
	}
	h.conns[k] = c
}

// refuse answers a segment of no connection (RFC 9293 section 3.5.2, group 1).
// Linux sends it without options, with window 0 and IPv4 ID 0.
func (h *Host) refuse(path *Path, p *Packet) {
	r := &Packet{Dir: p.Dir ^ 1, Src: p.Dst, Dst: p.Src, Proto: capture.ProtoTCP, TTL: h.ttl(), Flags: RST}
	if p.Flags&ACK != 0 {
		r.Seq = p.Ack
	} else {
		r.Flags |= ACK
		r.Ack = p.Seq + p.length()
	}
	path.enter(r)
}

// Dial opens a connection to the path's server and plays the script on it.
// Both ends know the script; each says its lines. giveUp is how long the client
// waits for the whole of it before it closes, 0 for ever.
func Dial(path *Path, port uint16, script Script, giveUp time.Duration) *Conn {
	return DialFrom(path, path.Client.Port(), port, script, giveUp)
}

// DialFrom is Dial from a port of the client's choice, which may be one that it has
// used before.
func DialFrom(path *Path, from, port uint16, script Script, giveUp time.Duration) *Conn {
	h := path.Client
	local := netip.AddrPortFrom(h.Addr, from)
	remote := netip.AddrPortFrom(path.Server.Addr, port)
	c := newConn(h, path, Up, local, remote, script)
	h.add(tuple{local, remote}, c)
	if path.Server.scripts == nil {
		path.Server.scripts = map[[2]uint16]Script{}
	}
	path.Server.scripts[[2]uint16{local.Port(), port}] = script
	if giveUp > 0 {
		h.Sim.After(giveUp, c.giveUp)
	}
	c.connect()
	return c
}

// Ask sends a datagram to the path's server and hands every answer that comes
// within 10 s to reply.
func Ask(path *Path, port uint16, payload []byte, reply func(*Packet)) {
	h := path.Client
	local := h.Port()
	if h.replies == nil {
		h.replies = map[uint16]func(*Packet){}
	}
	h.replies[local] = reply
	h.Sim.After(10*time.Second, func() { delete(h.replies, local) })
	path.enter(&Packet{Dir: Up, Src: netip.AddrPortFrom(h.Addr, local), Dst: netip.AddrPortFrom(path.Server.Addr, port),
		Proto: capture.ProtoUDP, TTL: h.ttl(), ID: uint16(h.Sim.Rand.Uint32()), Payload: payload})
}
