package story

import (
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"chokepoint/pcaps/lab/script"
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
	w.Resolver = googleDNS
	w.Boxes = []synth.Stage{
		&synth.DNSForger{Sim: w.Sim, Match: isWhatsApp, Answer: synth.DNSAnswer{Rcode: dnsmessage.RCodeNameError, NoRA: true},
			Swallow: true, TTL: 64},
		&synth.HelloDrop{Match: to(site.WAWeb, site.WAChat, site.WAChat2, site.WAMedia)},
	}
	for i, name := range []string{"web.whatsapp.com", "g.whatsapp.net", "mmg.whatsapp.net", "e2.whatsapp.net", "web.whatsapp.com", "g.whatsapp.net"} {
		w.Resolve(time.Duration(4+3*i)*time.Second, name, nil)
	}
	w.At(9*time.Second, func() { w.overTCP("web.whatsapp.com") })
	w.At(10*time.Second, func() { w.overTCP("g.whatsapp.net") })
	impatient := script.Visit{Turns: script.Page, GiveUp: 21 * time.Second}
	for i := range 3 {
		at := time.Duration(11+24*i) * time.Second
		w.OpenAt(at, site.WAWeb, "web.whatsapp.com", impatient)
		w.OpenAt(at+2*time.Second, site.WAMedia, "mmg.whatsapp.net", script.Visit{Turns: script.Page, PQ: true, GiveUp: 21 * time.Second})
		w.Direct(at+1*time.Second, site.WAChat, 443, 21*time.Second, script.Noise(script.Chats...))
		w.Direct(at+4*time.Second, site.WAChat2, 5222, 21*time.Second, script.Noise(script.Chats...))
	}
	w.TelegramWorks(12 * time.Second)
	w.MaxWorks(14 * time.Second)
	w.Open(20*time.Second, "www.instagram.com", script.Visit{Turns: script.Download(60_000)})
	w.Surf(2*time.Second, 84*time.Second, 19*time.Second)
	w.TelegramWorks(52 * time.Second)
	w.Open(61*time.Second, "fd.oneme.ru", script.Visit{Turns: script.Download(120_000)})
	w.Run(92 * time.Second)
	return w
}

// overTCP asks the public resolver for a name over TCP.
func (w *world) overTCP(name string) {
	s, err := synth.DNSOverTCP(w.Zone, uint16(w.Rand.Uint32()), name)
	if err != nil {
		w.Err = err
		return
	}
	synth.Dial(w.Path(googleDNS), 53, s, 5*time.Second)
}

// whatsappResetRace: a box answers each WhatsApp hello with a reset; the hello
// itself reaches the server, whose answer arrives too late.
func whatsappResetRace() *world {
	w := newWorld("2026-11-18T09:41:00Z", 2)
	w.Boxes = []synth.Stage{&synth.Resetter{Sim: w.Sim, Match: to(site.WAWeb, site.WAMedia, site.WAChat), Delay: 300 * time.Microsecond,
		Resets: []synth.Forged{{TTL: 64, ID: 0x3a41, Window: 8192}}}}
	for i := range 3 {
		at := time.Duration(3+9*i) * time.Second
		w.Open(at, "web.whatsapp.com", script.Visit{Turns: script.Page})
		w.Open(at+2*time.Second, "mmg.whatsapp.net", script.Visit{Turns: script.Page, PQ: true})
		w.WhatsAppChats(at+4*time.Second, "g.whatsapp.net", 0)
	}
	w.TelegramWorks(5 * time.Second)
	w.MaxWorks(7 * time.Second)
	w.Surf(1*time.Second, 30*time.Second, 8*time.Second)
	w.Run(40 * time.Second)
	return w
}

// whatsappResetTrain: three resets at once whose TTL and window move together,
// an injector's fingerprint; the server answers later.
func whatsappResetTrain() *world {
	w := newWorld("2026-11-16T21:12:30Z", 3)
	w.Boxes = []synth.Stage{&synth.Resetter{Sim: w.Sim, Match: to(site.WAWeb, site.WAMedia), Delay: 400 * time.Microsecond, Resets: []synth.Forged{
		{TTL: 149, ID: 0x1d01, Window: 4229, NoDF: true}, {TTL: 151, ID: 0x1d01, Window: 4231, NoDF: true}, {TTL: 150, ID: 0x1d01, Window: 4230, NoDF: true}}}}
	for i := range 3 {
		at := time.Duration(3+8*i) * time.Second
		w.Open(at, "web.whatsapp.com", script.Visit{Turns: script.Page})
		w.Open(at+3*time.Second, "mmg.whatsapp.net", script.Visit{Turns: script.Page})
	}
	w.TelegramWorks(4 * time.Second)
	w.MaxWorks(6 * time.Second)
	w.Surf(1*time.Second, 26*time.Second, 7*time.Second)
	w.Run(36 * time.Second)
	return w
}

// outageWhatsApp: all of WhatsApp's servers are down, everything else of the
// world, its owner's other services too, is not looked at or works. Nothing
// interferes.
func outageWhatsApp() *world {
	w := newWorld("2026-11-05T15:30:00Z", 14)
	for _, a := range []string{site.WAWeb, site.WAChat, site.WAChat2, site.WAMedia} {
		w.Host(a).Mode = synth.Silent
	}
	for i := range 2 {
		at := time.Duration(3+34*i) * time.Second
		w.Open(at, "web.whatsapp.com", script.Visit{Turns: script.Page, GiveUp: 31 * time.Second})
		w.Open(at+time.Second, "mmg.whatsapp.net", script.Visit{Turns: script.Page, GiveUp: 31 * time.Second})
		for k, name := range []string{"g.whatsapp.net", "e2.whatsapp.net"} {
			w.WhatsAppChats(at+time.Duration(2+k)*time.Second, name, 31*time.Second)
		}
	}
	w.TelegramWorks(8 * time.Second)
	w.MaxWorks(11 * time.Second)
	w.SignalWorks(15 * time.Second)
	w.Surf(2*time.Second, 70*time.Second, 16*time.Second)
	w.Run(80 * time.Second)
	return w
}
