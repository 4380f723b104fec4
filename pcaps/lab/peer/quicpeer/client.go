package quicpeer

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/quic-go/quic-go"

	"chokepoint/pcaps/lab/peer"
)

// Options say how a client behaves.
type Options struct {
	SNI            string
	ALPN           []string // h3 when empty
	From           netip.AddrPort
	NoMTUDiscovery bool // no larger packets are tried (RFC 8899)
	Classic        bool // no post-quantum key share: the hello fits into one datagram
	// Timeout is the longest silence of the server that is borne, during the
	// handshake and after it; 5 s when 0.
	Timeout time.Duration
}

// defaultTimeout is quic-go's own for the handshake.
const defaultTimeout = 5 * time.Second

// closed is H3_NO_ERROR (RFC 9114 section 8.1).
const closed = 0x100

// Open opens a connection, takes the turns on one stream and closes it. The error
// says how far it came.
func Open(ctx context.Context, n peer.Net, to netip.AddrPort, opt Options, turns ...Turn) error {
	pc, err := n.ListenPacket("udp", local(opt.From, to))
	if err != nil {
		return fmt.Errorf("quic %s: %w", opt.SNI, err)
	}
	defer pc.Close()
	tr := &quic.Transport{Conn: pc, ConnectionIDLength: 8}
	defer tr.Close()
	if opt.Timeout == 0 {
		opt.Timeout = defaultTimeout
	}
	c, err := tr.Dial(ctx, net.UDPAddrFromAddrPort(to), opt.tls(), &quic.Config{
		DisablePathMTUDiscovery: opt.NoMTUDiscovery, HandshakeIdleTimeout: opt.Timeout, MaxIdleTimeout: opt.Timeout})
	if err != nil {
		return fmt.Errorf("quic %s: handshake: %w", opt.SNI, err)
	}
	stop := context.AfterFunc(ctx, func() { c.CloseWithError(closed, "") }) //nolint:errcheck // it may be closed already
	defer stop()
	defer c.CloseWithError(closed, "") //nolint:errcheck // it may be closed already
	if len(turns) == 0 {
		return nil
	}
	s, err := c.OpenStreamSync(ctx)
	if err != nil {
		return fmt.Errorf("quic %s: %w", opt.SNI, err)
	}
	defer s.Close()
	for i, t := range turns {
		if err := t.take(ctx, s); err != nil {
			return fmt.Errorf("quic %s: turn %d: %w", opt.SNI, i+1, err)
		}
	}
	return nil
}

// local is the wildcard of the family that is needed, when nothing else is wanted.
func local(from, to netip.AddrPort) netip.AddrPort {
	switch {
	case from.IsValid():
		return from
	case to.Addr().Is4():
		return netip.AddrPortFrom(netip.IPv4Unspecified(), 0)
	}
	return netip.AddrPortFrom(netip.IPv6Unspecified(), 0)
}

func (o Options) tls() *tls.Config {
	c := &tls.Config{ServerName: o.SNI, NextProtos: alpn(o.ALPN), InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}
	if o.Classic {
		c.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256}
	}
	return c
}
