package scenes

import (
	"context"
	"net/netip"
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/site"
)

const theClient = "the client itself"

// resetsByClients are connections that the client ends, or begins anew.
func resetsByClients() []*lab.Scenario {
	return []*lab.Scenario{clientKilled(), clientRaces(), clientDistrusts(), clientSamePort(), clientReboots(), manyEnds()}
}

// clientKilled: programs are killed in the middle of downloads; what is in flight
// draws one reset a packet from a kernel that knows no such connection.
func clientKilled() *lab.Scenario {
	return &lab.Scenario{
		Name: "client-killed", Cases: []string{"B4"}, Lasts: 6 * time.Second,
		Truth: unforged("whatsapp", finding.Benign, "the client's programs are killed in the middle of answers of WhatsApp and others", theClient,
			"the client's own resets, no more than packets that asked for one"),
		Play: func(w *lab.World) {
			cut := talk.Download(900_000)
			cut.Enough = 150_000
			for i, leave := range []talk.Leave{talk.Kill, talk.Hasty, talk.Reset, talk.Kill} {
				c, at := w.Talk, time.Duration(300+1200*i)*time.Millisecond
				c.Leave = leave
				w.OpenWith(c, at, "mmg.whatsapp.net", lab.Native, cut)
				w.OpenWith(c, at+500*time.Millisecond, "www.wikipedia.org", lab.Web, cut)
			}
			w.WhatsAppWorks(700 * time.Millisecond)
			lively(w, "whatsapp")
		},
	}
}

// clientRaces is happy eyeballs (RFC 8305): of two connections one wins, and the
// SYN/ACK of the other finds nobody at home.
func clientRaces() *lab.Scenario {
	return &lab.Scenario{
		Name: "client-happy-eyeballs", Cases: []string{"B5"}, Lasts: 6 * time.Second,
		Truth: unforged("", finding.Benign, "the client opens two connections at a time and gives one up before it is answered", theClient,
			"SYN, SYN/ACK, the client's own RST"),
		Play: func(w *lab.World) {
			lose := func(at time.Duration, addr string) {
				w.At(at, func(ctx context.Context) {
					ctx, cancel := context.WithTimeout(ctx, 12*time.Millisecond) // all of them are farther away
					defer cancel()
					if c, err := w.Client().Dial(ctx, "tcp", netip.AddrPort{}, netip.AddrPortFrom(netip.MustParseAddr(addr), 443)); err == nil {
						c.Close()
					}
				})
			}
			tries(4, 300*time.Millisecond, 1200*time.Millisecond, func(at time.Duration) {
				lose(at, site.SignalChat2)
				w.Open(at, "chat.signal.org", lab.Native, talk.Page()...)
				lose(at+300*time.Millisecond, site.WAWeb)
				w.Open(at+300*time.Millisecond, "mmg.whatsapp.net", lab.Web, talk.Page()...)
				lose(at+500*time.Millisecond, site.ExampleOrg)
				w.Open(at+500*time.Millisecond, "www.example.com", lab.Web, talk.Page()...)
			})
			lively(w)
		},
	}
}

// clientDistrusts: the client does not believe a certificate: alert, end, and
// resets for what the server still says.
func clientDistrusts() *lab.Scenario {
	return &lab.Scenario{
		Name: "client-distrusts", Cases: []string{"B6"}, Lasts: 6 * time.Second,
		Truth: unforged("signal", finding.Benign, "the client rejects the certificates of Signal and of a site, with an alert, and leaves", theClient,
			"the client said why and went first"),
		Play: func(w *lab.World) {
			doubts := lab.Web
			doubts.Distrust = true
			hasty := w.Talk
			hasty.Leave = talk.Hasty
			tries(4, 300*time.Millisecond, 1200*time.Millisecond, func(at time.Duration) {
				w.OpenWith(hasty, at, "chat.signal.org", doubts, talk.Page()...)
				w.OpenWith(hasty, at+200*time.Millisecond, "cdn2.signal.org", doubts, talk.Page()...)
				w.OpenWith(hasty, at+400*time.Millisecond, "www.python.org", doubts, talk.Page()...)
			})
			lively(w, "signal")
		},
	}
}

// clientSamePort: a connection ends with a server's reset, and 2 to 3 s later the
// client opens another one from the same port to the same server.
func clientSamePort() *lab.Scenario {
	return &lab.Scenario{
		Name: "client-same-port", Cases: []string{"B13"}, Lasts: 8 * time.Second,
		Truth: unforged("telegram", finding.Unexplained, "connections to Telegram that were reset begin anew with the same ports on both sides", "both ends",
			"a SYN with a new sequence number begins another connection"),
		Play: func(w *lab.World) {
			for i, addr := range []string{site.TGChat, site.TGMedia} {
				to := netip.AddrPortFrom(netip.MustParseAddr(addr), 443)
				for k, turn := range []talk.Turn{{Ask: 200, Answer: 8_000, End: talk.Linger}, {Ask: 200, Answer: 30_000, End: talk.Linger}, talk.Download(30_000)} {
					c := w.Talk
					c.From = netip.AddrPortFrom(lab.ClientAddr, uint16(41_300+i))
					w.At(time.Duration(400+2600*k+300*i)*time.Millisecond, func(ctx context.Context) {
						w.Note(addr, c.Open(ctx, to, talk.MTProto{}, turn))
					})
				}
			}
			w.OpenAt(900*time.Millisecond, site.TGWeb, 443, talk.TLS{SNI: "web.telegram.org"}, talk.Page()...)
			lively(w, "telegram")
		},
	}
}

// manyEnds is an evening of a household in seconds: more than a hundred
// connections, more than half of which end in a reset for some reason of their own.
func manyEnds() *lab.Scenario {
	return &lab.Scenario{
		Name: "many-abortive-ends", Cases: []string{"B1", "B2", "B3", "B4", "B5", "B6"}, Lasts: 10 * time.Second,
		Truth: unforged("", finding.Unexplained, "some hundred connections to everybody end in all the ways that clients and servers have", "both ends",
			"each end has an ordinary reason"),
		Play: func(w *lab.World) {
			w.Serve(netip.MustParseAddrPort(site.ExampleTwo+":443"), talk.ServerOptions{OnAccept: abortsOnAccept})
			names := []string{"www.example.com", "www.example.org", "www.wikipedia.org", "www.python.org", "www.kernel.org", "cdn.discordapp.com",
				"www.instagram.com", "web.whatsapp.com", "cdn2.signal.org", "web.telegram.org", "fd.oneme.ru", "build.example.net"}
			cut := talk.Download(120_000)
			cut.Enough = 30_000
			for i := range 100 {
				name, at, c := names[i%len(names)], time.Duration(200+80*i)*time.Millisecond, w.Talk
				c.Leave = []talk.Leave{talk.Hasty, talk.Kill, talk.Reset, talk.Bye, talk.Hasty}[i%5]
				turns := [][]talk.Turn{{cut}, talk.Page(), {talk.Download(9_000), {Ask: 300, Answer: 4_000, End: talk.Linger}},
					{talk.Download(4_000), {Ask: 300, Answer: 8_000, End: talk.Abort}, {Ask: 900, Answer: 10}}}[i/5%4]
				s := lab.Native
				s.Classical, s.Distrust = i%2 == 1, i%17 == 3
				w.OpenWith(c, at, name, s, turns...)
				if i%9 == 4 {
					w.OpenAt(at, site.ExampleCom, 8443, talk.TLS{SNI: "www.example.com"})
				}
			}
			lively(w)
		},
	}
}
