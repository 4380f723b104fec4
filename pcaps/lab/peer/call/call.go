package call

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"chokepoint/pcaps/lab/peer"
)

// Kind is the way that media take.
type Kind uint8

// The kinds.
const (
	Direct    Kind = iota // RTP between the callers, after ICE's checks (RFC 8445)
	TURN                  // the same in channels of a TURN relay (RFC 8656)
	WhatsApp              // RTP through a relay that is opened with STUN of WhatsApp's own
	Reflector             // Telegram's relay: its own hello, media that cannot be read
)

// Call is a call as the caller plays it.
type Call struct {
	Kind  Kind
	Relay netip.AddrPort // or the callee, of a direct call
	From  netip.AddrPort // local; any when unset
	// For is how long it lasts from when the path is open, or how long it is tried.
	// Times are rounded to 20 ms, and 21 minutes are the longest.
	For      time.Duration
	Up, Down Media         // of the caller, of the callee
	Rings    time.Duration // after the path is open until both begin to send
	Away     bool          // nobody takes the call: the path works, there are no media
	// Opaque media are noise from the first byte on, as Telegram's between two
	// callers. Those through a reflector always are.
	Opaque bool
	// Peer is the callee's address behind a TURN relay; made up when unset.
	Peer netip.AddrPort
}

// ErrNoPath means that nothing on the way answered: no relay, no callee.
var ErrNoPath = errors.New("no answer on the way to the callee")

// madeUpPeer is of TEST-NET-3 (RFC 5737): nobody is there but the lab's callee.
var madeUpPeer = netip.MustParseAddrPort("203.0.113.20:49203")

// Play calls. What it counted is right also when there is an error, which is
// [ErrNoPath], or that of ctx when it ended first, or of the host's network.
func Play(ctx context.Context, n peer.Net, c Call) (Stats, error) {
	if !c.Peer.IsValid() {
		c.Peer = madeUpPeer
	}
	link, leave, err := c.dial(ctx, n)
	if err != nil {
		return Stats{}, fmt.Errorf("call by %s: %w", c.Relay, err)
	}
	sig, style := c.signal()
	p := newParty(link, sig, style, c.plan(c.Up))
	open := p.run(ctx, leave)
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case !open:
		err = fmt.Errorf("call by %s: %w", c.Relay, ErrNoPath)
	}
	return p.tally.Stats, err
}

func (c Call) plan(m Media) plan {
	return plan{Media: m, rings: c.Rings, lasts: c.For, away: c.Away, opaque: c.Opaque || c.Kind == Reflector}
}

// signal is the caller's signalling; the callee's plan travels in it.
func (c Call) signal() (signal, style) {
	token := c.plan(c.Down).seal()
	switch c.Kind {
	case WhatsApp:
		return newRelayOfWhatsApp(token), whatsApp
	case Reflector:
		r := newReflector(token)
		r.client = true
		return r, webRTC
	case TURN:
		return newICE(token, func() netip.AddrPort { return c.Peer }), webRTC
	}
	return newICE(token, func() netip.AddrPort { return c.Relay }), webRTC
}

// dial opens the link, and says how to leave it before it is closed.
func (c Call) dial(ctx context.Context, n peer.Net) (link io.ReadWriteCloser, leave func(), err error) {
	if c.Kind == TURN {
		return c.dialTURN(ctx, n)
	}
	link, err = n.Dial(ctx, "udp", c.From, c.Relay)
	return link, func() {}, err
}

// local is the address to bind: a wildcard of the right family when none is wanted.
func local(from, to netip.AddrPort) netip.AddrPort {
	switch {
	case from.IsValid():
		return from
	case to.Addr().Is4():
		return netip.AddrPortFrom(netip.IPv4Unspecified(), 0)
	}
	return netip.AddrPortFrom(netip.IPv6Unspecified(), 0)
}
