package scenes

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/lab/policy"
	"chokepoint/pcaps/site"
)

// resetsOnOddPaths are servers' own resets on paths that make them look strange.
func resetsOnOddPaths() []*lab.Scenario {
	return []*lab.Scenario{pathECMP(), pathReorders(), pathWakes(), pathProxy(), pathTTL()}
}

// resetsHere has a server refuse all hellos with a reset, some time after each.
func resetsHere(w *lab.World, addr string, think time.Duration) {
	w.Serve(netip.MustParseAddrPort(addr+":443"), talk.ServerOptions{HandshakeThink: think,
		Refuse: func(string) talk.Refusal { return talk.RefuseReset }})
}

// cutShort are turns after which a server goes with a reset, right behind its data.
func cutShort() []talk.Turn {
	return []talk.Turn{talk.Download(6_000), talk.Download(9_000), {Ask: 300, Answer: 5_000, End: talk.Linger}}
}

// pathECMP: packets take three ways of different length, resets too.
func pathECMP() *lab.Scenario {
	return &lab.Scenario{
		Name: "path-ecmp", Cases: []string{"B10"}, Lasts: 6 * time.Second,
		Truth: unforged("signal", finding.Unexplained, "TTLs of Signal's packets alternate between three values all the time; its servers end some conversations with a reset", theServers,
			"the reset's TTL is one of the three"),
		Play: func(w *lab.World) {
			direct := w.Far[box.Down].Site
			n := uint8(0)
			w.Far[box.Down].Site = func(a netip.Addr) (time.Duration, uint8) {
				d, hops := direct(a)
				n = (n + 1) % 3
				return d, hops + n - 1
			}
			tries(4, 300*time.Millisecond, 1200*time.Millisecond, func(at time.Duration) {
				w.Open(at, "chat.signal.org", lab.Native, cutShort()...)
				w.Open(at+300*time.Millisecond, "cdn2.signal.org", lab.Native, cutShort()...)
			})
			lively(w, "signal")
		},
	}
}

// late is an action of the path: a packet that it holds is overtaken by the next
// one. No rule of anybody's.
type late struct{ by time.Duration }

// Act implements [box.Action].
func (a late) Act(b *box.Box, _ *box.Rule, p *box.Packet) bool {
	b.After(a.by, func() { b.Forward(p) })
	return false
}

// dropsAll is a server that answers every first question with 2000 bytes and a reset
// right behind them.
func dropsAll(ctx context.Context, l net.Listener) error {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	defer l.Close()
	for {
		c, err := l.Accept()
		if err != nil {
			return nil
		}
		go func() {
			defer c.Close()
			if _, err := c.Read(make([]byte, 4096)); err != nil {
				return
			}
			answer := make([]byte, 2000) // two segments
			rand.Read(answer)
			if _, err := c.Write(answer); err == nil {
				_ = c.(*net.TCPConn).SetLinger(0) // the client's recording shows what came of it
			}
		}()
	}
}

// hears is a client that says something of no structure, as MTProto is, and listens
// until the end.
func hears(ctx context.Context, w *lab.World, to netip.AddrPort) error {
	c, err := w.Client().Dial(ctx, "tcp", netip.AddrPort{}, to)
	if err != nil {
		return err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	question := make([]byte, 340)
	rand.Read(question)
	if _, err := c.Write(question); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, c)
	return err
}

// pathReorders: the last data of a server that resets come 0.4 ms after the reset.
func pathReorders() *lab.Scenario {
	return &lab.Scenario{
		Name: "path-reorders", Cases: []string{"B12"}, Lasts: 6 * time.Second,
		Truth: unforged("telegram", finding.Suspected, "Telegram's servers end conversations with a reset that overtakes their last data by less than a millisecond", "the path",
			"data so shortly after the reset were sent before it"),
		Play: func(w *lab.World) {
			short := policy.All(policy.To(site.TGMedia), policy.Dir(box.Down), policy.Payload(1), policy.Not(policy.Payload(1000)))
			w.Rule("longer way", short, late{by: 500 * time.Microsecond})
			w.Run(func(ctx context.Context) (func() error, error) {
				l, err := w.Server().Listen("tcp", netip.MustParseAddrPort(site.TGMedia+":443"))
				return func() error { return dropsAll(ctx, l) }, err
			})
			tries(6, 300*time.Millisecond, 800*time.Millisecond, func(at time.Duration) {
				w.At(at, func(ctx context.Context) {
					w.Note("media", hears(ctx, w, netip.MustParseAddrPort(site.TGMedia+":443")))
				})
			})
			w.OpenAt(500*time.Millisecond, site.TGChat, 443, talk.MTProto{}, talk.Chat(4, 900*time.Millisecond)...)
			lively(w, "telegram")
		},
	}
}

