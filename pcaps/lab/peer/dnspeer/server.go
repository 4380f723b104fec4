package dnspeer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"

	"chokepoint/pcaps/lab/peer"
)

// Server is a resolver. The zero value answers NXDOMAIN to everything, with the
// SOA of the zone above, as resolvers do. It must not be changed or copied while
// it serves.
type Server struct {
	// Zone has the addresses of names, of both families, in lower case without the
	// final dot.
	Zone  map[string][]netip.Addr
	ALPN  map[string][]string // names with an HTTPS record (RFC 9460), and its alpn
	TTL   uint32              // of addresses, s; 60 when 0
	Think time.Duration       // before each answer

	Rcode     map[string]int  // names that get nothing but this, dns.RcodeServerFailure; "*" is all names
	Sink      map[string]bool // names that policy hides behind 0.0.0.0 and ::
	Rotate    int             // > 0: each query gets so many of a name's addresses, and the next one others (CDN)
	Truncate  bool            // answers over UDP are empty and say so: come by TCP
	NoEDNS    bool            // queries with EDNS get plain answers
	NoSOA     bool            // negative answers do not name their zone
	Authority bool            // AA is set and RA is not, as of a zone's own server

	// Edit has the last word on an answer, nil none. It may be called by many at a
	// time.
	Edit func(q dns.Question, answer *dns.Msg)

	turns atomic.Uint32
}

// Serve answers at an address over UDP and TCP until ctx ends. Answers come from
// the address that was asked, also when it is a wildcard.
func (s *Server) Serve(ctx context.Context, n peer.Net, at netip.AddrPort) error {
	pc, l, err := Listen(n, at)
	if err != nil {
		return err
	}
	return s.ServeOn(ctx, pc, l)
}

// Listen opens the sockets of a resolver: from then on, queries wait to be served.
// A port of 0 becomes one that is free for both.
func Listen(n peer.Net, at netip.AddrPort) (pc net.PacketConn, l net.Listener, err error) {
	const tries = 8 // a port that is free for one may be taken for the other
	for range tries {
		if pc, l, err = listen(n, at); err == nil || at.Port() != 0 {
			break
		}
	}
	if err != nil {
		err = fmt.Errorf("dns server: %w", err)
	}
	return pc, l, err
}

func listen(n peer.Net, at netip.AddrPort) (net.PacketConn, net.Listener, error) {
	pc, err := n.ListenPacket("udp", at)
	if err != nil {
		return nil, nil, err
	}
	if a, ok := pc.LocalAddr().(*net.UDPAddr); ok {
		at = netip.AddrPortFrom(at.Addr(), uint16(a.Port))
	}
	l, err := n.Listen("tcp", at)
	if err != nil {
		pc.Close()
		return nil, nil, err
	}
	return pc, l, nil
}

// ServeOn is Serve on sockets that are open; it closes them. pc is nil or l is,
// where a resolver has no ear for one of the two.
func (s *Server) ServeOn(ctx context.Context, pc net.PacketConn, l net.Listener) error {
	answer := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) { s.handle(ctx, w, q) })
	var both []*dns.Server
	if pc != nil {
		both = append(both, &dns.Server{PacketConn: pc, Handler: answer, UDPSize: dns.MaxMsgSize})
	}
	if l != nil {
		both = append(both, &dns.Server{Listener: l, Handler: answer})
	}
	var work sync.WaitGroup
	failed := make(chan error, len(both))
	for _, srv := range both {
		ready := make(chan struct{})
		srv.NotifyStartedFunc = func() { close(ready) }
		work.Go(func() { failed <- srv.ActivateAndServe() })
		select {
		case <-ready: // only then it can be shut down
		case err := <-failed:
			failed <- err
		}
	}
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	for _, srv := range both {
		err = errors.Join(err, srv.Shutdown())
	}
	work.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("dns server: %w", err)
}

func (s *Server) handle(ctx context.Context, w dns.ResponseWriter, q *dns.Msg) {
	_, datagram := w.RemoteAddr().(*net.UDPAddr)
	a := s.answer(q, datagram)
	select {
	case <-time.After(s.Think):
		w.WriteMsg(a) //nolint:errcheck // the client is gone: so be it
	case <-ctx.Done():
	}
}
