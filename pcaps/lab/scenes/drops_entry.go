package scenes

import (
	"net/netip"
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/peer/dnspeer"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/lab/policy"
	"chokepoint/pcaps/lab/script"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/truth"
)

// refusedEntry are hosts that cannot be reached, or not now.
func refusedEntry() []*lab.Scenario {
	return []*lab.Scenario{synsDropped(), prohibited(), prohibitedV6(), allowList(), connLimit(), residual()}
}

// signalAddrs is every address of Signal that people use here.
var signalAddrs = []string{site.SignalChat, site.SignalChat2, site.SignalFiles, site.SignalFiles2}

// synsDropped swallows requests to connect to all addresses of Signal, which three
// owners host. Everything else works.
func synsDropped() *lab.Scenario {
	t := swallowed("signal", finding.DropConnect, finding.Suspected, "SYNs to all addresses of Signal are swallowed", "blocked", "failing")
	return &lab.Scenario{
		Name: "syns-dropped", Lasts: 10500 * time.Millisecond, Truth: t,
		Play: func(w *lab.World) {
			w.Talk.Connect = 8500 * time.Millisecond
			w.Rule("SYN dropped", policy.All(policy.SYN, policy.To(signalAddrs...)), policy.Drop{})
			for i, name := range []string{"chat.signal.org", "grpc.chat.signal.org", "cdn2.signal.org", "cdn.signal.org"} {
				w.Open(time.Duration(300+200*i)*time.Millisecond, name, lab.Native)
			}
			w.OthersWork(400*time.Millisecond, "signal")
			w.Surf(0, 9*time.Second, 2*time.Second)
		},
	}
}

// telegramNets is where its data centres are.
var telegramNets = []string{"149.154.160.0/20", "91.105.192.0/23", "91.108.0.0/16"}

// prohibited is a router of the provider that says what it does.
func prohibited() *lab.Scenario {
	t := swallowed("telegram", finding.ICMPProhibited, finding.Likely, "a router of the provider drops SYNs to Telegram and says that they are administratively prohibited", "blocked")
	return &lab.Scenario{
		Name: "icmp-prohibited", Lasts: 6 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			w.Rule("prohibited", policy.All(policy.SYN, policy.To(telegramNets...)), &policy.ICMPError{Error: policy.Prohibited})
			tries(3, 300*time.Millisecond, 1500*time.Millisecond, func(at time.Duration) {
				w.OpenAt(at, site.TGChat, 443, talk.MTProto{}, messages()...)
				w.OpenAt(at+300*time.Millisecond, site.TGMedia, 443, talk.MTProto{}, messages()...)
				w.Open(at+500*time.Millisecond, "web.telegram.org", lab.Web)
			})
			w.OthersWork(400*time.Millisecond, "telegram")
			w.Surf(0, 5*time.Second, time.Second)
		},
	}
}

// prohibitedV6 is the same by ICMPv6, for WhatsApp.
func prohibitedV6() *lab.Scenario {
	t := swallowed("whatsapp", finding.ICMPProhibited, finding.Likely, "a router of the provider drops SYNs to WhatsApp and says that they are administratively prohibited", "blocked")
	return &lab.Scenario{
		Name: "icmp-prohibited-v6", Cases: []string{"F25"}, Lasts: 6 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			w.V6 = true
			w.Rule("prohibited", policy.All(policy.SYN, policy.To(everywhere(site.WAWeb, site.WAChat, site.WAMedia)...)), &policy.ICMPError{Error: policy.Prohibited})
			tries(3, 300*time.Millisecond, 1500*time.Millisecond, func(at time.Duration) {
				w.Noise(at, "g.whatsapp.net", messages()...)
				w.Open(at+300*time.Millisecond, "mmg.whatsapp.net", lab.Web)
				w.Open(at+500*time.Millisecond, "web.whatsapp.com", lab.Web)
			})
			w.OthersWork(400*time.Millisecond, "whatsapp")
			w.Surf(0, 5*time.Second, time.Second)
		},
	}
}

