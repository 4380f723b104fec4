package story

import (
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"chokepoint/pcaps/site"
	"chokepoint/pcaps/synth"
)

func isWhatsApp(name string) bool {
	return strings.HasSuffix(name, "whatsapp.com") || strings.HasSuffix(name, "whatsapp.net")
}

// whatsappDeniedAndDropped: queries to a public resolver for WhatsApp names are
// answered on the way with NXDOMAIN; connections to remembered addresses open,
// but from the first payload on everything is dropped.
func whatsappDeniedAndDropped() *world {
	w := newWorld("2026-11-20T18:02:11Z", 1)
	w.asks = googleDNS
	w.boxes = []synth.Stage{
		&synth.DNSForger{Sim: w.Sim, Match: isWhatsApp, Answer: synth.DNSAnswer{Rcode: dnsmessage.RCodeNameError, NoRA: true},
			Swallow: true, TTL: 64},
		&synth.HelloDrop{Match: to(site.WAWeb, site.WAChat, site.WAChat2, site.WAMedia)},
	}
	for i, name := range []string{"web.whatsapp.com", "g.whatsapp.net", "mmg.whatsapp.net", "e2.whatsapp.net", "web.whatsapp.com", "g.whatsapp.net"} {
		w.resolve(time.Duration(4+3*i)*time.Second, name, nil)
	}
	w.At(9*time.Second, func() { w.overTCP("web.whatsapp.com") })
	w.At(10*time.Second, func() { w.overTCP("g.whatsapp.net") })
	impatient := visit{turns: page, giveUp: 21 * time.Second}
	for i := range 3 {
		at := time.Duration(11+24*i) * time.Second
		w.openAt(at, site.WAWeb, "web.whatsapp.com", impatient)
		w.openAt(at+2*time.Second, site.WAMedia, "mmg.whatsapp.net", visit{turns: page, pq: true, giveUp: 21 * time.Second})
		w.direct(at+1*time.Second, site.WAChat, 443, 21*time.Second, noise(chats...))
		w.direct(at+4*time.Second, site.WAChat2, 5222, 21*time.Second, noise(chats...))
	}
	w.telegramWorks(12 * time.Second)
	w.maxWorks(14 * time.Second)
	w.open(20*time.Second, "www.instagram.com", visit{turns: download(60_000)})
	w.surf(2*time.Second, 84*time.Second, 19*time.Second)
	w.telegramWorks(52 * time.Second)
	w.open(61*time.Second, "fd.oneme.ru", visit{turns: download(120_000)})
	w.Run(92 * time.Second)
	return w
}

// overTCP asks the public resolver for a name over TCP.
func (w *world) overTCP(name string) {
	s, err := synth.DNSOverTCP(w.zone, uint16(w.Rand.Uint32()), name)
	if err != nil {
		w.err = err
		return
	}
	synth.Dial(w.path(googleDNS), 53, s, 5*time.Second)
}

// whatsappResetRace: a box answers each WhatsApp hello with a reset; the hello
// itself reaches the server, whose answer arrives too late.
func whatsappResetRace() *world {
	w := newWorld("2026-11-18T09:41:00Z", 2)
	w.boxes = []synth.Stage{&synth.Resetter{Sim: w.Sim, Match: to(site.WAWeb, site.WAMedia, site.WAChat), Delay: 300 * time.Microsecond,
		Resets: []synth.Forged{{TTL: 64, ID: 0x3a41, Window: 8192}}}}
	for i := range 3 {
		at := time.Duration(3+9*i) * time.Second
		w.open(at, "web.whatsapp.com", visit{turns: page})
		w.open(at+2*time.Second, "mmg.whatsapp.net", visit{turns: page, pq: true})
		w.resolve(at+4*time.Second, "g.whatsapp.net", func(a netip.Addr) {
			synth.Dial(w.path(a), 443, synth.Noise(w.Sim, chats...), 0)
		})
	}
	w.telegramWorks(5 * time.Second)
	w.maxWorks(7 * time.Second)
	w.surf(1*time.Second, 30*time.Second, 8*time.Second)
	w.Run(40 * time.Second)
	return w
}

// whatsappResetTrain: three resets at once whose TTL and window move together,
// an injector's fingerprint; the server answers later.
func whatsappResetTrain() *world {
	w := newWorld("2026-11-16T21:12:30Z", 3)
	w.boxes = []synth.Stage{&synth.Resetter{Sim: w.Sim, Match: to(site.WAWeb, site.WAMedia), Delay: 400 * time.Microsecond, Resets: []synth.Forged{
		{TTL: 149, ID: 0x1d01, Window: 4229, NoDF: true}, {TTL: 151, ID: 0x1d01, Window: 4231, NoDF: true}, {TTL: 150, ID: 0x1d01, Window: 4230, NoDF: true}}}}
	for i := range 3 {
		at := time.Duration(3+8*i) * time.Second
		w.open(at, "web.whatsapp.com", visit{turns: page})
		w.open(at+3*time.Second, "mmg.whatsapp.net", visit{turns: page})
	}
	w.telegramWorks(4 * time.Second)
	w.maxWorks(6 * time.Second)
	w.surf(1*time.Second, 26*time.Second, 7*time.Second)
	w.Run(36 * time.Second)
	return w
}

// outageWhatsApp: all of WhatsApp's servers are down, everything else of the
// world, its owner's other services too, is not looked at or works. Nothing
// interferes.
func outageWhatsApp() *world {
	w := newWorld("2026-11-05T15:30:00Z", 14)
	for _, a := range []string{site.WAWeb, site.WAChat, site.WAChat2, site.WAMedia} {
		w.host(a).Mode = synth.Silent
	}
	for i := range 2 {
		at := time.Duration(3+34*i) * time.Second
		w.open(at, "web.whatsapp.com", visit{turns: page, giveUp: 31 * time.Second})
		w.open(at+time.Second, "mmg.whatsapp.net", visit{turns: page, giveUp: 31 * time.Second})
		for k, name := range []string{"g.whatsapp.net", "e2.whatsapp.net"} {
			w.resolve(at+time.Duration(2+k)*time.Second, name, func(a netip.Addr) {
				synth.Dial(w.path(a), 443, synth.Noise(w.Sim, chats...), 31*time.Second)
			})
		}
	}
	w.telegramWorks(8 * time.Second)
	w.maxWorks(11 * time.Second)
	w.signalWorks(15 * time.Second)
	w.surf(2*time.Second, 70*time.Second, 16*time.Second)
	w.Run(80 * time.Second)
	return w
}
