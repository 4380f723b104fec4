package scenes

import (
	"net"
	"slices"
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/lab/policy"
	"chokepoint/pcaps/lab/script"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/synth"
	"chokepoint/pcaps/truth"
)

// innocentDrops are silences that nobody made.
func innocentDrops() []*lab.Scenario {
	return slices.Concat(failingServers(), failingPaths(), leavingClients(), []*lab.Scenario{longPollSilence(), nat64()}, innocentTold())
}

// blameless is the truth of a world where nobody interferes: findings of silence go
// no further than most.
func blameless(what, where string, most finding.Verdict, why string) truth.Truth {
	return truth.Truth{
		What: what, Where: where, Vantage: clientTap(), Services: allBut(""),
		Ceilings: []truth.Limit{{Kinds: silences, AtMost: most, Why: why}},
	}
}

// atMost is one more ceiling.
func atMost(kinds []finding.Kind, most finding.Verdict, why string) truth.Limit {
	return truth.Limit{Kinds: kinds, AtMost: most, Why: why}
}

// everyone may have any of these statuses.
func everyone(t *truth.Truth, status ...string) {
	for s := range t.Services {
		t.Services[s] = status
	}
}

// failingServers are hosts that are down or slow.
func failingServers() []*lab.Scenario {
	return []*lab.Scenario{serverHung(), serverHungLong(), serverMaintenance(), serviceDown(), serverDies()}
}

// serverHung is a server that acknowledges the hello and needs 8 s to answer it.
func serverHung() *lab.Scenario {
	t := blameless("the servers behind chat.signal.org need 8 s to answer a hello", "the servers themselves", finding.Unexplained, "the answer came")
	t.Services["signal"] = []string{"ok", "degraded"}
	return &lab.Scenario{
		Name: "server-hung", Cases: []string{"B21"}, Lasts: 11500 * time.Millisecond, Truth: t,
		Play: func(w *lab.World) {
			w.Talk.Timeout = 12 * time.Second
			w.Sites.OnAccept = func(c *net.TCPConn) bool {
				if a, ok := c.LocalAddr().(*net.TCPAddr); ok && a.AddrPort().Addr().Unmap() == siteAddr(site.SignalChat) {
					time.Sleep(8 * time.Second) // the kernel goes on acknowledging
				}
				return true
			}
			w.Open(300*time.Millisecond, "chat.signal.org", lab.Native, talk.Turn{Ask: 200, Answer: 600})
			w.Open(900*time.Millisecond, "chat.signal.org", classical, talk.Turn{Ask: 200, Answer: 600})
			w.Open(700*time.Millisecond, "cdn2.signal.org", lab.Web, talk.Download(80_000))
			w.OthersWork(400*time.Millisecond, "signal")
			w.Surf(0, 9*time.Second, 2*time.Second)
		},
	}
}

// serverHungLong needs 20 s; the first client does not wait so long.
func serverHungLong() *lab.Scenario {
	t := blameless("a server of Signal needs 20 s to answer a hello", "the server itself", finding.Suspected, "a server that does not answer yet looks the same until it does")
	t.Services["signal"] = []string{"ok", "degraded", "failing", "inconclusive"}
	return &lab.Scenario{
		Name: "server-hung-long", Cases: []string{"B21"}, Lasts: 90 * time.Second, Truth: t,
		Script: func(w *script.World) {
			hung := func(at, patience time.Duration) {
				w.Around(at, func() {
					s := synth.TLS(w.Sim, synth.ClientHello{Name: "chat.signal.org"}, script.Chats...)
					s[1].Wait = 20 * time.Second // the server's first flight
					w.Dial("chat.signal.org", w.Addr(site.SignalChat), 443, s.Bye(w.Sim, 40*time.Millisecond, false), patience)
				})
			}
			hung(3*time.Second, 15*time.Second)
			hung(22*time.Second, time.Minute)
			w.Open(6*time.Second, "cdn2.signal.org", script.Visit{Turns: script.Download(80_000)})
			tries(3, 4*time.Second, 25*time.Second, w.WhatsAppWorks)
			tries(3, 5*time.Second, 25*time.Second, w.TelegramWorks)
			tries(3, 6*time.Second, 25*time.Second, w.MaxWorks)
			w.Surf(time.Second, 80*time.Second, 9*time.Second)
		},
	}
}

// serverMaintenance is one host whose own firewall drops requests to connect.
func serverMaintenance() *lab.Scenario {
	t := blameless("the host of cdn2.signal.org drops requests to connect during maintenance", "the server itself", finding.Suspected, "one host that does not answer is what firewalls on hosts do")
	t.Services["signal"] = []string{"ok", "degraded", "failing"}
	return &lab.Scenario{
		Name: "server-maintenance", Cases: []string{"B36"}, Lasts: 10 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			w.Talk.Connect = 8 * time.Second
			w.SetDead(w.Addr(siteAddr(site.SignalFiles)), true)
			w.Open(300*time.Millisecond, "cdn2.signal.org", lab.Web, browsed()...)
			w.Open(900*time.Millisecond, "cdn2.signal.org", lab.Web, browsed()...)
			w.Open(500*time.Millisecond, "chat.signal.org", lab.Native, messages()...)
			w.Open(700*time.Millisecond, "cdn.signal.org", lab.Web, talk.Download(80_000))
			w.OthersWork(400*time.Millisecond, "signal")
			w.Surf(0, 9*time.Second, 2*time.Second)
		},
	}
}

