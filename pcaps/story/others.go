package story

import (
	"net/netip"
	"strings"
	"time"

	"chokepoint/pcaps/site"
	"chokepoint/pcaps/synth"
)

// signalSYNBlackhole: no connection to Signal's chat servers opens; its files,
// behind a shared CDN, and everything else work.
func signalSYNBlackhole() *world {
	w := newWorld("2026-11-14T10:20:00Z", 7)
	w.boxes = []synth.Stage{&synth.SYNDrop{Match: to(site.SignalChat, site.SignalChat2, site.SignalFiles2)}}
	for i := range 3 {
		at := time.Duration(3+20*i) * time.Second
		w.open(at, "chat.signal.org", visit{turns: chats, giveUp: 18 * time.Second})
		w.open(at+time.Second, "grpc.chat.signal.org", visit{turns: chats, giveUp: 18 * time.Second})
		w.open(at+2*time.Second, "cdn.signal.org", visit{turns: page, giveUp: 18 * time.Second})
	}
	w.open(6*time.Second, "cdn2.signal.org", visit{turns: download(90_000)})
	w.open(41*time.Second, "cdn2.signal.org", visit{turns: download(60_000)})
	w.telegramWorks(5 * time.Second)
	w.maxWorks(8 * time.Second)
	w.whatsappWorks(12 * time.Second)
	w.surf(2*time.Second, 62*time.Second, 11*time.Second)
	w.Run(68 * time.Second)
	return w
}

// deadHostRefused: an ordinary host is switched off, another has a port closed,
// and one of WhatsApp's servers is dead while the next one works. Nothing
// interferes.
func deadHostRefused() *world {
	w := newWorld("2026-11-03T08:00:00Z", 8)
	w.host(site.ExampleDead).Mode = synth.Silent
	w.host(site.ExampleTwo).Closed = map[uint16]bool{8443: true}
	w.host(site.WAChat2).Mode = synth.Silent
	w.open(3*time.Second, "backup.example.net", visit{turns: page, giveUp: 33 * time.Second})
	for i := range 3 {
		w.resolve(time.Duration(4+5*i)*time.Second, "build.example.net", func(a netip.Addr) {
			synth.Dial(w.path(a), 8443, synth.TLS(w.Sim, synth.ClientHello{Name: "build.example.net"}, page...), 0)
		})
	}
	w.open(12*time.Second, "build.example.net", visit{turns: page})
	w.resolve(5*time.Second, "e2.whatsapp.net", func(a netip.Addr) {
		synth.Dial(w.path(a), 443, synth.Noise(w.Sim, chats...), 16*time.Second)
	})
	w.whatsappWorks(9 * time.Second)
	w.telegramWorks(7 * time.Second)
	w.maxWorks(10 * time.Second)
	w.surf(2*time.Second, 36*time.Second, 8*time.Second)
	w.Run(44 * time.Second)
	return w
}

// freezeAfter16K: connections to three foreign networks go silent after 16 kB
// from the server, both ways and without a word.
func freezeAfter16K() *world {
	w := newWorld("2026-11-10T17:45:00Z", 9)
	w.taps["client.pcapng"].Whole = 14
	w.boxes = []synth.Stage{&synth.Freeze{Match: to(site.SignalFiles, site.WAMedia, site.Discord), Bytes: 16 << 10}}
	big := visit{turns: download(200_000), giveUp: 16 * time.Second}
	for i := range 2 {
		at := time.Duration(3+19*i) * time.Second
		w.open(at, "cdn2.signal.org", big)
		w.open(at+time.Second, "mmg.whatsapp.net", big)
		w.open(at+2*time.Second, "cdn.discordapp.com", big)
	}
	w.open(7*time.Second, "fd.oneme.ru", visit{turns: download(200_000)})
	w.telegramWorks(5 * time.Second)
	w.open(9*time.Second, "api.oneme.ru", visit{turns: chats, plain: true, stay: true})
	w.open(27*time.Second, "www.example.org", visit{turns: download(100_000)})
	w.surf(2*time.Second, 42*time.Second, 19*time.Second)
	w.Run(52 * time.Second)
	return w
}

