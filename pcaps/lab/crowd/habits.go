package crowd

import (
	"context"
	"net/netip"
	"time"

	"github.com/miekg/dns"

	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/peer/dnspeer"
	"chokepoint/pcaps/lab/peer/quicpeer"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/site"
)

// names are whom people visit: every second one is of a service that is known.
var names = []string{"web.whatsapp.com", "www.example.com", "mmg.whatsapp.net", "www.example.org", "chat.signal.org", "www.wikipedia.org",
	"cdn2.signal.org", "www.python.org", "web.telegram.org", "www.kernel.org", "api.oneme.ru", "fd.oneme.ru", "cdn.discordapp.com", "www.instagram.com",
	"gateway.discord.gg", "www.gosuslugi.ru"}

// direct are addresses that apps remember.
var direct = []string{site.TGChat, site.TGMedia, site.TGChatMedia, site.WAChat, site.WAChat2}

// habits are what people do, the more often the more often it is here.
var habits = []func(*person, context.Context){
	(*person).visit, (*person).visit, (*person).visit, (*person).visit, (*person).leave, (*person).leave, (*person).leave, (*person).app, (*person).app,
	(*person).ended, (*person).ended, (*person).refused, (*person).refused, (*person).race, (*person).race, (*person).distrust, (*person).samePort,
	(*person).ask, (*person).ask, (*person).ask, (*person).ownPolicy, (*person).quic, (*person).quic, (*person).oddServer, (*person).plain, (*person).nobody,
}

func (p *person) one(ctx context.Context) { pick(p.r, habits)(p, ctx) }

// tls is one of the ways in which programs say hello.
func (p *person) tls(name string) talk.TLS {
	t := talk.TLS{SNI: name, Classical: p.r.IntN(3) > 0}
	if p.r.IntN(2) == 0 {
		t.ALPN = []string{"http/1.1"}
	}
	return t
}

func (p *person) turns() []talk.Turn {
	switch p.r.IntN(4) {
	case 0:
		return []talk.Turn{{Ask: 300 + p.r.IntN(400), Answer: 500 + p.r.IntN(20_000)}, {Ask: 350, Answer: p.r.IntN(6_000)}}
	case 1:
		return []talk.Turn{{Ask: 200, Answer: 600}, {Wait: time.Duration(p.r.IntN(400)) * time.Millisecond, Ask: 120, Answer: 90}}
	case 2:
		return []talk.Turn{talk.Download(8_000 + p.r.IntN(60_000))}
	}
	return []talk.Turn{{Ask: 300, Think: time.Duration(p.r.IntN(700)) * time.Millisecond, Answer: 1_000 + p.r.IntN(3_000)}}
}

// with opens a name as a program does that leaves in its own way.
func (p *person) with(ctx context.Context, c talk.Client, name string, t talk.TLS, turns ...talk.Turn) {
	addrs, err := p.w.Resolve(ctx, name)
	if err != nil {
		return
	}
	_ = c.Open(ctx, netip.AddrPortFrom(addrs[0], 443), t, turns...)
}

func (p *person) visit(ctx context.Context) {
	name := pick(p.r, names)
	p.with(ctx, p.w.Talk, name, p.tls(name), p.turns()...)
}

// leave goes in the middle of something: killed, closed with data unread, SO_LINGER 0.
func (p *person) leave(ctx context.Context) {
	c, name := p.w.Talk, pick(p.r, names)
	c.Leave = pick(p.r, []talk.Leave{talk.Hasty, talk.Kill, talk.Reset})
	turns := p.turns()
	if p.r.IntN(2) == 0 {
		cut := talk.Download(120_000)
		cut.Enough = 5_000 + p.r.IntN(50_000)
		turns = []talk.Turn{cut}
	}
	p.with(ctx, c, name, p.tls(name), turns...)
}

// app is a messenger that remembers addresses.
func (p *person) app(ctx context.Context) {
	addr := pick(p.r, direct)
	var s talk.Stream = talk.MTProto{}
	if addr == site.WAChat || addr == site.WAChat2 {
		s = talk.Noise{}
	}
	c := p.w.Talk
	c.Leave = pick(p.r, []talk.Leave{talk.Bye, talk.Bye, talk.Reset, talk.Hasty})
	_ = c.Open(ctx, netip.AddrPortFrom(netip.MustParseAddr(addr), 443), s, p.turns()...)
}

// ended is a server that ends it: with a question unread, with SO_LINGER 0, with a FIN.
func (p *person) ended(ctx context.Context) {
	name := pick(p.r, names)
	t := p.tls(name)
	t.ALPN = nil
	turns := []talk.Turn{{Ask: 300, Answer: 500 + p.r.IntN(9_000)}}
	switch pick(p.r, []talk.End{talk.Abort, talk.Linger, talk.Close}) {
	case talk.Abort:
		turns = append(turns, talk.Turn{Ask: 300, Answer: 4_000, End: talk.Abort}, talk.Turn{Ask: 900, Answer: 10})
	case talk.Linger:
		turns = append(turns, talk.Turn{Ask: 300, Answer: p.r.IntN(8_000), End: talk.Linger})
	default:
		turns = append(turns, talk.Turn{Ask: 200, Answer: 900, End: talk.Close})
	}
	p.with(ctx, p.w.Talk, name, t, turns...)
}

