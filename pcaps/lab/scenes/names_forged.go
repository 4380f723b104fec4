package scenes

import (
	"context"
	"net/netip"
	"time"

	"github.com/miekg/dns"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/peer/dnspeer"
	"chokepoint/pcaps/lab/policy"
	"chokepoint/pcaps/lab/script"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/truth"
)

// forgedNames are answers that a box makes up.
func forgedNames() []*lab.Scenario {
	return []*lab.Scenario{dnsRace(), dnsRaceV6(), dnsDoubled(), dnsZero(), dnsLoopback(), dnsHijack()}
}

// telegramWebNames are those that browsers use.
var telegramWebNames = []string{".telegram.org"}

// lied is the truth of one service whose names draw lies.
func lied(service string, kind finding.Kind, least finding.Verdict, what string, status ...string) truth.Truth {
	t := swallowed(service, kind, least, what, status...)
	t.May = []truth.Limit{{Kinds: lies, Service: service, AtMost: finding.Confirmed}}
	return t
}

// google makes the client ask a public resolver, which a box on the path can see.
func google(w *lab.World) netip.Addr {
	a := siteAddr(site.GoogleDNS)
	w.Resolver = netip.AddrPortFrom(a, 53)
	return a
}

// whatsAppOnly plans visits to WhatsApp by names, and what works meanwhile.
func whatsAppOnly(w *lab.World) {
	w.Talk.Connect = 4 * time.Second
	tries(3, 700*time.Millisecond, 1300*time.Millisecond, func(at time.Duration) {
		w.Open(at, "web.whatsapp.com", lab.Web, browsed()...)
		w.Open(at+400*time.Millisecond, "mmg.whatsapp.net", lab.Web, browsed()...)
	})
	w.OthersWork(300*time.Millisecond, "whatsapp")
	w.Surf(0, 6*time.Second, 700*time.Millisecond)
}

// dnsRace is a box that answers queries for WhatsApp before the resolver can, with
// an address where nobody is. The resolver's own answer comes too.
func dnsRace() *lab.Scenario {
	return &lab.Scenario{
		Name: "dns-race", Cases: []string{"F19"}, Lasts: 7 * time.Second,
		Truth: lied("whatsapp", finding.DNSForged, finding.Confirmed, "queries to 8.8.8.8 for names of WhatsApp draw a forged address 35 ms before the resolver's own answer", "blocked"),
		Play: func(w *lab.World) {
			resolver := google(w)
			w.SetDead(siteAddr(site.Forged), true)
			w.Rule("forged answer", policy.All(policy.UDP, policy.QNAME(whatsAppNames...)), &policy.ForgeDNS{Addrs: []netip.Addr{siteAddr(site.Forged)}, Delay: time.Millisecond})
			w.Ask(400*time.Millisecond, resolver, dnspeer.Question{Name: "web.whatsapp.com", EDNS: true, Listen: 400 * time.Millisecond})
			whatsAppOnly(w)
		},
	}
}

// face is an address that answers of the GFW carry: an IPv4 address in the Teredo
// prefix, and the interface of Facebook's.
var face = []netip.Addr{netip.MustParseAddr("2001::1f0d:5e1a"), netip.MustParseAddr("31.13.94.26")}

// dnsRaceV6 forges the answers for both families, as the GFW does; clients ask for
// both at once.
func dnsRaceV6() *lab.Scenario {
	return &lab.Scenario{
		Name: "dns-race-v6", Cases: []string{"F19"}, Lasts: 7 * time.Second,
		Truth: lied("whatsapp", finding.DNSForged, finding.Confirmed, "queries to 8.8.8.8 for A and AAAA of WhatsApp's names draw forged addresses before the resolver's own answer", "blocked"),
		Play: func(w *lab.World) {
			resolver := google(w)
			for _, a := range face {
				w.SetDead(a, true)
			}
			w.Rule("forged answer", policy.All(policy.UDP, policy.QNAME(whatsAppNames...)),
				&policy.ForgeDNS{Addrs: face, TTLs: []uint32{171}, Delay: 800 * time.Microsecond, NoDF: true, TTL: policy.Random})
			tries(4, 400*time.Millisecond, 1200*time.Millisecond, func(at time.Duration) {
				for _, name := range []string{"web.whatsapp.com", "g.whatsapp.net"} {
					w.Ask(at, resolver, dnspeer.Question{Name: name, Type: dns.TypeAAAA, EDNS: true, Listen: 300 * time.Millisecond})
					w.Ask(at, resolver, dnspeer.Question{Name: name, EDNS: true, Listen: 300 * time.Millisecond})
				}
			})
			whatsAppOnly(w)
		},
	}
}

// dnsDoubled denies a name in the resolver's name; the resolver's answer comes after
// it.
func dnsDoubled() *lab.Scenario {
	t := lied("whatsapp", finding.DNSDenied, finding.Confirmed, "queries to 8.8.8.8 for names of WhatsApp draw NXDOMAIN, and then the resolver's own answer", "blocked")
	t.Finds[0].Kinds = []finding.Kind{finding.DNSForged, finding.DNSDenied}
	return &lab.Scenario{
		Name: "dns-doubled", Cases: []string{"F19"}, Lasts: 7 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			resolver := google(w)
			w.Rule("forged denial", policy.All(policy.UDP, policy.QNAME(whatsAppNames...)), &policy.ForgeDNS{Rcode: policy.NXDOMAIN, Delay: time.Millisecond})
			tries(2, 400*time.Millisecond, 2*time.Second, func(at time.Duration) {
				w.Ask(at, resolver, dnspeer.Question{Name: "web.whatsapp.com", EDNS: true, Listen: 400 * time.Millisecond})
			})
			whatsAppOnly(w)
		},
	}
}

