package story

import (
	"net/netip"
	"strings"
	"time"

	"chokepoint/pcaps/lab/script"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/synth"
)

// signalSYNBlackhole: no connection to Signal's chat servers opens; its files,
// behind a shared CDN, and everything else work.
func signalSYNBlackhole() *world {
	w := newWorld("2026-11-14T10:20:00Z", 7)
	w.Boxes = []synth.Stage{&synth.SYNDrop{Match: to(site.SignalChat, site.SignalChat2, site.SignalFiles2)}}
	for i := range 3 {
		at := time.Duration(3+20*i) * time.Second
		w.Open(at, "chat.signal.org", script.Visit{Turns: script.Chats, GiveUp: 18 * time.Second})
		w.Open(at+time.Second, "grpc.chat.signal.org", script.Visit{Turns: script.Chats, GiveUp: 18 * time.Second})
		w.Open(at+2*time.Second, "cdn.signal.org", script.Visit{Turns: script.Page, GiveUp: 18 * time.Second})
	}
	w.Open(6*time.Second, "cdn2.signal.org", script.Visit{Turns: script.Download(90_000)})
	w.Open(41*time.Second, "cdn2.signal.org", script.Visit{Turns: script.Download(60_000)})
	w.TelegramWorks(5 * time.Second)
	w.MaxWorks(8 * time.Second)
	w.WhatsAppWorks(12 * time.Second)
	w.Surf(2*time.Second, 62*time.Second, 11*time.Second)
	w.Run(68 * time.Second)
	return w
}

// deadHostRefused: an ordinary host is switched off, another has a port closed,
// and one of WhatsApp's servers is dead while the next one works. Nothing
// interferes.
func deadHostRefused() *world {
	w := newWorld("2026-11-03T08:00:00Z", 8)
	w.Host(site.ExampleDead).Mode = synth.Silent
	w.Host(site.ExampleTwo).Closed = map[uint16]bool{8443: true}
	w.Host(site.WAChat2).Mode = synth.Silent
	w.Open(3*time.Second, "backup.example.net", script.Visit{Turns: script.Page, GiveUp: 33 * time.Second})
	for i := range 3 {
		w.Resolve(time.Duration(4+5*i)*time.Second, "build.example.net", func(a netip.Addr) {
			synth.Dial(w.Path(a), 8443, synth.TLS(w.Sim, synth.ClientHello{Name: "build.example.net"}, script.Page...), 0)
		})
	}
	w.Open(12*time.Second, "build.example.net", script.Visit{Turns: script.Page})
	w.WhatsAppChats(5*time.Second, "e2.whatsapp.net", 16*time.Second)
	w.WhatsAppWorks(9 * time.Second)
	w.TelegramWorks(7 * time.Second)
	w.MaxWorks(10 * time.Second)
	w.Surf(2*time.Second, 36*time.Second, 8*time.Second)
	w.Run(44 * time.Second)
	return w
}

// freezeAfter16K: connections to three foreign networks go silent after 16 kB
// from the server, both ways and without a word.
func freezeAfter16K() *world {
	w := newWorld("2026-11-10T17:45:00Z", 9)
	w.Taps["client.pcapng"].Whole = 14
	w.Boxes = []synth.Stage{&synth.Freeze{Match: to(site.SignalFiles, site.WAMedia, site.Discord), Bytes: 16 << 10}}
	big := script.Visit{Turns: script.Download(200_000), GiveUp: 16 * time.Second}
	for i := range 2 {
		at := time.Duration(3+19*i) * time.Second
		w.Open(at, "cdn2.signal.org", big)
		w.Open(at+time.Second, "mmg.whatsapp.net", big)
		w.Open(at+2*time.Second, "cdn.discordapp.com", big)
	}
	w.Open(7*time.Second, "fd.oneme.ru", script.Visit{Turns: script.Download(200_000)})
	w.TelegramWorks(5 * time.Second)
	w.Open(9*time.Second, "api.oneme.ru", script.Visit{Turns: script.Chats, Plain: true, Stay: true})
	w.Open(27*time.Second, "www.example.org", script.Visit{Turns: script.Download(100_000)})
	w.Surf(2*time.Second, 42*time.Second, 19*time.Second)
	w.Run(52 * time.Second)
	return w
}

// dnsDoubleAnswer: queries to a public resolver for WhatsApp's names are
// answered twice, first with a false address from a box on the way.
func dnsDoubleAnswer() *world {
	w := newWorld("2026-11-08T19:00:00Z", 10)
	w.Resolver = googleDNS
	w.Boxes = []synth.Stage{&synth.DNSForger{Sim: w.Sim, Match: isWhatsApp,
		Answer: synth.DNSAnswer{Addrs: []netip.Addr{netip.MustParseAddr(site.Forged)}, TTL: 300}, TTL: 64}}
	w.Host(site.Forged).Mode = synth.Refusing
	for i := range 3 {
		at := time.Duration(3+7*i) * time.Second
		w.Open(at, "web.whatsapp.com", script.Visit{Turns: script.Page})
		w.Open(at+2*time.Second, "mmg.whatsapp.net", script.Visit{Turns: script.Page})
		w.WhatsAppChats(at+4*time.Second, "g.whatsapp.net", 0)
	}
	w.TelegramWorks(4 * time.Second)
	w.MaxWorks(6 * time.Second)
	w.Surf(1*time.Second, 24*time.Second, 4*time.Second)
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
		w.Zone[n] = nowhere
	}
	for i := range 8 {
		w.Resolve(time.Duration(2+3*i)*time.Second, refused[i%len(refused)], nil)
	}
	w.WhatsAppWorks(4 * time.Second)
	w.TelegramWorks(6 * time.Second)
	w.MaxWorks(8 * time.Second)
	w.Surf(3*time.Second, 26*time.Second, 7*time.Second)
	w.Run(34 * time.Second)
	return w
}

// everythingWorks: all messengers chat and load media; connections end in the
// usual ways, some with resets after the close, some stay idle.
func everythingWorks() *world {
	w := newWorld("2026-11-01T10:00:00Z", 12)
	for i := range 2 {
		at := time.Duration(2+28*i) * time.Second
		w.WhatsAppWorks(at)
		w.TelegramWorks(at + 2*time.Second)
		w.MaxWorks(at + 5*time.Second)
		w.SignalWorks(at + 8*time.Second)
		w.Open(at+11*time.Second, "web.whatsapp.com", script.Visit{Turns: script.Page, Late: true})
		w.Open(at+13*time.Second, "web.telegram.org", script.Visit{Turns: script.Page, PQ: true, Late: true})
	}
	w.Surf(3*time.Second, 60*time.Second, 13*time.Second)
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
	w.TelegramWorks(3 * time.Second)
	w.WhatsAppWorks(6 * time.Second)
	w.MaxWorks(8 * time.Second)
	w.Surf(2*time.Second, 24*time.Second, 7*time.Second)
	w.Run(34 * time.Second)
	return w
}

// abortive opens TLS to a server that will not have it.
func (w *world) abortive(at time.Duration, name string) {
	w.Resolve(at, name, func(a netip.Addr) {
		h := synth.ClientHello{Name: name, ALPN: strings.Fields("h2 http/1.1")}
		synth.Dial(w.Path(a), 443, synth.Script{
			{From: synth.Up, Data: h.Bytes(w.Sim)}, {From: synth.Down, Act: synth.Abort, Wait: 600 * time.Microsecond}}, 0)
	})
}
