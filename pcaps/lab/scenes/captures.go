package scenes

import (
	"net/netip"
	"slices"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/lab/peer/call"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/truth"
	"chokepoint/pcaps/vary"
)

// captures are recordings taken in ways that make traffic look otherwise: most are
// of a home that is well.
func captures() []*lab.Scenario {
	return slices.Concat(capturesLossy(), capturesPlaces(), capturesInterfered())
}

// asEthernet is a recording changed by faults that leave its interface as it was.
func asEthernet(faults ...vary.Fault) lab.Remake {
	return func(_ string, packets []capture.Packet, ifs []capture.Interface) ([]capture.Packet, []capture.Interface) {
		return vary.Apply(packets, faults...), ifs
	}
}

// fromClient reports whether a decoded packet is the client's.
func fromClient(p *capture.Packet) bool { return p.Key.SrcAddr() == lab.ClientAddr }

// unsure is what may be said of a service of which a capture does not tell enough.
var unsure = []string{"ok", "inconclusive", "unseen"}

// wellButCaptured is an everyday home in a recording that was taken in a way.
func wellButCaptured(name string, cases []string, how, why string, atMost finding.Verdict, remake lab.Remake, statuses ...string) *lab.Scenario {
	return &lab.Scenario{
		Name: name, Cases: cases, Lasts: 7 * time.Second, Play: everyday, Remake: remake,
		Truth: truth.Truth{
			What: "chats, pages, downloads, a call, ordinary resets, 1 % random loss: all is well; " + how, Where: "nowhere",
			Vantage: clientTap(), Services: each(statuses...), Ceilings: []truth.Limit{{Kinds: accusing, AtMost: atMost, Why: why}},
		},
	}
}

// each has the same statuses be right of every messenger; none is ok.
func each(statuses ...string) map[string][]string {
	if len(statuses) == 0 {
		return allBut("")
	}
	out := map[string][]string{}
	for _, m := range messengers {
		out[m] = statuses
	}
	return out
}

// accusing are the kinds that accuse somebody.
var accusing = []finding.Kind{
	finding.ResetInjected, finding.PayloadInjected, finding.DropConnect, finding.DropHello, finding.DropMidflow, finding.DropQUIC,
	finding.DropCall, finding.RatePoliced, finding.RateShaped, finding.RateDifferential, finding.RateShift, finding.DNSDenied,
	finding.DNSForged, finding.DNSUnanswered, finding.CallDegraded, finding.HostAllowlist,
}

// idleChat is a messenger that is open and says little.
func idleChat() []talk.Turn { return talk.Chat(4, 1700*time.Millisecond) }

// bigPage is a page with what belongs to it.
func bigPage() []talk.Turn { return talk.Page() }

// http11 is TLS to servers that end a connection in the middle.
var http11 = talk.TLS{ALPN: []string{"http/1.1"}}

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
	resetsOfADay(w)
}

// resetsOfADay are ends by RST as any capture has them: of servers with unread data,
// of servers that do not linger, of clients that are killed or in haste.
func resetsOfADay(w *lab.World) {
	w.Open(1200*time.Millisecond, "cdn.discordapp.com", http11, talk.Download(40_000), talk.Turn{Ask: 200, Answer: 900, End: talk.Abort})
	w.Open(2100*time.Millisecond, "fd.oneme.ru", http11, talk.Download(60_000), talk.Turn{Ask: 200, Answer: 900, End: talk.Linger})
	w.Open(2600*time.Millisecond, "mmg.whatsapp.net", http11, talk.Turn{Ask: 200, Answer: 30_000, End: talk.Linger})
	w.OpenAt(3100*time.Millisecond, site.TGChatMedia, 443, talk.MTProto{}, talk.Download(30_000), talk.Turn{Ask: 100, Answer: 200, End: talk.Linger})
	hasty, killed := w.Talk, w.Talk
	hasty.Leave, killed.Leave = talk.Hasty, talk.Kill
	w.OpenWith(hasty, 1700*time.Millisecond, "www.example.org", http11, talk.Download(80_000))
	w.OpenWith(killed, 2900*time.Millisecond, "www.python.org", http11, talk.Download(50_000))
}
