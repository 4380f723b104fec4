package scenes

import (
	"crypto/tls"
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/lab/peer/quicpeer"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/lab/policy"
	"chokepoint/pcaps/site"
)

// resetRaces are boxes that only add a packet and are faster than the server.
func resetRaces() []*lab.Scenario {
	return []*lab.Scenario{
		resetRaceSplit(), resetRaceOld(), resetRaceV6(), resetRaceQUIC(), resetRaceNoise(), resetRaceMTProto(),
		resetGFWOnSYN(), resetHenan(), resetTajikistan(), resetBrunei(), resetBothSides(),
	}
}

// resetRaceSplit: a post-quantum hello takes two segments, and the box puts them
// together. What the reset acknowledges ends with the second one.
func resetRaceSplit() *lab.Scenario {
	return &lab.Scenario{
		Name: "reset-race-split-hello", Cases: []string{"F2"}, Lasts: 5 * time.Second,
		Truth: ended("signal", finding.Confirmed, "the second segment of a hello for Signal draws one RST,ACK toward the client, 0.3 ms later"),
		Play: func(w *lab.World) {
			w.Rule("reset after whole hello", helloTo(signalNames...), policy.Race(300*time.Microsecond))
			persists(w, lab.Native, "chat.signal.org", "cdn2.signal.org")
			lively(w, "signal")
		},
	}
}

// resetRaceOld: TLS 1.2 in one small segment, and a box that takes its time: 9 ms
// are still less than half of the way.
func resetRaceOld() *lab.Scenario {
	return &lab.Scenario{
		Name: "reset-race-slow-box", Cases: []string{"F2"}, Lasts: 5 * time.Second,
		Truth: ended("telegram", finding.Confirmed, "a TLS 1.2 hello for Telegram's web draws one RST,ACK toward the client, 9 ms later"),
		Play: func(w *lab.World) {
			w.Rule("late reset", policy.Any(helloTo(telegramNames...), policy.All(policy.To(site.TGChat, site.TGMedia), policy.FirstPayload)),
				policy.Race(9*time.Millisecond))
			persists(w, talk.TLS{ALPN: lab.Web.ALPN, Classical: true, Version: tls.VersionTLS12}, "web.telegram.org")
			tries(2, 700*time.Millisecond, 1700*time.Millisecond, func(at time.Duration) { w.TelegramWorks(at) })
			lively(w, "telegram")
		},
	}
}

// resetRaceV6 is reset-race in IPv6: a hop limit instead of a TTL, no IPID at all.
func resetRaceV6() *lab.Scenario {
	return &lab.Scenario{
		Name: "reset-race-v6", Cases: []string{"F25", "F2"}, Lasts: 6 * time.Second,
		Truth: ended("whatsapp", finding.Confirmed, "over IPv6 a hello for WhatsApp draws one RST,ACK toward the client"),
		Play: func(w *lab.World) {
			w.V6 = true
			w.Rule("reset after hello", helloTo(whatsAppNames...), policy.Race(400*time.Microsecond))
			persists(w, lab.Web, "web.whatsapp.com", "mmg.whatsapp.net")
			w.Surf(0, 5*time.Second, 900*time.Millisecond)
			w.SignalWorks(400 * time.Millisecond)
			w.MaxWorks(800 * time.Millisecond)
			w.TelegramWorks(600 * time.Millisecond)
		},
	}
}

// resetRaceQUIC: the box reads hellos in TCP only; the same name at the same
// address works over QUIC.
func resetRaceQUIC() *lab.Scenario {
	return &lab.Scenario{
		Name: "reset-race-quic-untouched", Cases: []string{"F2"}, Lasts: 6 * time.Second,
		Truth: notAll("whatsapp", ended("whatsapp", finding.Confirmed,
			"a hello for WhatsApp over TCP draws one RST,ACK toward the client; QUIC to the same names and addresses passes")),
		Play: func(w *lab.World) {
			w.Rule("reset after hello", policy.All(policy.TCP, helloTo(whatsAppNames...)), policy.Race(300*time.Microsecond))
			persists(w, lab.Web, "web.whatsapp.com", "mmg.whatsapp.net")
			for i, a := range []string{site.WAWeb, site.WAMedia} {
				name := []string{"web.whatsapp.com", "mmg.whatsapp.net"}[i]
				tries(2, time.Second, 1800*time.Millisecond, func(at time.Duration) {
					w.QUIC(at, a, quicpeer.Options{SNI: name}, quicpeer.Turn{Ask: 300, Answer: 40_000})
				})
			}
			lively(w, "whatsapp")
		},
	}
}

// resetRaceNoise: no name is spoken in WhatsApp's own protocol; the box knows the
// address and waits for the first payload.
func resetRaceNoise() *lab.Scenario {
	return &lab.Scenario{
		Name: "reset-race-noise", Cases: []string{"F2"}, Lasts: 6 * time.Second,
		Truth: notAll("whatsapp", ended("whatsapp", finding.Confirmed,
			"the first payload of WhatsApp's chat protocol draws one RST,ACK toward the client; photos over TLS pass")),
		Play: func(w *lab.World) {
			w.Rule("reset after first payload", policy.All(policy.To(site.WAChat, site.WAChat2), policy.FirstPayload), policy.Race(300*time.Microsecond))
			tries(4, 300*time.Millisecond, 1200*time.Millisecond, func(at time.Duration) {
				w.Noise(at, "g.whatsapp.net", talk.Chat(2, 300*time.Millisecond)...)
				w.Noise(at+500*time.Millisecond, "e2.whatsapp.net", talk.Chat(2, 300*time.Millisecond)...)
			})
			w.Open(900*time.Millisecond, "mmg.whatsapp.net", lab.Web, talk.Download(90_000))
			lively(w, "whatsapp")
		},
	}
}

