package call

import (
	"context"
	"errors"
	"fmt"
	"io"
	mrand "math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/logging"
	"github.com/pion/stun/v3"
	"github.com/pion/transport/v4"
	"github.com/pion/turn/v4"

	"chokepoint/pcaps/lab/peer"
)

// Long-term credentials as services hand them out for some hours: the time they end
// is the name.
const (
	turnUser     = "1795600000:4f1d"
	turnPassword = "qk7Zk1mSWJ0bW9uZXkh"
	turnRTO      = 250 * time.Millisecond // libwebrtc's STUN_INITIAL_RTO
)

// quiet keeps pion from writing to the terminal.
var quiet = &logging.DefaultLoggerFactory{DefaultLogLevel: logging.LogLevelDisabled, Writer: io.Discard}

// bothFamilies reads addresses of either family, where pion's own net has them of
// one. The client asks nothing else of it: it has its socket.
type bothFamilies struct{ transport.Net }

// ResolveUDPAddr implements [transport.Net].
func (bothFamilies) ResolveUDPAddr(_, address string) (*net.UDPAddr, error) {
	return net.ResolveUDPAddr("udp", address)
}

// relayed is the caller's way through a TURN relay.
type relayed struct {
	net.PacketConn // the allocation
	peer           net.Addr
	free           func()
}

func (r relayed) Read(b []byte) (int, error) {
	n, _, err := r.ReadFrom(b)
	return n, err
}

func (r relayed) Write(b []byte) (int, error) { return r.WriteTo(b, r.peer) }

func (r relayed) Close() error {
	r.free()
	return nil
}

// dialTURN asks for an allocation until there is one or the call's time is over.
func (c Call) dialTURN(ctx context.Context, n peer.Net) (io.ReadWriteCloser, func(), error) {
	pc, err := n.ListenPacket("udp", local(c.From, c.Relay))
	if err != nil {
		return nil, nil, err
	}
	client, err := turn.NewClient(&turn.ClientConfig{TURNServerAddr: c.Relay.String(), Username: turnUser, Password: turnPassword,
		RTO: turnRTO, Conn: pc, Net: bothFamilies{}, LoggerFactory: quiet})
	if err == nil {
		err = client.Listen()
	}
	if err != nil {
		pc.Close()
		return nil, nil, err
	}
	free := sync.OnceFunc(func() {
		client.Close()
		pc.Close()
	})
	allocation, err := c.allocate(ctx, client)
	if err != nil {
		free()
		return nil, nil, err
	}
	leave := sync.OnceFunc(func() { allocation.Close() })
	return relayed{allocation, net.UDPAddrFromAddrPort(c.Peer), sync.OnceFunc(func() {
		leave()
		free()
	})}, leave, nil
}

func (c Call) allocate(ctx context.Context, client *turn.Client) (net.PacketConn, error) {
	trying, cancel := context.WithTimeout(ctx, c.For)
	defer cancel()
	stop := context.AfterFunc(trying, client.Close) // ends what it waits for
	defer stop()
	for {
		allocation, err := client.Allocate()
		var refusal *stun.TurnError
		switch {
		case err == nil, errors.As(err, &refusal):
			return allocation, err
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case trying.Err() != nil:
			return nil, fmt.Errorf("%w: %w", ErrNoPath, err)
		}
	}
}

// relay is a TURN server for one client.
func (d *desk) relay(ctx context.Context, f flow, e end) {
	var callees sync.WaitGroup
	defer callees.Wait()
	defer e.Close()
	server, err := turn.NewServer(turn.ServerConfig{Realm: d.realm(), LoggerFactory: quiet,
		AuthHandler: func(user, realm string, _ net.Addr) ([]byte, bool) {
			return turn.GenerateAuthKey(user, realm, turnPassword), true
		},
		PacketConnConfigs: []turn.PacketConnConfig{{
			PacketConn:            packetEnd{e, net.UDPAddrFromAddrPort(f.at), net.UDPAddrFromAddrPort(f.from)},
			RelayAddressGenerator: &backRoom{ctx: ctx, at: f.at.Addr(), work: &callees},
		}}})
	if err != nil {
		return // a flow that is not answered
	}
	defer server.Close()
	select {
	case <-e.closed:
	case <-ctx.Done():
	}
}

func (d *desk) realm() string {
	if d.Realm == "" {
		return "relay.example"
	}
	return d.Realm
}

// backRoom makes up relayed addresses: behind them are callees, in this process.
type backRoom struct {
	ctx  context.Context
	at   netip.Addr
	work *sync.WaitGroup
}

// Validate implements [turn.RelayAddressGenerator].
func (*backRoom) Validate() error { return nil }

// AllocatePacketConn implements [turn.RelayAddressGenerator].
func (r *backRoom) AllocatePacketConn(string, int) (net.PacketConn, net.Addr, error) {
	const first, last = 49152, 65535 // RFC 8656 section 7.2
	at := netip.AddrPortFrom(r.at, uint16(first+mrand.IntN(last-first+1)))
	s := &relayedSocket{room: r, at: at}
	s.packetEnd = packetEnd{end: end{inbox: newInbox(0)}, local: net.UDPAddrFromAddrPort(at)}
	return s, s.local, nil
}

// AllocateConn implements [turn.RelayAddressGenerator].
func (*backRoom) AllocateConn(string, int) (net.Conn, net.Addr, error) {
	return nil, nil, errors.ErrUnsupported
}

// relayedSocket is a relayed address: what a client sends to a peer goes to the
// callee there.
type relayedSocket struct {
	packetEnd
	room *backRoom
	at   netip.AddrPort

	mu     sync.Mutex
	peer   net.Addr
	callee *inbox
}

// WriteTo hands a datagram to the callee; the first check brings one here.
func (s *relayedSocket) WriteTo(b []byte, to net.Addr) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.callee == nil {
		m, ok := message(b)
		if !ok {
			return len(b), nil
		}
		serve := calleeOfICE(m, s.at)
		if serve == nil {
			return len(b), nil
		}
		s.callee, s.peer = newInbox(idleAfter), to
		theirs := end{s.callee, func(b []byte) error { s.put(b); return nil }}
		s.room.work.Go(func() { serve(s.room.ctx, theirs) })
	}
	s.callee.put(b)
	return len(b), nil
}

// ReadFrom returns what the callee sent.
func (s *relayedSocket) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := s.Read(b)
	s.mu.Lock()
	defer s.mu.Unlock()
	return n, s.peer, err
}

// Close takes the callee along.
func (s *relayedSocket) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.callee != nil {
		s.callee.Close()
	}
	return s.packetEnd.Close()
}
