package scenes

import (
	"net"
	"net/netip"
	"slices"
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/truth"
)

// innocentResets are resets that nobody forged.
func innocentResets() []*lab.Scenario {
	return slices.Concat(resetsByServers(), resetsByClients(), resetsOnOddPaths(), resetsByFirewalls(), resetsAfterSilence(), resetsOfTheWild())
}

// unforged is the truth of resets that their senders made: at most is how far a
// careful tool may go about them, and why. service is whom they meet.
func unforged(service string, atMost finding.Verdict, what, where, why string) truth.Truth {
	return truth.Truth{
		What: what, Where: where, Vantage: clientTap(), Services: allBut(service, "ok", "degraded", "failing", "inconclusive"),
		Ceilings: []truth.Limit{{Kinds: []finding.Kind{finding.ResetInjected, finding.PayloadInjected, finding.DropHello, finding.DropConnect,
			finding.DropMidflow}, AtMost: atMost, Why: why}},
	}
}

const theServers = "the servers themselves"

// resetsByServers are connections that servers end.
func resetsByServers() []*lab.Scenario {
	return []*lab.Scenario{serverUnread(), serverLinger(), serverRefuses(), serverUnknownName(), peerForgets()}
}

// serverUnread: servers close while a question lies unread in the middle of what
// they answer: RST,ACK with options and a window (RFC 2525 section 2.17).
func serverUnread() *lab.Scenario {
	return &lab.Scenario{
		Name: "server-closes-unread", Cases: []string{"B1"}, Lasts: 6 * time.Second,
		Truth: unforged("telegram", finding.Unexplained, "Telegram's and other servers close with a question unread, in the middle of a conversation", theServers,
			"one well-formed reset that acknowledges what had arrived"),
		Play: func(w *lab.World) {
			leaves := []talk.Turn{{Ask: 200, Answer: 9_000}, {Wait: 200 * time.Millisecond, Ask: 4_000, Answer: 9_000, End: talk.Abort}, {Ask: 3_000, Answer: 100}}
			tries(4, 300*time.Millisecond, 1100*time.Millisecond, func(at time.Duration) {
				w.OpenAt(at, site.TGMedia, 443, talk.MTProto{}, leaves...)
				w.Open(at+200*time.Millisecond, "web.telegram.org", lab.Native, leaves...)
				w.Open(at+400*time.Millisecond, "www.example.org", lab.Native, leaves...)
			})
			w.OpenAt(500*time.Millisecond, site.TGChat, 443, talk.MTProto{}, talk.Chat(4, 900*time.Millisecond)...)
			lively(w, "telegram")
		},
	}
}

// abortsOnAccept is a server that wants none of its clients: SO_LINGER 0 right after
// accept.
func abortsOnAccept(c *net.TCPConn) bool {
	return c.SetLinger(0) != nil
}

// serverLinger: the client speaks 40 ms after it has connected. By then the server
// has reset it: the reset acknowledges the SYN alone, and is at the client less than a
// round trip after its first words.
func serverLinger() *lab.Scenario {
	return &lab.Scenario{
		Name: "server-aborts-on-accept", Cases: []string{"B2"}, Lasts: 6 * time.Second,
		Truth: unforged("telegram", finding.Suspected, "Telegram's media server resets every connection as soon as it is accepted", theServers,
			"the reset acknowledges no byte that could not have arrived"),
		Play: func(w *lab.World) {
			w.Serve(netip.MustParseAddrPort(site.TGMedia+":443"), talk.ServerOptions{OnAccept: abortsOnAccept})
			tries(6, 300*time.Millisecond, 800*time.Millisecond, func(at time.Duration) {
				w.OpenAt(at, site.TGMedia, 443, talk.MTProto{}, talk.Turn{Wait: 40 * time.Millisecond, Ask: 300, Answer: 20_000})
			})
			w.OpenAt(500*time.Millisecond, site.TGChat, 443, talk.MTProto{}, talk.Chat(4, 900*time.Millisecond)...)
			lively(w, "telegram")
		},
	}
}

// serverRefuses: nobody listens there: one RST,ACK with sequence number 0 a SYN.
func serverRefuses() *lab.Scenario {
	t := unforged("telegram", finding.Benign, "ports of several servers, WhatsApp's and Telegram's among them, refuse connections, three SYNs each", theServers,
		"a kernel's answer to a closed port")
	t.Services["telegram"], t.Services["whatsapp"] = []string{"ok", "degraded"}, []string{"ok", "degraded"} // all that one needs works
	return &lab.Scenario{
		Name: "server-port-closed", Cases: []string{"B3"}, Lasts: 6 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			for i, a := range []string{site.WAChat, site.TGMedia, site.ExampleTwo} {
				tries(3, 500*time.Millisecond, time.Second, func(at time.Duration) {
					w.OpenAt(at+time.Duration(i)*100*time.Millisecond, a, 8443, talk.TLS{SNI: "edge.example.net"})
				})
			}
			lively(w)
		},
	}
}

// serverUnknownName: a firewall in front of a site resets hellos with a name that it
// does not serve, one round trip later and with the right numbers. Another name on
// the same address is well: so far it is what an injector does, and no further.
func serverUnknownName() *lab.Scenario {
	return &lab.Scenario{
		Name: "server-unknown-name", Cases: []string{"B18"}, Lasts: 6 * time.Second,
		Truth: unforged("telegram", finding.Suspected, "the server of Telegram's web resets hellos with one name and serves another", theServers,
			"that it depends on the name is all that there is to see"),
		Play: func(w *lab.World) {
			refuse := func(sni string) talk.Refusal {
				if sni == "web.telegram.org" {
					return talk.RefuseReset
				}
				return talk.Welcome
			}
			w.Serve(netip.MustParseAddrPort(site.TGWeb+":443"), talk.ServerOptions{Refuse: refuse})
			tries(4, 300*time.Millisecond, 1200*time.Millisecond, func(at time.Duration) {
				w.Open(at, "web.telegram.org", classical, talk.Page()...)
			})
			neighbours(w, classical, site.TGWeb)
			w.TelegramWorks(600 * time.Millisecond)
			lively(w, "telegram")
		},
	}
}