// resetRaceMTProto: the obfuscated protocol of Telegram, known by its addresses.
// The injector is of the kind that makes a mixture (R5).
func resetRaceMTProto() *lab.Scenario {
	return &lab.Scenario{
		Name: "reset-mix-mtproto", Cases: []string{"F2", "R5"}, Lasts: 6 * time.Second,
		Truth: ended("telegram", finding.Confirmed,
			"the first payload to Telegram's data centres draws a RST and three RST,ACK with TTLs and windows of their own toward the client"),
		Play: func(w *lab.World) {
			w.Rule("two kinds of injectors", policy.All(policy.To(telegramAddrs...), policy.FirstPayload), policy.GFWMix())
			tries(3, 300*time.Millisecond, 1500*time.Millisecond, w.TelegramWorks)
			lively(w, "telegram")
		},
	}
}

// resetGFWOnSYN is net4people/bbs #285: resets in answer to a SYN to a server 120 ms
// away, and again when its real SYN/ACK passes.
func resetGFWOnSYN() *lab.Scenario {
	return &lab.Scenario{
		Name: "reset-gfw-on-syn", Cases: []string{"F1"}, Lasts: 7 * time.Second,
		Truth: ended("signal", finding.Confirmed,
			"a SYN to Signal draws three RST,ACK with TTL and window in lockstep, 2 ms later, and so does the SYN/ACK that comes 240 ms later"),
		Play: func(w *lab.World) {
			for _, a := range signalAddrs {
				farther(w, a, 105*time.Millisecond)
			}
			w.Rule("after the SYN", policy.All(policy.To(signalAddrs...), policy.SYN), policy.GFWOnSYN())
			w.Rule("after the SYN/ACK", policy.All(policy.To(signalAddrs...), policy.SYNACK), policy.GFWOnSYNACK())
			persists(w, lab.Native, "chat.signal.org", "cdn2.signal.org")
			lively(w, "signal")
		},
	}
}

// resetStory is one injector that answers hellos for names.
func resetStory(name, line, service string, names []string, do box.Action, t func() []string, what string) *lab.Scenario {
	return &lab.Scenario{
		Name: name, Cases: []string{line}, Lasts: 5 * time.Second,
		Truth: ended(service, finding.Confirmed, what),
		Play: func(w *lab.World) {
			w.Rule(name[len("reset-"):], helloTo(names...), do)
			persists(w, classical, t()...)
			lively(w, service)
		},
	}
}

// resetHenan is the provincial firewall of Henan (XTLS #2426): its resets carry ten
// bytes.
func resetHenan() *lab.Scenario {
	return resetStory("reset-henan", "F10", "whatsapp", whatsAppNames, policy.Henan(), webWhatsApp,
		"a hello for WhatsApp draws a RST,ACK with ten bytes of payload, IPID 1, toward the client")
}

// resetTajikistan: 22 bytes that are zero.
func resetTajikistan() *lab.Scenario {
	return resetStory("reset-tajikistan", "F10", "signal", signalNames, policy.Tajikistan(),
		func() []string { return []string{"chat.signal.org", "cdn2.signal.org"} },
		"a hello for Signal draws a RST,ACK with 22 zero bytes of payload toward the client")
}

// resetBrunei: a RST without ACK that has the hello's own IPID.
func resetBrunei() *lab.Scenario {
	s := resetStory("reset-brunei", "R6", "whatsapp", whatsAppNames, policy.Brunei(), webWhatsApp,
		"a hello for WhatsApp draws a RST with the hello's own IPID toward the client, 40 ms before the server can answer")
	s.Truth.Finds[0].AtLeast = finding.Likely
	return s
}

func webWhatsApp() []string { return []string{"web.whatsapp.com", "mmg.whatsapp.net"} }

// resetBothSides is a firewall that ends both halves, as corporate ones and the TSPU
// with "send RST" do: neither host sent what the other got.
func resetBothSides() *lab.Scenario {
	t := onBothTaps(ended("telegram", finding.Confirmed, "a hello or first payload to Telegram draws one well-made RST,ACK toward either side"))
	t.Finds[0].Files = []string{"client.pcapng"}
	t.May = append(t.May, mayAtServer("telegram"))
	return &lab.Scenario{
		Name: "reset-both-sides", Cases: []string{"F2", "R11"}, Lasts: 6 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			w.Rule("reset to both sides", policy.Any(helloTo(telegramNames...), policy.All(policy.To(site.TGChat, site.TGMedia), policy.FirstPayload)),
				policy.Corporate())
			persists(w, lab.Web, "web.telegram.org")
			tries(3, 500*time.Millisecond, 1500*time.Millisecond, w.TelegramWorks)
			lively(w, "telegram")
		},
	}
}
