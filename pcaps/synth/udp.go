package synth

import (
	"net/netip"
	"time"

	"chokepoint/capture"
)

// Socket is a client's UDP socket: one port, whoever is talked to.
type Socket struct {
	host *Host
	port uint16
}

// Socket opens one on a port that is free.
func (h *Host) Socket() *Socket { return &Socket{h, h.Port()} }

// Talk is what a socket has with one port of a server.
type Talk struct {
	Sim            *Sim
	path           *Path
	client, server netip.AddrPort
	proto          uint8
}

// With is the socket's talk with a port of the path's server.
func (s *Socket) With(path *Path, port uint16) *Talk {
	return &Talk{Sim: s.host.Sim, path: path, proto: capture.ProtoUDP,
		client: netip.AddrPortFrom(s.host.Addr, s.port), server: netip.AddrPortFrom(path.Server.Addr, port)}
}

// Client is the client's own address and port.
func (t *Talk) Client() netip.AddrPort { return t.client }

// ESP is a tunnel of a path's ends that has no ports.
func ESP(path *Path) *Talk {
	return &Talk{Sim: path.Client.Sim, path: path, proto: protoESP,
		client: netip.AddrPortFrom(path.Client.Addr, 0), server: netip.AddrPortFrom(path.Server.Addr, 0)}
}

// Datagram is one line of a talk. It is due Wait after the line before was sent,
// where that was the same side's, else after it arrived.
type Datagram struct {
	From Dir
	Data []byte
	Wait time.Duration
}

// Say plays lines one by one and then what comes after; a line that is lost ends
// it. then may be nil.
func (t *Talk) Say(lines []Datagram, then func()) {
	if len(lines) == 0 {
		if then != nil {
			then()
		}
		return
	}
	line, rest := lines[0], lines[1:]
	t.Sim.After(line.Wait+t.Sim.Jitter(80*time.Microsecond), func() {
		next := func() { t.Say(rest, then) }
		if len(rest) > 0 && rest[0].From == line.From {
			t.send(line.From, line.Data, func() {})
			next()
			return
		}
		t.send(line.From, line.Data, next)
	})
}

// Stream sends n datagrams at a steady pace, as media is sent; part makes them.
func (t *Talk) Stream(from Dir, n int, every time.Duration, part func() []byte) {
	for i := range n {
		t.Sim.After(time.Duration(i)*every+t.Sim.Jitter(every/20), func() { t.send(from, part(), func() {}) })
	}
}

func (t *Talk) send(from Dir, b []byte, landed func()) {
	p := &Packet{Dir: from, Src: t.client, Dst: t.server, Proto: t.proto, TTL: t.path.Client.ttl(), Payload: b, landed: landed}
	if from == Down {
		p.Src, p.Dst, p.TTL = t.server, t.client, t.path.Server.ttl()
	}
	p.ID = uint16(t.Sim.Rand.Uint32())
	t.path.enter(p)
}
