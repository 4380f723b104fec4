package call

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/stun/v3"

	"chokepoint/pcaps/lab/peer"
)

// Probe asks addresses from one socket whether they are there, as a call does
// before it begins, and retransmits as RFC 8489 section 6.2.1 has it.
type Probe struct {
	To   []netip.AddrPort
	From netip.AddrPort // local; any when unset
	// Check asks as ICE asks a candidate of the other caller: with a user name that
	// only a callee knows. Otherwise it is the question to a public server.
	Check    bool
	Requests int           // to each, Rc of the RFC; 7 when 0
	RTO      time.Duration // until the second request, then twice as long each time; 500 ms when 0
	Wait     time.Duration // after the last request; 16 RTO when 0
	Pace     time.Duration // between first requests, Ta of RFC 8445 section 14; 50 ms when 0
}

// Defaults of RFC 8489 section 6.2.1 and RFC 8445 section 14.2.
const (
	defaultRequests = 7
	defaultRTO      = 500 * time.Millisecond
	defaultRm       = 16
	defaultPace     = 50 * time.Millisecond
)

// Run asks all, and returns the round-trip times of those that answered. It ends
// when all have, when there is no hope left, or with ctx, which is no error.
func (p Probe) Run(ctx context.Context, n peer.Net) (map[netip.AddrPort]time.Duration, error) {
	if len(p.To) == 0 {
		return nil, nil
	}
	pc, err := n.ListenPacket("udp", local(p.From, p.To[0]))
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	r := newRound(p.defaults(), pc)
	asking, cancel := context.WithCancel(ctx)
	defer cancel()
	var work sync.WaitGroup
	work.Go(r.listen)
	var asked sync.WaitGroup
	for i, to := range p.To {
		asked.Go(func() { r.pursue(asking, i, to) })
	}
	asked.Wait()
	pc.Close()
	work.Wait()
	return r.rtt, nil
}

func (p Probe) defaults() Probe {
	or := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	or(&p.RTO, defaultRTO)
	or(&p.Wait, defaultRm*p.RTO)
	or(&p.Pace, defaultPace)
	if p.Requests == 0 {
		p.Requests = defaultRequests
	}
	return p
}

// round is a probe that runs.
type round struct {
	Probe
	pc      net.PacketConn
	mu      sync.Mutex
	pending map[[stun.TransactionIDSize]byte]chan struct{}
	rtt     map[netip.AddrPort]time.Duration
}

func newRound(p Probe, pc net.PacketConn) *round {
	return &round{Probe: p, pc: pc, pending: map[[stun.TransactionIDSize]byte]chan struct{}{}, rtt: map[netip.AddrPort]time.Duration{}}
}

// request is one for an address; the same bytes go out again.
func (r *round) request() *stun.Message {
	m := stun.New()
	if r.Check {
		agent := newICE(make([]byte, tokenLen), nil) // to nobody's callee
		if err := stun.Decode(agent.ask(), m); err != nil {
			panic(err) // it was just written
		}
		return m
	}
	build(m, stun.TransactionID, stun.BindingRequest, stun.Fingerprint)
	return m
}

// pursue asks one address until it answers or hope is gone.
func (r *round) pursue(ctx context.Context, nth int, to netip.AddrPort) {
	if !pause(ctx, time.Duration(nth)*r.Pace) {
		return
	}
	m, answer := r.request(), make(chan struct{})
	r.mu.Lock()
	r.pending[m.TransactionID] = answer
	r.mu.Unlock()
	begun, wait := time.Now(), r.RTO
	for i := range r.Requests {
		r.pc.WriteTo(m.Raw, net.UDPAddrFromAddrPort(to)) //nolint:errcheck // as on the wire: it may be lost
		if i == r.Requests-1 {
			wait = r.Wait
		}
		select {
		case <-answer:
			r.mu.Lock()
			r.rtt[to] = time.Since(begun)
			r.mu.Unlock()
			return
		case <-time.After(wait):
			wait *= 2
		case <-ctx.Done():
			return
		}
	}
}

// listen takes answers until the socket is closed.
func (r *round) listen() {
	b := make([]byte, 2048)
	for {
		n, _, err := r.pc.ReadFrom(b)
		if err != nil {
			return
		}
		m, ok := message(b[:n])
		if !ok || m.Type.Class != stun.ClassSuccessResponse {
			continue
		}
		r.mu.Lock()
		if answer := r.pending[m.TransactionID]; answer != nil {
			close(answer)
			delete(r.pending, m.TransactionID)
		}
		r.mu.Unlock()
	}
}
