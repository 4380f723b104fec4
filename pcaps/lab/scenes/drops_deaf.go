package scenes

import (
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/lab/peer/quicpeer"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/lab/policy"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/truth"
)

// deafened are connections of which one side no longer hears the other, and QUIC.
func deafened() []*lab.Scenario {
	return []*lab.Scenario{clientUnheard(), serverUnheard(), quicSilent()}
}

// oneSided is the truth of Telegram's downloads that stop, seen at both ends.
func oneSided(what string) truth.Truth {
	t := swallowed("telegram", finding.DropMidflow, finding.Suspected, what, "blocked", "degraded")
	t.Vantage = bothTaps()
	t.Finds = append(t.Finds, truth.Must{Kinds: []finding.Kind{finding.DropMidflow}, Service: "telegram", AtLeast: finding.Suspected, Files: []string{"server.pcapng"}})
	return t
}

// telegramFiles plans two downloads from data centres, and what works.
func telegramFiles(w *lab.World) {
	w.Talk.Timeout = 8 * time.Second
	for i, a := range []string{site.TGMedia, site.TGChatMedia, site.TGChat} {
		w.OpenAt(time.Duration(300+300*i)*time.Millisecond, a, 443, talk.MTProto{}, parts(40, 40_000)...)
	}
	w.OthersWork(400*time.Millisecond, "telegram")
	w.Surf(0, 8500*time.Millisecond, 2*time.Second)
}

// clientUnheard swallows what clients send once 120 packets have passed: the server
// sends the same data again and again, though the client acknowledges it.
func clientUnheard() *lab.Scenario {
	return &lab.Scenario{
		Name: "client-unheard", Lasts: 10500 * time.Millisecond,
		Truth: oneSided("of each connection to Telegram 120 packets pass, then nothing that the client sends"),
		Play: func(w *lab.World) {
			w.Rule("client unheard", policy.All(policy.To("149.154.160.0/20", "91.105.192.0/23"), policy.Dir(box.Up), policy.AfterPackets(120)), policy.Drop{})
			telegramFiles(w)
		},
	}
}

// serverUnheard swallows what servers send once 120 packets have passed: the rest of
// an answer does not come, and the client's good-bye is sent again and again, though
// it arrives.
func serverUnheard() *lab.Scenario {
	return &lab.Scenario{
		Name: "server-unheard", Lasts: 10500 * time.Millisecond,
		Truth: oneSided("of each connection to Telegram 120 packets pass, then nothing that the server sends"),
		Play: func(w *lab.World) {
			w.Rule("server unheard", policy.All(policy.To("149.154.160.0/20", "91.105.192.0/23"), policy.Dir(box.Down), policy.AfterPackets(120)), policy.Drop{})
			telegramFiles(w)
		},
	}
}

// quicSilent swallows QUIC for names of WhatsApp from the first Initial on. The app
// falls back to TCP, which works; other names over QUIC do too.
func quicSilent() *lab.Scenario {
	return &lab.Scenario{
		Name: "quic-initials-silent", Cases: []string{"F17"}, Lasts: 9 * time.Second,
		Truth: swallowed("whatsapp", finding.DropQUIC, finding.Likely, "QUIC Initials with names of WhatsApp are swallowed, and all that follows; TCP to the same addresses works, and QUIC with other names", "degraded"),
		Play: func(w *lab.World) {
			w.Rule("QUIC dropped", policy.Sticky(policy.All(policy.QUIC, policy.SNI(whatsAppNames...))), policy.Drop{})
			get := func(at time.Duration, addr, name string) {
				w.QUIC(at, addr, quicpeer.Options{SNI: name, Classic: true, Timeout: 4 * time.Second}, quicpeer.Turn{Ask: 300, Answer: 20_000})
			}
			tries(3, 300*time.Millisecond, 1300*time.Millisecond, func(at time.Duration) {
				get(at, site.WAWeb, "web.whatsapp.com")
				w.Open(at+300*time.Millisecond, "web.whatsapp.com", lab.Web, browsed()...)
				get(at+200*time.Millisecond, site.WAMedia, "mmg.whatsapp.net")
				w.Open(at+500*time.Millisecond, "mmg.whatsapp.net", lab.Web, browsed()...)
				get(at+400*time.Millisecond, site.WAWeb, "www.instagram.com")
				get(at+600*time.Millisecond, site.ExampleCom, "www.example.com")
			})
			w.OthersWork(400 * time.Millisecond)
			w.Surf(0, 7*time.Second, 2*time.Second)
		},
	}
}
