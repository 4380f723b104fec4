package scenes

import (
	"slices"
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/lab/policy"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/truth"
)

// resetMidflow are resets of connections that were at work.
func resetMidflow() []*lab.Scenario {
	return []*lab.Scenario{resetBehind(), resetInWindow(), injectedFIN()}
}

// survived is the truth of resets that the client's kernel did not believe.
func survived(service string, least finding.Verdict, what string) truth.Truth {
	t := ended(service, least, what)
	t.Services = allBut(service, "ok", "degraded")
	return t
}

// pieces is a file that the server has only piece by piece: it goes on speaking
// after whatever was said in its name.
func pieces(n, size int, every time.Duration) talk.Turn {
	t := talk.Download(n * size)
	t.Pace = talk.Pace{Piece: size, Every: every}
	return t
}

// breath is when the client of a flow has acknowledged all that the server said, and
// that is so many bytes or more: the server says nothing more for a while. Once.
func breath(bytes uint64, of box.Match) box.Match {
	return policy.Once(policy.All(of, policy.TCP, policy.Dir(box.Up), func(p *box.Packet) bool {
		return p.Flow != nil && p.Flow.Side[box.Down].Bytes >= bytes && p.Ack == p.Flow.Side[box.Down].Next
	}))
}

// blind is a RST somewhere in the client's window of 60 kB and more, well beyond
// what arrives meanwhile.
func blind() *policy.Reset {
	seq := func(s *policy.Sight) uint32 { return policy.SeqNext(s) + 16_000 + s.Box.Rand.Uint32N(12_000) }
	return &policy.Reset{Shots: []policy.Shot{{Flags: policy.RST, Seq: seq}}}
}

// resetBehind: the box sends the first sequence number of the connection when much
// more has been delivered; the server goes on.
func resetBehind() *lab.Scenario {
	return &lab.Scenario{
		Name: "reset-behind", Cases: []string{"F5"}, Lasts: 6 * time.Second,
		Truth: survived("whatsapp", finding.Likely,
			"in the middle of a download a RST in WhatsApp's name has the first sequence number of the connection; data go on 300 ms later"),
		Play: func(w *lab.World) {
			w.Rule("stale reset", breath(12_000, policy.SNI(whatsAppNames...)), policy.Behind())
			for i, n := range []string{"web.whatsapp.com", "mmg.whatsapp.net", "mmg.whatsapp.net"} {
				w.Open(time.Duration(300+700*i)*time.Millisecond, n, lab.Native, pieces(8, 2920, 300*time.Millisecond))
			}
			w.Noise(500*time.Millisecond, "g.whatsapp.net", talk.Chat(4, 700*time.Millisecond)...)
			lively(w, "whatsapp")
		},
	}
}

// resetInWindow: the number is in the window, but not the next one: the client asks
// back (challenge ACK), and the server goes on with ordinary data.
func resetInWindow() *lab.Scenario {
	return &lab.Scenario{
		Name: "reset-in-window", Cases: []string{"F9"}, Lasts: 6 * time.Second,
		Truth: survived("signal", finding.Confirmed,
			"in the middle of a download a RST in Signal's name falls into the window but not on the next byte; the client challenges it and data go on"),
		Play: func(w *lab.World) {
			w.Rule("blind reset", breath(12_000, policy.SNI(signalNames...)), blind())
			for i, n := range []string{"cdn2.signal.org", "cdn.signal.org", "cdn2.signal.org"} {
				w.Open(time.Duration(300+700*i)*time.Millisecond, n, lab.Native, pieces(8, 4000, 250*time.Millisecond))
			}
			w.Open(400*time.Millisecond, "chat.signal.org", lab.Native, talk.Chat(4, 700*time.Millisecond)...)
			lively(w, "signal")
		},
	}
}

// injectedFIN ends downloads politely, in the server's name, who knows nothing of it
// and goes on beyond the end (R12).
func injectedFIN() *lab.Scenario {
	t := notAll("telegram", onBothTaps(ended("telegram", finding.Likely,
		"in the middle of a file a FIN comes in Telegram's name; the server's own data go on beyond it")), "failing")
	t.Finds[0].Kinds = []finding.Kind{finding.ResetInjected, finding.PayloadInjected}
	return &lab.Scenario{
		Name: "reset-by-fin", Cases: []string{"R12"}, Lasts: 6 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			w.Rule("FIN", breath(10_000, policy.To(site.TGMedia, site.TGWeb)), policy.InjectedFIN())
			file := slices.Repeat([]talk.Turn{pieces(8, 2800, 120*time.Millisecond)}, 2)
			tries(3, 300*time.Millisecond, 1200*time.Millisecond, func(at time.Duration) {
				w.OpenAt(at, site.TGMedia, 443, talk.MTProto{}, file...)
				w.Open(at+300*time.Millisecond, "web.telegram.org", lab.Native, file...)
			})
			w.OpenAt(500*time.Millisecond, site.TGChat, 443, talk.MTProto{}, talk.Chat(4, 700*time.Millisecond)...)
			lively(w, "telegram")
		},
	}
}
