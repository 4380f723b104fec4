package quicpeer

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"chokepoint/pcaps/lab/peer/chain"
)

// ServerOptions say how a server behaves; the zero value speaks HTTP/3.
type ServerOptions struct {
	ALPN           []string      // that it knows; h3 when empty
	Retry          bool          // it makes clients prove their address first (RFC 9000 section 8.1.2)
	NoMTUDiscovery bool          // its packets stay as large as the first ones
	Timeout        time.Duration // longest silence of a client; 30 s when 0
}

// Serve answers clients of any name on a socket until ctx ends, and closes it. On
// a wildcard socket that is a *net.UDPConn, answers come from the address that was
// asked.
func Serve(ctx context.Context, pc net.PacketConn, opt ServerOptions) error {
	defer pc.Close()
	if err := chain.Prepare(); err != nil {
		return fmt.Errorf("quic server: %w", err)
	}
	tr := &quic.Transport{Conn: pc, ConnectionIDLength: 8}
	if opt.Retry {
		tr.VerifySourceAddress = func(net.Addr) bool { return true }
	}
	defer tr.Close()
	l, err := tr.Listen(&tls.Config{GetCertificate: chain.Of, NextProtos: alpn(opt.ALPN), MinVersion: tls.VersionTLS13},
		&quic.Config{DisablePathMTUDiscovery: opt.NoMTUDiscovery, MaxIdleTimeout: opt.Timeout})
	if err != nil {
		return fmt.Errorf("quic server: %w", err)
	}
	defer l.Close()
	var clients sync.WaitGroup
	defer clients.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for {
		c, err := l.Accept(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("quic server: %w", err)
		}
		clients.Go(func() { serve(ctx, c) })
	}
}

func alpn(protocols []string) []string {
	if len(protocols) == 0 {
		return []string{"h3"}
	}
	return protocols
}

// serve answers one client until it goes, with all its streams.
func serve(ctx context.Context, c *quic.Conn) {
	var streams sync.WaitGroup
	defer streams.Wait()
	defer c.CloseWithError(0, "") //nolint:errcheck // it may be closed already
	for {
		s, err := c.AcceptStream(ctx)
		if err != nil {
			return
		}
		streams.Go(func() {
			defer s.Close()
			for {
				t, err := heard(s)
				if err != nil {
					return
				}
				if t.answer(c.Context(), s) != nil {
					return
				}
			}
		})
	}
}