// allowList is mobile internet when only listed hosts work: to all others the
// handshake is completed and what the client says first is swallowed. So are
// queries to foreign resolvers.
func allowList() *lab.Scenario {
	blocked := []string{"blocked"}
	t := truth.Truth{
		What: "of connections to hosts that are not on a list only the handshake passes", Where: onePath, Vantage: clientTap(),
		Services: map[string][]string{"whatsapp": blocked, "telegram": blocked, "signal": blocked, "discord": blocked, "max": {"ok"}},
		Finds:    []truth.Must{{Kinds: []finding.Kind{finding.HostAllowlist}, AtLeast: finding.Likely}},
		May:      []truth.Limit{{Kinds: []finding.Kind{finding.DropHello, finding.DNSUnanswered}, AtMost: finding.Likely}},
	}
	return &lab.Scenario{
		Name: "allow-list", Cases: []string{"F21"}, Lasts: 10500 * time.Millisecond, Truth: t,
		Play: func(w *lab.World) {
			w.Talk.Timeout = 8 * time.Second
			listed := policy.To(site.MaxChat, site.MaxFiles, site.Gosuslugi, site.VKRelay, lab.RouterAddr.String())
			w.Rule("not listed", policy.All(policy.Not(listed), policy.Any(policy.Sticky(policy.All(policy.TCP, policy.FirstPayload)), policy.UDP, policy.ICMP)), policy.Drop{})
			for _, q := range []string{site.GoogleDNS, site.CloudflareDNS} {
				w.Ask(200*time.Millisecond, netip.MustParseAddr(q), dnspeer.Question{Name: "www.wikipedia.org", Tries: 3, Timeout: 2 * time.Second})
			}
			w.OthersWork(300 * time.Millisecond)
			w.Open(700*time.Millisecond, "cdn.discordapp.com", classical)
			w.Open(600*time.Millisecond, "web.whatsapp.com", classical)
			w.Surf(0, 3*time.Second, 500*time.Millisecond)
			tries(4, 200*time.Millisecond, 2*time.Second, func(at time.Duration) {
				w.Open(at, "www.gosuslugi.ru", lab.Web, browsed()...)
				w.Open(at+500*time.Millisecond, "api.oneme.ru", lab.Native, messages()...)
				w.Open(at+900*time.Millisecond, "fd.oneme.ru", lab.Web, talk.Download(60_000))
			})
		},
	}
}

// connLimit freezes hellos beyond the twelfth that a client sends within some
// seconds to one service, for a minute; twice, so that it is no accident.
func connLimit() *lab.Scenario {
	return &lab.Scenario{
		Name: "connections-limited", Cases: []string{"F22"}, Lasts: 260 * time.Second,
		Truth: swallowed("whatsapp", finding.DropHello, finding.Suspected, "of more than twelve TLS connections to WhatsApp within 10 s the later ones get no hello through, for a minute", "blocked", "degraded", "ok"),
		Script: func(w *script.World) {
			media := w.Addr(site.WAMedia)
			w.Rule("too many", policy.ConnLimit(policy.All(policy.To(media), policy.Hello), 12, 10*time.Second, 60*time.Second), policy.Drop{})
			visit := script.Visit{Turns: script.Page, GiveUp: 20 * time.Second}
			for _, from := range []time.Duration{10 * time.Second, 120 * time.Second} {
				tries(14, from, 200*time.Millisecond, func(at time.Duration) { w.At(at, func() { w.TLS(media, "mmg.whatsapp.net", visit) }) })
				tries(3, from+70*time.Second, 2*time.Second, func(at time.Duration) { w.At(at, func() { w.TLS(media, "mmg.whatsapp.net", visit) }) })
			}
			tries(8, 5*time.Second, 30*time.Second, w.TelegramWorks)
			tries(8, 6*time.Second, 30*time.Second, w.MaxWorks)
			tries(8, 7*time.Second, 30*time.Second, w.SignalWorks)
			w.Surf(time.Second, 250*time.Second, 15*time.Second)
		},
	}
}

// residual resets a name, and then swallows what the client says to that port of
// that address for 75 s, whatever the name.
func residual() *lab.Scenario {
	t := swallowed("whatsapp", finding.ResetInjected, finding.Confirmed, "a hello for WhatsApp draws a RST,ACK; then the client's packets to that address and port are swallowed for 75 s", "blocked")
	t.Finds = append(t.Finds, truth.Must{Kinds: []finding.Kind{finding.DropConnect, finding.DropHello}, Service: "whatsapp", AtLeast: finding.Suspected})
	return &lab.Scenario{
		Name: "residual-blocking", Cases: []string{"F23"}, Lasts: 240 * time.Second, Truth: t,
		Script: func(w *script.World) {
			trigger := policy.All(policy.SNI(whatsAppNames...), policy.Hello)
			w.Rule("residual", policy.Residual(trigger, 75*time.Second), policy.Drop{})
			w.Rule("reset after hello", trigger, policy.Race(300*time.Microsecond))
			visit := script.Visit{Turns: script.Page, GiveUp: 12 * time.Second}
			for _, from := range []time.Duration{2 * time.Second, 122 * time.Second} {
				w.Open(from, "web.whatsapp.com", visit)
				for _, later := range []time.Duration{5, 30, 58, 88, 95} {
					w.OpenAt(from+later*time.Second, site.WAWeb, "www.instagram.com", visit)
					w.OpenAt(from+later*time.Second, site.Instagram, "www.instagram.com", visit)
				}
			}
			tries(7, 5*time.Second, 30*time.Second, w.TelegramWorks)
			tries(7, 6*time.Second, 30*time.Second, w.MaxWorks)
			tries(7, 7*time.Second, 30*time.Second, w.SignalWorks)
			w.Surf(time.Second, 230*time.Second, 15*time.Second)
		},
	}
}
