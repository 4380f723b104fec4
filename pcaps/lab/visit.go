package lab

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/miekg/dns"

	"chokepoint/pcaps/lab/peer/call"
	"chokepoint/pcaps/lab/peer/dnspeer"
	"chokepoint/pcaps/lab/peer/quicpeer"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/lab/script"
)

// web is what browsers and most apps offer.
var web = []string{"h2", "http/1.1"}

// Web is TLS as browsers speak it, to the name that is visited; Native is a
// messenger's own protocol under TLS.
var (
	Web    = talk.TLS{ALPN: web}
	Native = talk.TLS{}
)

// Resolve asks the client's resolver for the addresses of a name.
func (w *World) Resolve(ctx context.Context, name string) ([]netip.Addr, error) {
	q := dnspeer.Question{Name: name, EDNS: true, Tries: 2, Timeout: 2 * time.Second}
	if w.V6 {
		q.Type = dns.TypeAAAA
	}
	r, err := dnspeer.Ask(ctx, w.hosts.Client, w.Resolver, q)
	if err != nil {
		return nil, err
	}
	if len(r.Addrs()) == 0 {
		return nil, fmt.Errorf("no address: %s", dns.RcodeToString[r.Msgs[0].Rcode])
	}
	return r.Addrs(), nil
}

// Ask plans a query and nothing after it.
func (w *World) Ask(at time.Duration, resolver netip.Addr, q dnspeer.Question) {
	w.At(at, func(ctx context.Context) {
		_, err := dnspeer.Ask(ctx, w.hosts.Client, netip.AddrPortFrom(w.Addr(resolver), dnsPort), q)
		w.Note("DNS "+q.Name, err)
	})
}

// Open plans a visit: look the name up, connect to port 443, begin TLS for the name
// and play the turns.
func (w *World) Open(at time.Duration, name string, s talk.TLS, turns ...talk.Turn) {
	w.OpenWith(w.Talk, at, name, s, turns...)
}

// OpenWith is Open by another program on the client.
func (w *World) OpenWith(c talk.Client, at time.Duration, name string, s talk.TLS, turns ...talk.Turn) {
	w.At(at, func(ctx context.Context) {
		addrs, err := w.Resolve(ctx, name)
		if err != nil {
			w.Note(name, err)
			return
		}
		s.SNI = name
		w.Note(name, c.Open(ctx, netip.AddrPortFrom(addrs[0], 443), s, turns...))
	})
}

// OpenAt plans a conversation with an address that the client has remembered. It
// is of the sites' IPv4 addresses also where the world speaks IPv6.
func (w *World) OpenAt(at time.Duration, addr string, port uint16, s talk.Stream, turns ...talk.Turn) {
	w.At(at, func(ctx context.Context) {
		w.Note(addr, w.Talk.Open(ctx, w.addrPort(addr, port), s, turns...))
	})
}

// QUIC plans a visit over QUIC, to an address that the client has remembered.
func (w *World) QUIC(at time.Duration, addr string, opt quicpeer.Options, turns ...quicpeer.Turn) {
	w.At(at, func(ctx context.Context) {
		w.Note("QUIC "+opt.SNI, quicpeer.Open(ctx, w.hosts.Client, w.addrPort(addr, quicPort), opt, turns...))
	})
}

// Call plans a call.
func (w *World) Call(at time.Duration, addr string, port uint16, c call.Call) {
	w.At(at, func(ctx context.Context) {
		c.Relay = w.addrPort(addr, port)
		stats, err := call.Play(ctx, w.hosts.Client, c)
		if err == nil && stats.Lost+stats.Gaps > 0 {
			err = fmt.Errorf("%d of %d packets lost, %d gaps", stats.Lost, stats.Lost+stats.Received, stats.Gaps)
		}
		w.Note(fmt.Sprintf("call by %s:%d", addr, port), err)
	})
}

func (w *World) addrPort(addr string, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(w.Addr(netip.MustParseAddr(addr)), port)
}

// Addr is the address of a host in this world: its IPv6 address where that is
// spoken.
func (w *World) Addr(a netip.Addr) netip.Addr {
	if w.V6 {
		return script.Six(a)
	}
	return a
}
