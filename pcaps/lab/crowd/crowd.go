package crowd

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/peer/call"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/truth"
)

const (
	lasts  = 50 * time.Second
	people = 90
	// idle is how long a load balancer bears silence: the least that a tool may take
	// for a reason is 30 s.
	idle = 35 * time.Second
)

// Servers with habits of their own.
const (
	aborts    = site.ExampleTwo  // resets whom it has accepted
	balancer  = site.ExampleDead // resets who was silent for long
	firewall  = site.Elsewhere   // resets hellos with a name that it does not know
	gone      = "93.184.216.99"  // is switched off
	hidden    = "ads.example.net"
	denied    = "tracker.example.net"
	closed    = 8443
	fixedPort = 42_000 // the first of those that programs always use
)

// Scenario is the nth chunk of a crowd: 50 seconds on one kind of network.
func Scenario(n int) *lab.Scenario {
	on := networks[n%len(networks)]
	return &lab.Scenario{
		Name: fmt.Sprintf("crowd-%d", n), Lasts: lasts,
		Truth: truth.Truth{What: "people talk, and nobody interferes: " + on.what, Where: "nowhere", Vantage: map[string]string{"client.pcapng": "host"}},
		Play:  func(w *lab.World) { play(w, on, uint64(n)) },
	}
}

// Weather is that of the nth chunk.
func Weather(n int) lab.Weather { return networks[n%len(networks)].weather }

func play(w *lab.World, on network, seed uint64) {
	w.Keep.Whole, w.Keep.Rest, w.Keep.Datagrams, w.Keep.RestDatagram = 4, 64, 6, 64
	w.Talk.Connect, w.Talk.Timeout = 6*time.Second, 8*time.Second
	w.SetDead(netip.MustParseAddr(gone), true)
	w.DNS.Rotate = 1
	w.DNS.Sink = map[string]bool{hidden: true}
	w.DNS.Rcode = map[string]int{denied: 3}
	w.Serve(netip.MustParseAddrPort(aborts+":443"), talk.ServerOptions{OnAccept: func(c *net.TCPConn) bool { return c.SetLinger(0) != nil }})
	w.Serve(netip.MustParseAddrPort(balancer+":443"), talk.ServerOptions{OnAccept: impatient})
	w.Serve(netip.MustParseAddrPort(firewall+":443"), talk.ServerOptions{Refuse: unknownName})
	if on.change != nil {
		on.change(w, rand.New(rand.NewPCG(seed, 1)))
	}
	for i := range people {
		p := &person{w: w, r: rand.New(rand.NewPCG(seed, uint64(100+i))), port: fixedPort + uint16(i)}
		w.At(time.Duration(i)*20*time.Millisecond, p.live)
	}
	for i, c := range []struct {
		kind call.Kind
		addr string
		port uint16
	}{{call.WhatsApp, site.WARelay, 3478}, {call.Reflector, site.TGReflector, 599}, {call.TURN, site.SignalRelay, 3478}} {
		w.Call(time.Duration(5+12*i)*time.Second, c.addr, c.port, call.Call{Kind: c.kind, For: 10 * time.Second, Up: call.Voice, Down: call.Voice})
	}
}

// impatient serves a connection, and resets it when it was silent for long.
func impatient(c *net.TCPConn) bool {
	time.AfterFunc(idle, func() {
		if c.SetLinger(0) == nil {
			c.Close()
		}
	})
	return true
}

func unknownName(sni string) talk.Refusal {
	if sni == "www.example.com" {
		return talk.Welcome
	}
	return talk.RefuseReset
}

// person is a client that does one thing after the other.
type person struct {
	w    *lab.World
	r    *rand.Rand
	port uint16 // of a program that always uses the same
}

// live ends a few seconds before the chunk does: most of what was begun is over then.
func (p *person) live(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, lasts-3*time.Second)
	defer stop()
	if p.r.IntN(6) == 0 {
		p.longSilence(ctx)
	}
	for ctx.Err() == nil {
		p.one(ctx)
		wait(ctx, time.Duration(p.r.IntN(60))*time.Millisecond)
	}
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// longSilence is a connection on which nobody speaks until the balancer has enough.
func (p *person) longSilence(ctx context.Context) {
	go func() {
		_ = p.w.Talk.Open(ctx, netip.MustParseAddrPort(balancer+":443"), talk.MTProto{}, talk.Download(3_000), talk.Idle(idle+5*time.Second))
	}()
}

func pick[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }
