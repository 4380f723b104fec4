package scenes

import (
	"net/netip"
	"time"

	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/lab/peer/call"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/site"
)

// captures are harmless traffic, captured in ways that make it look otherwise.
func captures() []*lab.Scenario { return nil }

// idleChat is a messenger that is open and says little.
func idleChat() []talk.Turn { return talk.Chat(4, 1700*time.Millisecond) }

// bigPage is a page with what belongs to it.
func bigPage() []talk.Turn { return talk.Page() }

// everyday is a home that is well: chats, pages, a call, downloads, a public
// resolver, 1 % of loss toward it, and the resets that servers and clients make.
func everyday(w *lab.World) {
	w.Keep = bulk
	w.Resolver = netip.AddrPortFrom(netip.MustParseAddr(site.GoogleDNS), 53)
	w.Far[box.Down].Loss = 0.01
	w.OthersWork(300 * time.Millisecond)
	w.Surf(100*time.Millisecond, 5*time.Second, 900*time.Millisecond)
	w.Open(600*time.Millisecond, "www.example.com", lab.Web, talk.Download(700_000))
	w.OpenAt(800*time.Millisecond, site.TGMedia, 443, talk.MTProto{}, talk.Download(500_000))
	w.Open(400*time.Millisecond, "gateway.discord.gg", lab.Web, idleChat()...)
	w.Call(1500*time.Millisecond, site.WARelay, 3478, call.Call{Kind: call.WhatsApp, For: 3500 * time.Millisecond, Up: call.Voice, Down: call.Voice})
	resets12(w)
}

// resets12 are ends by RST as any capture has them: servers with unread data, servers
// that linger not, clients that are killed or in haste.
func resets12(w *lab.World) {
	http1 := talk.TLS{ALPN: []string{"http/1.1"}}
	w.Open(1200*time.Millisecond, "cdn.discordapp.com", http1, talk.Download(40_000), talk.Turn{Ask: 200, Answer: 900, End: talk.Abort})
	w.Open(2100*time.Millisecond, "fd.oneme.ru", http1, talk.Download(60_000), talk.Turn{Ask: 200, Answer: 900, End: talk.Linger})
	w.Open(2600*time.Millisecond, "mmg.whatsapp.net", http1, talk.Turn{Ask: 200, Answer: 30_000, End: talk.Linger})
	w.OpenAt(3100*time.Millisecond, site.TGChatMedia, 443, talk.MTProto{}, talk.Download(30_000), talk.Turn{Ask: 100, Answer: 200, End: talk.Linger})
	hasty, killed := w.Talk, w.Talk
	hasty.Leave, killed.Leave = talk.Hasty, talk.Kill
	w.OpenWith(hasty, 1700*time.Millisecond, "www.example.org", http1, talk.Download(80_000))
	w.OpenWith(killed, 2900*time.Millisecond, "www.python.org", http1, talk.Download(50_000))
}
