package dnspeer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/miekg/dns"

	"chokepoint/pcaps/lab/peer"
)

// ErrSilent means that no answer came to any try.
var ErrSilent = errors.New("no answer")

// Question is what a program wants to know, and how its stub asks.
type Question struct {
	Name string // without the final dot
	Type uint16 // dns.TypeA when 0
	TCP  bool
	EDNS bool
	ID   uint16 // of the first try; 0 is random
	From netip.AddrPort
	// Tries is how often it is asked over UDP, 1 when 0. Each has a port of its
	// own, and an id of its own unless SameID is set: systemd-resolved does the
	// former, glibc the latter.
	Tries   int
	SameID  bool
	Timeout time.Duration // of each try; 5 s when 0 (resolv.conf(5))
	// Listen is how long the port stays open for another answer after the first.
	// A stub closes it, and the kernel refuses what comes later.
	Listen time.Duration
}

// Reply is what came.
type Reply struct {
	Msgs  []*dns.Msg    // all answers in order; the first is what the program gets, but for a truncated one
	RTT   time.Duration // of the first
	Tries int           // that it took
}

// Addrs returns the addresses that the program gets.
func (r Reply) Addrs() (out []netip.Addr) {
	if len(r.Msgs) == 0 {
		return nil
	}
	m := r.Msgs[0]
	if m.Truncated && len(r.Msgs) > 1 {
		m = r.Msgs[len(r.Msgs)-1]
	}
	for _, rr := range m.Answer {
		var ip net.IP
		switch rr := rr.(type) {
		case *dns.A:
			ip = rr.A
		case *dns.AAAA:
			ip = rr.AAAA
		}
		if a, ok := netip.AddrFromSlice(ip); ok {
			out = append(out, a.Unmap())
		}
	}
	return out
}

// defaultTimeout is RES_TIMEOUT of glibc.
const defaultTimeout = 5 * time.Second

// Ask asks a resolver, by TCP after an answer that was truncated. The error is
// [ErrSilent] when nothing came at all; an answer of any rcode is none.
func Ask(ctx context.Context, n peer.Net, resolver netip.AddrPort, q Question) (r Reply, err error) {
	if q.Timeout == 0 {
		q.Timeout = defaultTimeout
	}
	query := q.message()
	if q.TCP {
		return r, q.named(q.try(ctx, n, "tcp", resolver, query, &r))
	}
	for range max(q.Tries, 1) {
		if err = q.try(ctx, n, "udp", resolver, query, &r); err == nil || ctx.Err() != nil {
			break
		}
		if !q.SameID {
			query.Id = dns.Id()
		}
	}
	if err == nil && r.Msgs[0].Truncated {
		err = q.try(ctx, n, "tcp", resolver, query, &r)
	}
	return r, q.named(err)
}

func (q Question) named(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("dns %s: %w", q.Name, err)
}

func (q Question) message() *dns.Msg {
	if q.Type == 0 {
		q.Type = dns.TypeA
	}
	m := new(dns.Msg).SetQuestion(dns.Fqdn(q.Name), q.Type)
	if q.ID != 0 {
		m.Id = q.ID
	}
	if q.EDNS {
		m.SetEdns0(udpSize, false)
	}
	return m
}

// try asks once and waits.
func (q Question) try(ctx context.Context, n peer.Net, network string, resolver netip.AddrPort, query *dns.Msg, r *Reply) error {
	r.Tries++
	dialing, cancel := context.WithTimeout(ctx, q.Timeout)
	defer cancel()
	conn, err := n.Dial(dialing, network, q.From, resolver)
	if err != nil {
		return outcome(ctx, err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	c := &dns.Conn{Conn: conn, UDPSize: dns.MaxMsgSize}
	asked := time.Now()
	c.SetDeadline(asked.Add(q.Timeout)) //nolint:errcheck // sockets have deadlines
	if err := c.WriteMsg(query); err != nil {
		return outcome(ctx, err)
	}
	first, err := next(c, query.Id)
	if err != nil {
		return outcome(ctx, err)
	}
	r.Msgs = append(r.Msgs, first)
	if r.RTT == 0 {
		r.RTT = time.Since(asked)
	}
	c.SetDeadline(time.Now().Add(q.Listen)) //nolint:errcheck // sockets have deadlines
	for q.Listen > 0 {
		m, err := next(c, query.Id)
		if err != nil {
			break
		}
		r.Msgs = append(r.Msgs, m)
	}
	return nil
}

// outcome names what ended a try.
func outcome(ctx context.Context, err error) error {
	var lost net.Error
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &lost) && lost.Timeout():
		return ErrSilent
	}
	return err
}

// next returns the next message that can be read and has the id. What a stub cannot
// read it passes over, as if it had not come.
func next(c *dns.Conn, id uint16) (*dns.Msg, error) {
	for {
		m, err := c.ReadMsg()
		switch {
		case err == nil && m.Id == id && m.Response:
			return m, nil
		case err != nil && m == nil && !errors.Is(err, dns.ErrShortRead):
			return nil, err // the socket's, not the message's
		}
	}
}