// bogus answers for a service with an address that is nobody's, in place of a public
// resolver.
func bogus(name, what, service, addr string, qnames []string, visit ...string) *lab.Scenario {
	return &lab.Scenario{
		Name: name, Lasts: 7 * time.Second, Truth: lied(service, finding.DNSForged, finding.Likely, what, "blocked", "degraded"),
		Play: func(w *lab.World) {
			resolver := google(w)
			w.Rule("bogus answer", policy.All(policy.UDP, policy.QNAME(qnames...)), &policy.ForgeDNS{Addrs: []netip.Addr{siteAddr(addr)}, Delay: time.Millisecond, Swallow: true})
			tries(4, 400*time.Millisecond, 1300*time.Millisecond, func(at time.Duration) {
				for i, n := range visit {
					w.Ask(at+time.Duration(i)*200*time.Millisecond, resolver, dnspeer.Question{Name: n, EDNS: true})
				}
			})
			w.Ask(2*time.Second, siteAddr(site.GoogleDNS2), dnspeer.Question{Name: visit[0], TCP: true})
			w.OthersWork(300*time.Millisecond, service)
			w.Surf(0, 6*time.Second, 700*time.Millisecond)
		},
	}
}

// dnsZero answers 0.0.0.0.
func dnsZero() *lab.Scenario {
	return bogus("dns-zero", "queries to 8.8.8.8 for names of Signal are answered 0.0.0.0 by a box, and go no further; over TCP the answer is right",
		"signal", "0.0.0.0", []string{".signal.org"}, "chat.signal.org", "cdn2.signal.org", "storage.signal.org")
}

// dnsLoopback answers 127.0.0.1, as in Turkmenistan.
func dnsLoopback() *lab.Scenario {
	s := bogus("dns-loopback", "queries to 8.8.8.8 for names of Telegram are answered 127.0.0.1 by a box, and go no further; over TCP the answer is right",
		"telegram", "127.0.0.1", telegramWebNames, "web.telegram.org", "core.telegram.org", "telegram.org")
	play := s.Play
	s.Play = func(w *lab.World) {
		play(w)
		w.TelegramWorks(time.Second) // the app needs no names
	}
	s.Truth.Services["telegram"] = []string{"degraded", "blocked", "ok"}
	return s
}

// nsdi is a resolver of the Russian national system of names, which gives itself
// away by its address at servers that say who asks.
var nsdi = siteAddr("193.232.230.48")

// dnsHijack answers for whatever public resolver is asked: all agree, and who asks
// whom he talks to is told the address of another one. Answers over TCP differ.
func dnsHijack() *lab.Scenario {
	return &lab.Scenario{
		Name: "dns-hijack", Cases: []string{"F20"}, Lasts: 7 * time.Second,
		Truth: lied("whatsapp", finding.DNSForged, finding.Likely, "queries over UDP for names of WhatsApp, to whatever public resolver, are answered with the same false address by a box, and go no further; over TCP answers are right", "blocked"),
		Play: func(w *lab.World) {
			google(w)
			w.SetDead(siteAddr(site.Forged), true)
			w.Zone["whoami.akamai.net"] = []netip.Addr{siteAddr("173.194.98.5"), script.Six(siteAddr("173.194.98.5"))}
			public := policy.All(policy.UDP, policy.To(site.GoogleDNS, site.GoogleDNS2, site.CloudflareDNS))
			w.Rule("hijacked", policy.All(public, policy.QNAME(whatsAppNames...)), &policy.ForgeDNS{Addrs: []netip.Addr{siteAddr(site.Forged)}, Delay: 2 * time.Millisecond, Swallow: true})
			w.Rule("who asks", policy.All(public, policy.QNAME("whoami.akamai.net")), &policy.ForgeDNS{Addrs: []netip.Addr{nsdi}, Delay: 2 * time.Millisecond, Swallow: true})
			for i, r := range []string{site.GoogleDNS, site.GoogleDNS2, site.CloudflareDNS} {
				at := time.Duration(500+400*i) * time.Millisecond
				for _, q := range []dnspeer.Question{{Name: "web.whatsapp.com"}, {Name: "whoami.akamai.net"}, {Name: "web.whatsapp.com", TCP: true}, {Name: "www.python.org"}} {
					w.Ask(at, siteAddr(r), q)
				}
			}
			whatsAppOnly(w)
		},
	}
}

// twice asks a resolver the same thing twice from one port, as a client that is in a
// hurry, and keeps both answers.
func twice(w *lab.World, at time.Duration, resolver netip.Addr, name string) {
	w.At(at, func(ctx context.Context) {
		c, err := w.Client().Dial(ctx, "udp", netip.AddrPort{}, netip.AddrPortFrom(resolver, 53))
		if err != nil {
			w.Note("DNS "+name, err)
			return
		}
		conn := &dns.Conn{Conn: c}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(time.Second)) //nolint:errcheck // sockets have deadlines
		q := new(dns.Msg).SetQuestion(dns.Fqdn(name), dns.TypeA)
		for range 2 {
			w.Note("DNS "+name, conn.WriteMsg(q))
		}
		for range 2 {
			if _, err := conn.ReadMsg(); err != nil {
				w.Note("DNS "+name, err)
			}
		}
	})
}