// refused is a port on which nobody listens.
func (p *person) refused(ctx context.Context) {
	for range 1 + p.r.IntN(3) {
		_ = p.w.Talk.Open(ctx, netip.AddrPortFrom(netip.MustParseAddr(pick(p.r, direct)), closed), talk.TLS{SNI: "edge.example.net"})
		wait(ctx, 200*time.Millisecond)
	}
}

// race is happy eyeballs: two connections, of which one is given up.
func (p *person) race(ctx context.Context) {
	name := pick(p.r, names)
	addrs, err := p.w.Resolve(ctx, name)
	if err != nil {
		return
	}
	to := netip.AddrPortFrom(addrs[0], 443)
	short, cancel := context.WithTimeout(ctx, time.Duration(4+p.r.IntN(60))*time.Millisecond)
	defer cancel()
	if c, err := p.w.Client().Dial(short, "tcp", netip.AddrPort{}, to); err == nil {
		c.Close()
	}
	_ = p.w.Talk.Open(ctx, to, p.tls(name), p.turns()...)
}

func (p *person) distrust(ctx context.Context) {
	c, name := p.w.Talk, pick(p.r, names)
	c.Leave = talk.Hasty
	t := p.tls(name)
	t.Distrust = true
	p.with(ctx, c, name, t, p.turns()...)
}

// samePort opens several connections from one port, one after the other.
func (p *person) samePort(ctx context.Context) {
	c := p.w.Talk
	c.From, c.Leave = netip.AddrPortFrom(lab.ClientAddr, p.port), talk.Reset
	for range 2 {
		_ = c.Open(ctx, netip.AddrPortFrom(netip.MustParseAddr(pick(p.r, direct[:2])), 443), talk.MTProto{}, p.turns()...)
	}
}

// ask asks for names and nothing else, of several resolvers.
func (p *person) ask(ctx context.Context) {
	q := dnspeer.Question{Name: pick(p.r, names), EDNS: p.r.IntN(3) > 0, Tries: 1 + p.r.IntN(2), SameID: p.r.IntN(2) == 0, Timeout: 2 * time.Second}
	if p.r.IntN(3) == 0 {
		q.Type = pick(p.r, []uint16{dns.TypeAAAA, dns.TypeHTTPS, dns.TypeTXT})
	}
	q.TCP = p.r.IntN(12) == 0
	to := p.w.Resolver
	if p.r.IntN(3) == 0 {
		to = netip.AddrPortFrom(netip.MustParseAddr(pick(p.r, []string{site.GoogleDNS, site.GoogleDNS2, site.CloudflareDNS})), 53)
	}
	_, _ = dnspeer.Ask(ctx, p.w.Client(), to, q)
}

// ownPolicy asks one's own resolver for what it denies or hides.
func (p *person) ownPolicy(ctx context.Context) {
	q := dnspeer.Question{Name: pick(p.r, []string{hidden, denied, "nosuch.example.net"}), EDNS: true, Timeout: time.Second}
	_, _ = dnspeer.Ask(ctx, p.w.Client(), p.w.Resolver, q)
}

func (p *person) quic(ctx context.Context) {
	s := pick(p.r, []struct{ addr, name string }{{site.WAWeb, "web.whatsapp.com"}, {site.ExampleCom, "www.example.com"}, {site.WAMedia, "mmg.whatsapp.net"},
		{"185.15.59.224", "www.wikipedia.org"}, {site.Instagram, "www.instagram.com"}, {site.Discord, "cdn.discordapp.com"}})
	_ = quicpeer.Open(ctx, p.w.Client(), netip.AddrPortFrom(netip.MustParseAddr(s.addr), 443),
		quicpeer.Options{SNI: s.name, Classic: p.r.IntN(2) == 0, Timeout: 3 * time.Second}, quicpeer.Turn{Ask: 300, Answer: p.r.IntN(30_000)})
}

// oddServer is a server that aborts whom it accepts, or a firewall that resets names.
func (p *person) oddServer(ctx context.Context) {
	to, name := pick(p.r, []string{aborts, firewall}), pick(p.r, []string{"www.example.com", "shop.example.net", "api.example.net"})
	_ = p.w.Talk.Open(ctx, netip.AddrPortFrom(netip.MustParseAddr(to), 443), p.tls(name), p.turns()...)
}

func (p *person) plain(ctx context.Context) {
	name := pick(p.r, names)
	addrs, err := p.w.Resolve(ctx, name)
	if err != nil {
		return
	}
	c := p.w.Talk
	c.Leave = pick(p.r, []talk.Leave{talk.Bye, talk.Hasty, talk.Reset})
	_ = c.Open(ctx, netip.AddrPortFrom(addrs[0], 80), talk.HTTP{Host: name}, p.turns()...)
}

// nobody is a host that is switched off.
func (p *person) nobody(ctx context.Context) {
	if p.r.IntN(20) > 0 {
		p.visit(ctx)
		return
	}
	c := p.w.Talk
	c.Connect = 4 * time.Second
	_ = c.Open(ctx, netip.AddrPortFrom(netip.MustParseAddr(gone), 443), talk.TLS{SNI: "www.example.net"})
}