// pathWakes: a phone's radio sleeps. What is sent first waits until it is awake; a
// server resets 70 ms after a hello on a path that seemed to take 900.
func pathWakes() *lab.Scenario {
	return &lab.Scenario{
		Name: "path-radio-wakes", Cases: []string{"B26"}, Lasts: 7 * time.Second,
		Truth: unforged("telegram", finding.Suspected, "the radio takes 850 ms to wake up, then a round trip takes 60 ms; Telegram's web server resets after the hello", theServers,
			"the first round trip is no measure of the path"),
		Play: func(w *lab.World) {
			const begins, awake = 400 * time.Millisecond, 1250 * time.Millisecond
			w.Near[box.Up].Site = func(a netip.Addr) (time.Duration, uint8) {
				d, hops := near4(a)
				return d + max(0, awake-w.Box.Elapsed()), hops
			}
			resetsHere(w, site.TGWeb, 8*time.Millisecond)
			for i := range 3 {
				w.OpenAt(begins+time.Duration(10*i)*time.Millisecond, site.TGWeb, 443, talk.TLS{SNI: "web.telegram.org", Classical: true})
			}
			w.OpenAt(begins, site.TGChat, 443, talk.MTProto{}, talk.Chat(4, 900*time.Millisecond)...)
			w.OthersWork(awake+300*time.Millisecond, "telegram")
			w.Surf(awake+200*time.Millisecond, 5*time.Second, 1200*time.Millisecond)
		},
	}
}

// near4 is the way to the middlebox as it is by default.
func near4(a netip.Addr) (time.Duration, uint8) {
	if a == lab.RouterAddr {
		return 200 * time.Microsecond, 0
	}
	return 900 * time.Microsecond, 4
}

// pathProxy: a transparent proxy in the provider's network answers handshakes in
// 2 ms. The server that it then asks resets it, and it does the same to the client.
func pathProxy() *lab.Scenario {
	return &lab.Scenario{
		Name: "path-transparent-proxy", Cases: []string{"B27"}, Lasts: 6 * time.Second,
		Truth: unforged("telegram", finding.Suspected, "a transparent proxy speaks for every server at 2 ms; for Telegram's web it resets 45 ms after the hello", "a proxy of the provider",
			"the proxy is the peer: the hello had long arrived"),
		Play: func(w *lab.World) {
			proxied := map[netip.Addr]bool{netip.MustParseAddr(site.TGWeb): true, netip.MustParseAddr(site.ExampleCom): true, netip.MustParseAddr(site.ExampleOrg): true}
			for _, l := range w.Far {
				direct := l.Site
				l.Site = func(a netip.Addr) (time.Duration, uint8) {
					if proxied[a] {
						return 100 * time.Microsecond, 0
					}
					return direct(a)
				}
			}
			resetsHere(w, site.TGWeb, 45*time.Millisecond)
			tries(4, 300*time.Millisecond, 1200*time.Millisecond, func(at time.Duration) {
				w.Open(at, "web.telegram.org", classical)
				w.Open(at+200*time.Millisecond, "www.example.com", lab.Web, talk.Page()...)
			})
			w.TelegramWorks(600 * time.Millisecond)
			lively(w, "telegram")
		},
	}
}

// levelTTL is what a home router does that wants no one to see what is behind it:
// all that comes in leaves with one TTL. It interferes with nobody.
type levelTTL uint8

// Act implements [box.Action].
func (ttl levelTTL) Act(_ *box.Box, _ *box.Rule, p *box.Packet) bool {
	ip := p.Frame[14:] // behind the Ethernet header
	if p.Has&capture.HasIPv6 != 0 || len(ip) < 20 {
		return true
	}
	ip[8], p.TTL = uint8(ttl), uint8(ttl)
	ip[10], ip[11] = 0, 0
	sum := uint32(0)
	for i := 0; i < int(ip[0]&0x0f)*4; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(ip[i:]))
	}
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	binary.BigEndian.PutUint16(ip[10:], ^uint16(sum))
	return true
}

// pathTTL: the client sends with TTL 65, to hide behind a phone, and its router sets
// the TTL of everything with data to 64 and leaves the rest alone: the servers' own
// resets come with another TTL than their data.
func pathTTL() *lab.Scenario {
	return &lab.Scenario{
		Name: "client-side-ttl", Cases: []string{"B41"}, Lasts: 6 * time.Second,
		Truth: unforged("telegram", finding.Suspected, "the home router gives every incoming packet with data one TTL; Telegram's servers end conversations with resets of their own", theServers,
			"another TTL alone says nothing"),
		Play: func(w *lab.World) {
			w.Note("sysctl", w.Client().Sysctl("net.ipv4.ip_default_ttl", "65"))
			w.Rule("one TTL", policy.All(policy.Dir(box.Down), policy.TCP, policy.Payload(1)), levelTTL(64+4)) // four hops are to come
			tries(4, 300*time.Millisecond, 1200*time.Millisecond, func(at time.Duration) {
				w.OpenAt(at, site.TGMedia, 443, talk.MTProto{}, cutShort()...)
				w.Open(at+300*time.Millisecond, "web.telegram.org", lab.Native, cutShort()...)
			})
			w.OpenAt(500*time.Millisecond, site.TGChat, 443, talk.MTProto{}, talk.Chat(4, 900*time.Millisecond)...)
			lively(w, "telegram")
		},
	}
}
