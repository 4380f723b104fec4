package lab

import (
	"context"
	"net/netip"
	"time"

	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/site"
)

// chat is a minute of a messenger in seconds: recordings are short.
func chat() []talk.Turn {
	return []talk.Turn{{Ask: 210, Answer: 640}, {Wait: 900 * time.Millisecond, Ask: 130, Answer: 95}, {Wait: 1400 * time.Millisecond, Ask: 170, Answer: 95}}
}

// page is a small one.
func page() []talk.Turn {
	return []talk.Turn{{Ask: 420, Think: 10 * time.Millisecond, Answer: 14_000}, {Ask: 380, Answer: 6_000}}
}

// TelegramWorks plans a chat and a photo.
func (w *World) TelegramWorks(at time.Duration) {
	w.OpenAt(at, site.TGChat, 443, talk.MTProto{}, chat()...)
	w.OpenAt(at+300*time.Millisecond, site.TGMedia, 443, talk.MTProto{}, talk.Download(90_000))
}

// MaxWorks plans a chat and a file.
func (w *World) MaxWorks(at time.Duration) {
	w.Open(at, "api.oneme.ru", Native, chat()...)
	w.Open(at+400*time.Millisecond, "fd.oneme.ru", Web, talk.Download(120_000))
}

// WhatsAppWorks plans a chat and a photo.
func (w *World) WhatsAppWorks(at time.Duration) {
	w.Noise(at, "g.whatsapp.net", chat()...)
	w.Open(at+500*time.Millisecond, "mmg.whatsapp.net", Web, talk.Download(90_000))
}

// SignalWorks plans a chat and an attachment.
func (w *World) SignalWorks(at time.Duration) {
	w.Open(at, "chat.signal.org", Native, chat()...)
	w.Open(at+600*time.Millisecond, "cdn2.signal.org", Web, talk.Download(80_000))
}

// Noise plans a conversation of WhatsApp's app with a name.
func (w *World) Noise(at time.Duration, name string, turns ...talk.Turn) {
	w.At(at, func(ctx context.Context) {
		addrs, err := w.Resolve(ctx, name)
		if err == nil {
			err = w.Talk.Open(ctx, netip.AddrPortFrom(addrs[0], 443), talk.Noise{}, turns...)
		}
		w.Note(name, err)
	})
}

// Surf plans visits of ordinary sites, one whenever every has passed.
func (w *World) Surf(from, to, every time.Duration) {
	names := []string{"www.example.com", "www.wikipedia.org", "www.python.org", "www.example.org", "www.kernel.org"}
	for i := 0; from < to; i++ {
		s := Web
		s.Classical = i%2 == 1
		w.Open(from, names[i%len(names)], s, page()...)
		from += every
	}
}

// OthersWork plans that everybody but those named is well: what a finding is
// compared with. names are whatsapp, telegram, signal, max.
func (w *World) OthersWork(at time.Duration, but ...string) {
	works := []struct {
		name string
		plan func(time.Duration)
	}{{"whatsapp", w.WhatsAppWorks}, {"telegram", w.TelegramWorks}, {"signal", w.SignalWorks}, {"max", w.MaxWorks}}
next:
	for i, s := range works {
		for _, b := range but {
			if b == s.name {
				continue next
			}
		}
		s.plan(at + time.Duration(i)*150*time.Millisecond)
	}
}
