package story

import (
	"net/netip"
	"time"

	"chokepoint/pcaps/site"
	"chokepoint/pcaps/synth"
)

// visit is how a client uses a site over TLS.
type visit struct {
	turns  []synth.Turn
	pq     bool          // a hello of two segments
	plain  bool          // no ALPN: a native protocol under TLS
	stay   bool          // do not close
	late   bool          // the server says good-bye after the client has gone
	giveUp time.Duration // 0: the client waits for ever
}

// page and friends are what people do.
var (
	page  = []synth.Turn{{Ask: 420, Answer: 14_000}, {Ask: 380, Answer: 6_000, Think: 300 * time.Millisecond}}
	chats = []synth.Turn{{Ask: 210, Answer: 640}, {Ask: 130, Answer: 95, Think: 4 * time.Second}, {Ask: 170, Answer: 95, Think: 7 * time.Second}}
)

func download(n int) []synth.Turn { return []synth.Turn{{Ask: 330, Answer: n}} }

// open visits a name at a time: look it up, connect, talk.
func (w *world) open(at time.Duration, name string, v visit) {
	w.resolve(at, name, func(a netip.Addr) { w.tls(a, name, v) })
}

// openAt is open with an address the client has remembered.
func (w *world) openAt(at time.Duration, addr, name string, v visit) {
	w.around(at, func() { w.tls(netip.MustParseAddr(addr), name, v) })
}

func (w *world) tls(a netip.Addr, name string, v visit) {
	h := synth.ClientHello{Name: name, PostQuantum: v.pq, ALPN: []string{"h2", "http/1.1"}}
	if v.plain {
		h.ALPN = nil
	}
	s := synth.TLS(w.Sim, h, v.turns...)
	if !v.stay {
		s = s.Bye(w.Sim, 40*time.Millisecond, v.late)
	}
	synth.Dial(w.path(a), 443, s, v.giveUp)
}

// direct connects to an address without asking for a name.
func (w *world) direct(at time.Duration, addr string, port uint16, giveUp time.Duration, script func(*synth.Sim) synth.Script) {
	w.around(at, func() { synth.Dial(w.path(netip.MustParseAddr(addr)), port, script(w.Sim), giveUp) })
}

func mtproto(turns ...synth.Turn) func(*synth.Sim) synth.Script {
	return func(s *synth.Sim) synth.Script { return synth.MTProto(s, turns...) }
}

func noise(turns ...synth.Turn) func(*synth.Sim) synth.Script {
	return func(s *synth.Sim) synth.Script { return synth.Noise(s, turns...) }
}

// telegramWorks is a chat and a photo.
func (w *world) telegramWorks(at time.Duration) {
	w.direct(at, site.TGChat, 443, 0, mtproto(chats...))
	w.direct(at+900*time.Millisecond, site.TGMedia, 443, 0, mtproto(synth.Turn{Ask: 140, Answer: 90_000}))
}

// maxWorks is a chat and a file.
func (w *world) maxWorks(at time.Duration) {
	w.open(at, "api.oneme.ru", visit{turns: chats, plain: true, stay: true})
	w.open(at+1200*time.Millisecond, "fd.oneme.ru", visit{turns: download(120_000)})
}

// whatsappWorks is a chat and a photo.
func (w *world) whatsappWorks(at time.Duration) {
	w.resolve(at, "g.whatsapp.net", func(a netip.Addr) {
		synth.Dial(w.path(a), 443, synth.Noise(w.Sim, chats...), 0)
	})
	w.open(at+1500*time.Millisecond, "mmg.whatsapp.net", visit{turns: download(90_000), pq: true})
}

// signalWorks is a chat and an attachment.
func (w *world) signalWorks(at time.Duration) {
	w.open(at, "chat.signal.org", visit{turns: chats, stay: true})
	w.open(at+2*time.Second, "cdn2.signal.org", visit{turns: download(80_000)})
}

// surf visits ordinary sites, one every few seconds.
func (w *world) surf(from, to time.Duration, every time.Duration) {
	names := []string{"www.example.com", "www.wikipedia.org", "www.python.org", "www.example.org", "www.kernel.org"}
	for i := 0; from < to; i++ {
		w.open(from, names[i%len(names)], visit{turns: page, pq: i%2 == 0, late: i%3 == 0})
		from += every + w.Jitter(every/3)
	}
}