// dnsDoubleAnswer: queries to a public resolver for WhatsApp's names are
// answered twice, first with a false address from a box on the way.
func dnsDoubleAnswer() *world {
	w := newWorld("2026-11-08T19:00:00Z", 10)
	w.asks = googleDNS
	w.boxes = []synth.Stage{&synth.DNSForger{Sim: w.Sim, Match: isWhatsApp,
		Answer: synth.DNSAnswer{Addrs: []netip.Addr{netip.MustParseAddr(site.Forged)}, TTL: 300}, TTL: 64}}
	w.host(site.Forged).Mode = synth.Refusing
	for i := range 3 {
		at := time.Duration(3+7*i) * time.Second
		w.open(at, "web.whatsapp.com", visit{turns: page})
		w.open(at+2*time.Second, "mmg.whatsapp.net", visit{turns: page})
		w.resolve(at+4*time.Second, "g.whatsapp.net", func(a netip.Addr) {
			synth.Dial(w.path(a), 443, synth.Noise(w.Sim, chats...), 0)
		})
	}
	w.telegramWorks(4 * time.Second)
	w.maxWorks(6 * time.Second)
	w.surf(1*time.Second, 24*time.Second, 4*time.Second)
	w.Run(36 * time.Second)
	return w
}

// piholeOwnResolver: the home's own resolver refuses some names by its owner's
// wish: trackers, and Telegram's web client. Nothing interferes.
func piholeOwnResolver() *world {
	w := newWorld("2026-11-06T22:10:00Z", 11)
	nowhere := []netip.Addr{netip.IPv4Unspecified()}
	refused := []string{"graph.whatsapp.com", "crashlogs.whatsapp.net", "ads.example.net", "web.telegram.org"}
	for _, n := range refused {
		w.zone[n] = nowhere
	}
	for i := range 8 {
		w.resolve(time.Duration(2+3*i)*time.Second, refused[i%len(refused)], nil)
	}
	w.whatsappWorks(4 * time.Second)
	w.telegramWorks(6 * time.Second)
	w.maxWorks(8 * time.Second)
	w.surf(3*time.Second, 26*time.Second, 7*time.Second)
	w.Run(34 * time.Second)
	return w
}

// everythingWorks: all messengers chat and load media; connections end in the
// usual ways, some with resets after the close, some stay idle.
func everythingWorks() *world {
	w := newWorld("2026-11-01T10:00:00Z", 12)
	for i := range 2 {
		at := time.Duration(2+28*i) * time.Second
		w.whatsappWorks(at)
		w.telegramWorks(at + 2*time.Second)
		w.maxWorks(at + 5*time.Second)
		w.signalWorks(at + 8*time.Second)
		w.open(at+11*time.Second, "web.whatsapp.com", visit{turns: page, late: true})
		w.open(at+13*time.Second, "web.telegram.org", visit{turns: page, pq: true, late: true})
	}
	w.surf(3*time.Second, 60*time.Second, 13*time.Second)
	w.Run(75 * time.Second)
	return w
}

// serverAborts: Telegram's web server and another one close with the hello
// unread, which resets the connection one round trip after it. Genuine.
func serverAborts() *world {
	w := newWorld("2026-11-11T06:30:00Z", 13)
	for i := range 2 {
		at := time.Duration(4+9*i) * time.Second
		w.abortive(at, "web.telegram.org")
		w.abortive(at+3*time.Second, "build.example.net")
	}
	w.telegramWorks(3 * time.Second)
	w.whatsappWorks(6 * time.Second)
	w.maxWorks(8 * time.Second)
	w.surf(2*time.Second, 24*time.Second, 7*time.Second)
	w.Run(34 * time.Second)
	return w
}

// abortive opens TLS to a server that will not have it.
func (w *world) abortive(at time.Duration, name string) {
	w.resolve(at, name, func(a netip.Addr) {
		h := synth.ClientHello{Name: name, ALPN: strings.Fields("h2 http/1.1")}
		synth.Dial(w.path(a), 443, synth.Script{
			{From: synth.Up, Data: h.Bytes(w.Sim)}, {From: synth.Down, Act: synth.Abort, Wait: 600 * time.Microsecond}}, 0)
	})
}
