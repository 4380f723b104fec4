package call

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/pion/stun/v3"

	"chokepoint/pcaps/lab/peer"
)

// Server is what callers reach: each client of each of its addresses gets what its
// first datagram asks for. The zero value is ready.
type Server struct {
	Realm    string // of TURN, which some services are known by: "telegram.org"
	Software string // of STUN's answers; none when empty
}

// idleAfter ends what a client has left without a word.
const idleAfter = 30 * time.Second

// ServeAll serves on all addresses of a host, of both families where it has them,
// until ctx ends.
func (s Server) ServeAll(ctx context.Context, n peer.Net, port uint16) error {
	pc, err := n.ListenPacket("udp", netip.AddrPortFrom(netip.IPv4Unspecified(), port))
	if err != nil {
		return err
	}
	return s.Serve(ctx, pc)
}

// Serve serves on a UDP socket until ctx ends, and closes it. Answers come from the
// address that was asked, also on a wildcard socket.
func (s Server) Serve(ctx context.Context, pc net.PacketConn) error {
	defer pc.Close()
	sock, err := newSocket(pc)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { pc.Close() })
	defer stop()
	d := &desk{Server: s, socket: sock, open: map[flow]*inbox{}}
	defer d.work.Wait()
	serving, cancel := context.WithCancel(ctx)
	defer cancel()
	b := make([]byte, 2048)
	for {
		n, f, err := sock.read(b)
		var refused syscall.Errno
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			d.take(serving, f, b[:n])
		case !errors.As(err, &refused):
			return err
		}
	}
}

// desk is a socket that serves, and its clients.
type desk struct {
	Server
	*socket
	mu   sync.Mutex
	open map[flow]*inbox
	work sync.WaitGroup
}

// take gives a datagram to who serves its flow.
func (d *desk) take(ctx context.Context, f flow, b []byte) {
	m, isSTUN := message(b)
	if isSTUN && m.Type == stun.BindingRequest && !m.Contains(stun.AttrUsername) {
		d.back(f, bindingAnswer(m, f.from, d.software()...)) //nolint:errcheck // as on the wire: it may be lost
		return
	}
	d.mu.Lock()
	box := d.open[f]
	d.mu.Unlock()
	if box == nil {
		serve := d.service(f, b, m, isSTUN)
		if serve == nil {
			return // as to a port that does not understand
		}
		box = d.admit(ctx, f, serve)
	}
	box.put(b)
}

func (d *desk) software() []stun.Setter {
	if d.Software == "" {
		return nil
	}
	return []stun.Setter{stun.NewSoftware(d.Software)}
}

// admit opens an inbox for a client, and serves it until it falls silent.
func (d *desk) admit(ctx context.Context, f flow, serve func(context.Context, end)) *inbox {
	box := newInbox(idleAfter)
	d.mu.Lock()
	d.open[f] = box
	d.mu.Unlock()
	d.work.Go(func() {
		serve(ctx, end{box, func(b []byte) error { return d.back(f, b) }})
		d.mu.Lock()
		delete(d.open, f)
		d.mu.Unlock()
	})
	return box
}

// service is what a client's first datagram asks for; nil when nothing is.
func (d *desk) service(f flow, b []byte, m *stun.Message, isSTUN bool) func(context.Context, end) {
	switch {
	case isSTUN && m.Contains(waToken):
		token, _ := m.Get(waToken)
		return callee(&relayOfWhatsApp{seen: f.from}, whatsApp, token)
	case isSTUN && m.Type == stun.BindingRequest:
		return calleeOfICE(m, f.from)
	case isSTUN && m.Type == allocate:
		return func(ctx context.Context, e end) { d.relay(ctx, f, e) }
	case special(b) == helloCode:
		r := newReflector(append([]byte(nil), b[:tokenLen]...))
		r.seen = f.from
		return callee(r, webRTC, r.tag)
	}
	return nil
}

// callee is the other side of a call, or what a relay lets one see of it; nil when
// the token is not ours.
func callee(sig signal, s style, token []byte) func(context.Context, end) {
	p, ok := unseal(token)
	if !ok {
		return nil
	}
	return func(ctx context.Context, e end) { newParty(e, sig, s, p).stay(ctx) }
}

// calleeOfICE is the callee that a check is addressed to.
func calleeOfICE(check *stun.Message, from netip.AddrPort) func(context.Context, end) {
	user, _ := check.Get(stun.AttrUsername)
	agent, p, ok := called(string(user), func() netip.AddrPort { return from })
	if !ok {
		return nil
	}
	return func(ctx context.Context, e end) { newParty(e, agent, webRTC, p).stay(ctx) }
}