// serviceDown is a day when all of WhatsApp is down, as on 4 October 2021: its name
// servers cannot be reached, so resolvers say SERVFAIL, and nothing answers at the
// addresses that apps remember.
func serviceDown() *lab.Scenario {
	t := blameless("all name servers and servers of WhatsApp are down", "the servers themselves", finding.Suspected, "one owner dead everywhere may be that owner's outage")
	t.Ceilings[0].Kinds = slices.Concat(silences, lies)
	t.Services["whatsapp"] = []string{"failing"}
	return &lab.Scenario{
		Name: "service-down", Cases: []string{"B37"}, Lasts: 10500 * time.Millisecond, Truth: t,
		Play: func(w *lab.World) {
			w.Talk.Connect = 8500 * time.Millisecond
			w.DNS.Rcode = map[string]int{}
			for _, n := range []string{"web.whatsapp.com", "g.whatsapp.net", "mmg.whatsapp.net", "e2.whatsapp.net", "www.instagram.com"} {
				w.DNS.Rcode[n] = policy.SERVFAIL
			}
			for i, a := range []string{site.WAWeb, site.WAChat, site.WAMedia, site.WAChat2, site.Instagram} {
				w.SetDead(siteAddr(a), true)
				s := lab.Web
				s.SNI = []string{"web.whatsapp.com", "g.whatsapp.net", "mmg.whatsapp.net", "e2.whatsapp.net", "www.instagram.com"}[i]
				w.OpenAt(time.Duration(200+200*i)*time.Millisecond, a, 443, s)
				tries(3, time.Duration(100+200*i)*time.Millisecond, 2*time.Second, func(at time.Duration) { w.Open(at, s.SNI, s) })
			}
			w.OthersWork(400*time.Millisecond, "whatsapp")
			w.Surf(0, 9*time.Second, 2*time.Second)
		},
	}
}

// serverDies loses one machine in the middle: all connections to it fall silent at
// once, whatever their age, and new ones are not accepted.
func serverDies() *lab.Scenario {
	t := blameless("the host of mmg.whatsapp.net dies at 3 s", "the server itself", finding.Suspected, "all its connections end together: a host that died")
	t.Services["whatsapp"] = []string{"degraded", "failing", "ok"}
	return &lab.Scenario{
		Name: "server-dies", Lasts: 11 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			w.Rule("dead", policy.All(policy.To(site.WAMedia), policy.After(3*time.Second)), nowhere{})
			w.Talk.Timeout, w.Talk.Connect = 7*time.Second, 7*time.Second
			every := talk.Turn{Wait: 500 * time.Millisecond, Ask: 300, Answer: 9_000}
			w.Open(300*time.Millisecond, "mmg.whatsapp.net", lab.Web, slices.Repeat([]talk.Turn{every}, 20)...)
			w.Open(1500*time.Millisecond, "mmg.whatsapp.net", lab.Web, slices.Repeat([]talk.Turn{every}, 20)...)
			w.Open(2*time.Second, "mmg.whatsapp.net", lab.Web, parts(200, 50_000)...)
			w.Open(3500*time.Millisecond, "mmg.whatsapp.net", lab.Web, browsed()...)
			w.Noise(400*time.Millisecond, "g.whatsapp.net", talk.Chat(10, 800*time.Millisecond)...)
			w.Open(5*time.Second, "web.whatsapp.com", lab.Web, browsed()...)
			w.OthersWork(400*time.Millisecond, "whatsapp")
			w.OthersWork(5*time.Second, "whatsapp")
			w.Surf(0, 9*time.Second, 2*time.Second)
		},
	}
}

// longPollSilence is connections on which nothing is said for ten minutes because nobody
// has anything to say.
func longPollSilence() *lab.Scenario {
	t := blameless("nobody writes for ten minutes", "nowhere", finding.Unexplained, "nothing is owed")
	return &lab.Scenario{
		Name: "silent-long-poll", Cases: []string{"B23", "N14"}, Lasts: 12 * time.Minute, Truth: t,
		Script: func(w *script.World) {
			quiet := slices.Concat(script.Chats, script.Beats(1, 10*time.Minute))
			loud := append(script.Download(16_000), quiet...)
			w.Direct(2*time.Second, site.TGChat, 443, 0, script.MTProto(quiet...))
			w.Direct(3*time.Second, site.WAChat, 443, 0, script.Noise(quiet...))
			w.Open(4*time.Second, "chat.signal.org", script.Visit{Turns: loud, Plain: true, Stay: true})
			w.Open(5*time.Second, "api.oneme.ru", script.Visit{Turns: loud, Plain: true, Stay: true})
			w.Open(6*time.Second, "web.whatsapp.com", script.Visit{Turns: loud, Stay: true})
			w.Surf(time.Second, 11*time.Minute, 90*time.Second)
		},
	}
}
