package scenes

import (
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/policy"
	"chokepoint/pcaps/lab/script"
	"chokepoint/pcaps/site"
)

// innocentTold are bad lines in simulated time: the same on every machine, and as long
// as such things last.
func innocentTold() []*lab.Scenario {
	return []*lab.Scenario{outageTold(), lossTold(), cgnatTold()}
}

// stream is a file that is fetched in pieces for some time.
func stream(pieces, size int) script.Visit {
	var v script.Visit
	for range pieces {
		v.Turns = append(v.Turns, script.Download(size)...)
		v.Turns[len(v.Turns)-1].Think = 250 * time.Millisecond
	}
	return v
}

// outageTold is a wireless line that is gone for 8 s, twice.
func outageTold() *lab.Scenario {
	t := blameless("the line is gone for 8 s, twice", "the client's own line", finding.Inconclusive, "everything stalls together: there is no control")
	everyone(&t, "ok", "inconclusive", "degraded")
	return &lab.Scenario{
		Name: "outage-twice", Cases: []string{"B24"}, Lasts: 100 * time.Second, Truth: t,
		Script: func(w *script.World) {
			for _, at := range []time.Duration{20 * time.Second, 60 * time.Second} {
				w.Rule("no line", policy.Between(at, at+8*time.Second), nowhere{})
				w.Open(at-4*time.Second, "mmg.whatsapp.net", stream(60, 30_000))
				w.Direct(at-3*time.Second, site.TGMedia, 443, 0, script.MTProto(stream(60, 20_000).Turns...))
				w.Open(at-2*time.Second, "cdn2.signal.org", stream(40, 20_000))
				w.Open(at+2*time.Second, "chat.signal.org", script.Visit{Turns: script.Chats, Plain: true})
				w.Open(at+3*time.Second, "fd.oneme.ru", script.Visit{Turns: script.Page})
			}
			tries(4, 3*time.Second, 25*time.Second, func(at time.Duration) {
				w.WhatsAppWorks(at)
				w.TelegramWorks(at + time.Second)
				w.SignalWorks(at + 2*time.Second)
				w.MaxWorks(at + 3*time.Second)
			})
			w.Surf(time.Second, 90*time.Second, 3*time.Second)
		},
	}
}

// lossTold is a line that loses one packet in twenty, each way, under downloads.
func lossTold() *lab.Scenario {
	t := blameless("one packet in twenty is lost, of every connection and in both directions", "the client's own line", finding.Unexplained, "what is lost is sent again, and arrives")
	everyone(&t, "ok", "degraded")
	return &lab.Scenario{
		Name: "loss-5-percent-told", Cases: []string{"B25"}, Lasts: 90 * time.Second, Truth: t,
		Script: func(w *script.World) {
			for _, s := range site.All {
				w.Lossy[w.Addr(s.Addr)] = 0.05
			}
			w.Open(3*time.Second, "mmg.whatsapp.net", stream(8, 40_000))
			w.Direct(4*time.Second, site.TGMedia, 443, 0, script.MTProto(stream(8, 40_000).Turns...))
			w.Open(5*time.Second, "cdn2.signal.org", stream(8, 40_000))
			w.Open(6*time.Second, "fd.oneme.ru", stream(8, 60_000))
			tries(5, 2*time.Second, 14*time.Second, func(at time.Duration) {
				w.WhatsAppWorks(at)
				w.TelegramWorks(at + time.Second)
				w.SignalWorks(at + 2*time.Second)
				w.MaxWorks(at + 3*time.Second)
			})
			w.Surf(time.Second, 70*time.Second, 3*time.Second)
		},
	}
}

// cgnatTold is a customer behind a carrier's NAT who opens more connections at once
// than it has ports for him: the requests of the last are lost until some are free.
func cgnatTold() *lab.Scenario {
	t := blameless("the provider's NAT drops the connections of a customer beyond twenty", "the provider's NAT", finding.Suspected, "a NAT that has run out of ports looks the same")
	everyone(&t, "ok", "degraded", "failing", "inconclusive")
	return &lab.Scenario{
		Name: "cgnat-out-of-ports-told", Cases: []string{"B33"}, Lasts: 150 * time.Second, Truth: t,
		Script: func(w *script.World) {
			w.Client.Addr = cgnatAddr
			w.Rule("no port left", policy.ConnLimit(policy.SYN, 20, 10*time.Second, 30*time.Second), nowhere{})
			visit := script.Visit{Turns: script.Page, GiveUp: 15 * time.Second}
			for _, from := range []time.Duration{10 * time.Second, 80 * time.Second} {
				tries(26, from, 120*time.Millisecond, func(at time.Duration) { w.Open(at, "mmg.whatsapp.net", visit) })
				w.Open(from+5*time.Second, "www.example.com", visit)
				w.Direct(from+6*time.Second, site.TGChat, 443, 15*time.Second, script.MTProto(script.Chats...))
			}
			for _, at := range []time.Duration{2 * time.Second, 60 * time.Second, 130 * time.Second} {
				w.TelegramWorks(at)
				w.SignalWorks(at + 2*time.Second)
				w.MaxWorks(at + 4*time.Second)
			}
			w.Surf(50*time.Second, 75*time.Second, 5*time.Second)
		},
	}
}
