package script

import (
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"chokepoint/pcaps/site"
	"chokepoint/pcaps/synth"
)

// Visit is how a client uses a site over TLS.
type Visit struct {
	Turns  []synth.Turn
	PQ     bool          // a hello of two segments
	Plain  bool          // no ALPN: a native protocol under TLS
	Stay   bool          // do not close
	Late   bool          // the server says good-bye after the client has gone
	GiveUp time.Duration // 0: the client waits for ever
}

// Page and Chats are what people do.
var (
	Page  = []synth.Turn{{Ask: 420, Answer: 14_000}, {Ask: 380, Answer: 6_000, Think: 300 * time.Millisecond}}
	Chats = []synth.Turn{{Ask: 210, Answer: 640}, {Ask: 130, Answer: 95, Think: 4 * time.Second}, {Ask: 170, Answer: 95, Think: 7 * time.Second}}
)

// Download is a request and its answer of n bytes.
func Download(n int) []synth.Turn { return []synth.Turn{{Ask: 330, Answer: n}} }

// Beats are n keep-alives of an application: a little question after each pause and
// its answer.
func Beats(n int, every time.Duration) (out []synth.Turn) {
	for range n {
		out = append(out, synth.Turn{Ask: 21, Answer: 21, Think: every})
	}
	return out
}

// Around does something within half a second of a time: nobody is exact.
func (w *World) Around(at time.Duration, f func()) { w.At(at+w.Jitter(500*time.Millisecond), f) }

// Resolve asks for a name at a time and hands on the first address; then may be nil.
func (w *World) Resolve(at time.Duration, name string, then func(netip.Addr)) {
	w.Around(at, func() {
		path, typ := w.resolver(), dnsmessage.TypeA
		if w.six {
			typ = dnsmessage.TypeAAAA
		}
		query, err := synth.QueryFor(uint16(w.Rand.Uint32()), name, typ)
		if err != nil {
			w.Err = err
			return
		}
		answered := false
		synth.Ask(path, 53, query, func(p *synth.Packet) {
			_, addrs := synth.Addresses(p.Payload)
			if !answered && len(addrs) > 0 && then != nil {
				w.After(w.Jitter(2*time.Millisecond), func() { then(addrs[0]) })
			}
			answered = true
		})
	})
}

func (w *World) resolver() *synth.Path {
	if w.Resolver == RouterAddr || w.Resolver == RouterAddr6 {
		return w.local()
	}
	return w.Path(w.Resolver)
}

// Open visits a name at a time: look it up, connect, talk.
func (w *World) Open(at time.Duration, name string, v Visit) {
	w.Resolve(at, name, func(a netip.Addr) { w.TLS(a, name, v) })
}

// OpenAt is Open with an address the client has remembered.
func (w *World) OpenAt(at time.Duration, addr, name string, v Visit) {
	w.Around(at, func() { w.TLS(w.Addr(addr), name, v) })
}

// TLS visits a site now.
func (w *World) TLS(a netip.Addr, name string, v Visit) *synth.Conn {
	h := synth.ClientHello{Name: name, PostQuantum: v.PQ, ALPN: []string{"h2", "http/1.1"}}
	if v.Plain {
		h.ALPN = nil
	}
	s := synth.TLS(w.Sim, h, v.Turns...)
	if !v.Stay {
		s = s.Bye(w.Sim, 40*time.Millisecond, v.Late)
	}
	return w.Dial(name, a, 443, s, v.GiveUp)
}

// Direct connects to an address without asking for a name.
func (w *World) Direct(at time.Duration, addr string, port uint16, giveUp time.Duration, script func(*synth.Sim) synth.Script) {
	w.Around(at, func() { w.Dial(addr, w.Addr(addr), port, script(w.Sim), giveUp) })
}

// MTProto is a connection to one of Telegram's data centres, for [World.Direct].
func MTProto(turns ...synth.Turn) func(*synth.Sim) synth.Script {
	return func(s *synth.Sim) synth.Script { return synth.MTProto(s, turns...) }
}

// MTProtoTo is MTProto to a data centre that the header names.
func MTProtoTo(dc int16, turns ...synth.Turn) func(*synth.Sim) synth.Script {
	return func(s *synth.Sim) synth.Script { return synth.MTProtoTo(s, dc, turns...) }
}

// Noise is a connection of WhatsApp's app, for [World.Direct].
func Noise(turns ...synth.Turn) func(*synth.Sim) synth.Script {
	return func(s *synth.Sim) synth.Script { return synth.Noise(s, turns...) }
}

// dialled is a connection that was tried.
type dialled struct {
	who  string
	conn *synth.Conn
}

// Dial opens a connection now; who is whom the client means, for [World.Notes].
func (w *World) Dial(who string, a netip.Addr, port uint16, script synth.Script, giveUp time.Duration) *synth.Conn {
	c := synth.Dial(w.Path(a), port, script, giveUp)
	w.dialled = append(w.dialled, dialled{who, c})
	return c
}

// Notes returns what the client met, as "web.whatsapp.com: connection reset by
// peer"; what went well is worth no note.
func (w *World) Notes() (out []string) {
	for _, d := range w.dialled {
		if err := d.conn.Err(); err != nil {
			out = append(out, fmt.Sprintf("%s: %v", d.who, err))
		}
	}
	return out
}

// TelegramWorks is a chat and a photo.
func (w *World) TelegramWorks(at time.Duration) {
	w.Direct(at, site.TGChat, 443, 0, MTProto(Chats...))
	w.Direct(at+900*time.Millisecond, site.TGMedia, 443, 0, MTProto(synth.Turn{Ask: 140, Answer: 90_000}))
}

// MaxWorks is a chat and a file.
func (w *World) MaxWorks(at time.Duration) {
	w.Open(at, "api.oneme.ru", Visit{Turns: Chats, Plain: true, Stay: true})
	w.Open(at+1200*time.Millisecond, "fd.oneme.ru", Visit{Turns: Download(120_000)})
}

// WhatsAppChats is a chat of the app over a name.
func (w *World) WhatsAppChats(at time.Duration, name string, giveUp time.Duration) {
	w.Resolve(at, name, func(a netip.Addr) {
		w.Dial(name, a, 443, synth.Noise(w.Sim, Chats...), giveUp)
	})
}

// WhatsAppWorks is a chat and a photo.
func (w *World) WhatsAppWorks(at time.Duration) {
	w.WhatsAppChats(at, "g.whatsapp.net", 0)
	w.Open(at+1500*time.Millisecond, "mmg.whatsapp.net", Visit{Turns: Download(90_000), PQ: true})
}

// SignalWorks is a chat and an attachment.
func (w *World) SignalWorks(at time.Duration) {
	w.Open(at, "chat.signal.org", Visit{Turns: Chats, Stay: true})
	w.Open(at+2*time.Second, "cdn2.signal.org", Visit{Turns: Download(80_000)})
}

// Surf visits ordinary sites, one every few seconds.
func (w *World) Surf(from, to time.Duration, every time.Duration) {
	names := []string{"www.example.com", "www.wikipedia.org", "www.python.org", "www.example.org", "www.kernel.org"}
	for i := 0; from < to; i++ {
		w.Open(from, names[i%len(names)], Visit{Turns: Page, PQ: i%2 == 0, Late: i%3 == 0})
		from += every + w.Jitter(every/3)
	}
}
