package story

import (
	"net/netip"
	"time"

	"chokepoint/pcaps/lab/script"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/synth"
)

// album is a download of several pieces of at most 512 kB that a client asks
// for together (core.telegram.org/api/files).
const album = 640 << 10

// twoParts are two requests over one connection with a pause between them.
func twoParts(n int, p synth.Pace) func(*synth.Sim) synth.Script {
	return script.MTProto(synth.Turn{Ask: 140, Answer: n, Pace: p}, synth.Turn{Ask: 140, Answer: n, Pace: p, Think: 2500 * time.Millisecond})
}

// telegramPoliced: what comes from Telegram's media servers passes a token
// bucket; the excess is dropped. Recorded at both ends.
func telegramPoliced() *world {
	w := newWorld("2026-11-20T07:40:02Z", 4)
	w.Record(site.TGMedia)
	w.Boxes = []synth.Stage{&synth.Policer{Sim: w.Sim, Rate: 1 * mbit, Burst: 100_000, Dir: synth.Down, Match: to(site.TGMedia)}}
	w.Direct(2*time.Second, site.TGChat, 443, 0, script.MTProto(script.Chats...))
	for i := range 2 {
		w.Direct(time.Duration(4+12*i)*time.Second, site.TGMedia, 443, 0, script.MTProto(synth.Turn{Ask: 140, Answer: album}))
	}
	w.MaxWorks(6 * time.Second)
	w.Open(15*time.Second, "fd.oneme.ru", script.Visit{Turns: script.Download(300_000)})
	w.WhatsAppWorks(9 * time.Second)
	w.Surf(3*time.Second, 20*time.Second, 12*time.Second)
	w.Run(34 * time.Second)
	return w
}

// telegramLossyPath: the way to Telegram's media servers loses 2 % of the
// packets at random: enough of them in each part for a detector to try its bucket
// on. Nothing interferes.
func telegramLossyPath() *world {
	w := newWorld("2026-11-19T20:15:40Z", 5)
	media := netip.MustParseAddr(site.TGMedia)
	w.Lossy[media] = 0.02
	w.Direct(2*time.Second, site.TGChat, 443, 0, script.MTProto(script.Chats...))
	w.Direct(4*time.Second, site.TGMedia, 443, 0, twoParts(1_150_000, synth.Pace{}))
	w.MaxWorks(6 * time.Second)
	w.WhatsAppWorks(9 * time.Second)
	w.Surf(3*time.Second, 20*time.Second, 12*time.Second)
	w.Run(30 * time.Second)
	return w
}

// telegramAppPaced: a Telegram server has only 1 Mbit/s to say: a live stream.
// The same rate as under the policer, but nothing is lost or delayed.
func telegramAppPaced() *world {
	w := newWorld("2026-11-12T12:05:00Z", 6)
	w.Direct(2*time.Second, site.TGChat, 443, 0, script.MTProto(script.Chats...))
	w.Direct(4*time.Second, site.TGMedia, 443, 0, twoParts(500_000, synth.Pace{Piece: 12_500, Every: 102 * time.Millisecond}))
	w.MaxWorks(6 * time.Second)
	w.WhatsAppWorks(9 * time.Second)
	w.Surf(3*time.Second, 20*time.Second, 12*time.Second)
	w.Run(32 * time.Second)
	return w
}
