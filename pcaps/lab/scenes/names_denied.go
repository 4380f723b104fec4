package scenes

import (
	"net/netip"
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/peer/dnspeer"
	"chokepoint/pcaps/lab/policy"
	"chokepoint/pcaps/lab/script"
	"chokepoint/pcaps/site"
)

// deniedNames are names that a box denies, or lets nobody ask for.
func deniedNames() []*lab.Scenario {
	return []*lab.Scenario{dnsNXDOMAIN(), dnsRefused(), dnsServfail(), dnsEmpty(), dnsSwallowed()}
}

// dnsNXDOMAIN is the Russian national system of names in place of 8.8.8.8 (August
// 2026): over UDP WhatsApp does not exist, without a SOA, over TCP it does.
func dnsNXDOMAIN() *lab.Scenario {
	return &lab.Scenario{
		Name: "dns-nxdomain-no-soa", Cases: []string{"F20"}, Lasts: 7 * time.Second,
		Truth: lied("whatsapp", finding.DNSDenied, finding.Likely, "queries over UDP to 8.8.8.8 for names of WhatsApp are answered NXDOMAIN by a box, and go no further; over TCP the answer is right", "blocked"),
		Play: func(w *lab.World) {
			resolver := google(w)
			w.Zone["whoami.akamai.net"] = []netip.Addr{siteAddr("173.194.98.5"), script.Six(siteAddr("173.194.98.5"))}
			w.Zone["whatsapp.com"] = w.Zone["web.whatsapp.com"]
			w.Rule("denied", policy.All(policy.UDP, policy.QNAME(whatsAppNames...)), &policy.ForgeDNS{Rcode: policy.NXDOMAIN, Delay: 3 * time.Millisecond, Swallow: true})
			w.Rule("who asks", policy.All(policy.UDP, policy.QNAME("whoami.akamai.net")), &policy.ForgeDNS{Addrs: []netip.Addr{nsdi}, Delay: 3 * time.Millisecond, Swallow: true})
			tries(3, 500*time.Millisecond, 1500*time.Millisecond, func(at time.Duration) {
				w.Ask(at, resolver, dnspeer.Question{Name: "whatsapp.com", EDNS: true})
				w.Ask(at+200*time.Millisecond, resolver, dnspeer.Question{Name: "whatsapp.com", TCP: true})
			})
			w.Ask(time.Second, resolver, dnspeer.Question{Name: "whoami.akamai.net"})
			whatsAppOnly(w)
		},
	}
}

// refusal denies the names of one service in place of 8.8.8.8; 8.8.4.4 answers them.
func refusal(name, what, service string, forge *policy.ForgeDNS, qnames []string, ask ...string) *lab.Scenario {
	forge.Delay, forge.Swallow, forge.EDNS = 2*time.Millisecond, true, true
	t := lied(service, finding.DNSDenied, finding.Suspected, what+" by a box, and go no further; those to 8.8.4.4 are answered", "blocked", "degraded", "failing", "inconclusive")
	return &lab.Scenario{
		Name: name, Lasts: 7 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			resolver := google(w)
			w.Rule("denied", policy.All(policy.UDP, policy.To(site.GoogleDNS), policy.QNAME(qnames...)), forge)
			tries(4, 400*time.Millisecond, 1300*time.Millisecond, func(at time.Duration) {
				for i, n := range ask {
					w.Ask(at+time.Duration(i)*150*time.Millisecond, resolver, dnspeer.Question{Name: n, EDNS: true})
					w.Ask(at+time.Duration(i)*150*time.Millisecond+80*time.Millisecond, siteAddr(site.GoogleDNS2), dnspeer.Question{Name: n, EDNS: true})
				}
			})
			w.OthersWork(300*time.Millisecond, service)
			w.Surf(0, 6*time.Second, 700*time.Millisecond)
		},
	}
}

// dnsRefused says REFUSED for Signal.
func dnsRefused() *lab.Scenario {
	return refusal("dns-refused", "queries to 8.8.8.8 for names of Signal are answered REFUSED", "signal",
		&policy.ForgeDNS{Rcode: policy.REFUSED}, []string{".signal.org"}, "chat.signal.org", "cdn2.signal.org")
}

// dnsServfail says SERVFAIL for Telegram: weak by itself, but it comes sooner than
// that resolver can answer, and from nearer.
func dnsServfail() *lab.Scenario {
	return refusal("dns-servfail", "queries to 8.8.8.8 for names of Telegram are answered SERVFAIL", "telegram",
		&policy.ForgeDNS{Rcode: policy.SERVFAIL}, telegramWebNames, "web.telegram.org")
}

// dnsEmpty says that WhatsApp's names have no address.
func dnsEmpty() *lab.Scenario {
	return refusal("dns-empty", "queries to 8.8.8.8 for names of WhatsApp get answers without an address", "whatsapp",
		&policy.ForgeDNS{Rcode: policy.NOERROR}, whatsAppNames, "web.whatsapp.com", "mmg.whatsapp.net", "g.whatsapp.net")
}

// dnsSwallowed drops queries for WhatsApp to a public resolver, and answers nothing;
// other names, and the same over TCP, are answered.
func dnsSwallowed() *lab.Scenario {
	return &lab.Scenario{
		Name: "dns-unanswered", Lasts: 9500 * time.Millisecond,
		Truth: lied("whatsapp", finding.DNSUnanswered, finding.Suspected, "queries over UDP to 8.8.8.8 for names of WhatsApp are swallowed; over TCP they are answered", "blocked", "failing", "inconclusive", "degraded"),
		Play: func(w *lab.World) {
			resolver := google(w)
			w.Rule("swallowed", policy.All(policy.UDP, policy.QNAME(whatsAppNames...)), policy.Drop{})
			for i, n := range []string{"web.whatsapp.com", "g.whatsapp.net", "mmg.whatsapp.net"} {
				w.Ask(time.Duration(300+250*i)*time.Millisecond, resolver, dnspeer.Question{Name: n, EDNS: true, Tries: 4, Timeout: 2 * time.Second})
			}
			w.Ask(6*time.Second, resolver, dnspeer.Question{Name: "web.whatsapp.com", TCP: true})
			w.OthersWork(400*time.Millisecond, "whatsapp")
			w.Surf(0, 8*time.Second, 800*time.Millisecond)
		},
	}
}
