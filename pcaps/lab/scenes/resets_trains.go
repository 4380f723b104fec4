package scenes

import (
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/lab/policy"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/truth"
)

// resetTrains are several resets whose numbers no host would choose.
func resetTrains() []*lab.Scenario {
	return []*lab.Scenario{resetTrainGFW(), resetSandvine(), resetZero(), resetTSPUTrain()}
}

// mayAtServer is what the server's recording may be said to show of the other half
// of an attack.
func mayAtServer(service string) truth.Limit {
	return truth.Limit{Kinds: []finding.Kind{finding.ResetInjected}, Service: service, AtMost: finding.Confirmed, Files: []string{"server.pcapng"},
		Why: "the server got forged resets too"}
}

// resetTrainGFW is the three resets of 2006 (Clayton et al.), to both sides: the
// later ones are for those who got further meanwhile.
func resetTrainGFW() *lab.Scenario {
	t := onBothTaps(ended("whatsapp", finding.Confirmed,
		"a hello for WhatsApp draws three RST toward either side, at the next sequence number, 1460 and 4380 beyond"))
	t.Finds[0].Files = []string{"client.pcapng", "server.pcapng"}
	return &lab.Scenario{
		Name: "reset-train-gfw", Cases: []string{"F3"}, Lasts: 6 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			w.Rule("three resets", helloTo(whatsAppNames...), policy.GFWTrain())
			persists(w, lab.Web, "web.whatsapp.com", "mmg.whatsapp.net")
			lively(w, "whatsapp")
		},
	}
}

// secondQuestion is what a client asks once the server has spoken: the server's
// IPIDs count by then.
func secondQuestion(addrs ...string) box.Match {
	return policy.Once(policy.All(policy.To(addrs...), policy.Dir(box.Up), policy.Payload(1), policy.AfterBytes(80, box.Down)))
}

// resetSandvine is the pair that Comcast's subscribers got in 2007 (Weaver et al.),
// here in the middle of Telegram's chats.
func resetSandvine() *lab.Scenario {
	t := onBothTaps(ended("telegram", finding.Confirmed,
		"the second question to Telegram draws a pair of RST toward either side, the second 12503 beyond the first, IPIDs 4 and 5 after the sender's last"))
	t.May = append(t.May, mayAtServer("telegram"))
	return &lab.Scenario{
		Name: "reset-sandvine", Cases: []string{"F4"}, Lasts: 7 * time.Second, Truth: notAll("telegram", t),
		Play: func(w *lab.World) {
			w.Rule("pair of resets", secondQuestion(telegramAddrs...), policy.Sandvine())
			tries(4, 300*time.Millisecond, 1400*time.Millisecond, func(at time.Duration) {
				w.OpenAt(at, site.TGChat, 443, talk.MTProto{}, talk.Chat(3, 250*time.Millisecond)...)
				w.OpenAt(at+400*time.Millisecond, site.TGMedia, 443, talk.MTProto{}, parts(3, 20_000)...)
			})
			lively(w, "telegram")
		},
	}
}

// resetZero is Cloudflare's RST;RST0: the second of a pair acknowledges nothing.
func resetZero() *lab.Scenario {
	return resetStory("reset-then-zero", "R5", "whatsapp", whatsAppNames, policy.RSTThenZero(), webWhatsApp,
		"a hello for WhatsApp draws two RST,ACK toward the client, the second with acknowledgement number 0")
}

// resetTSPUTrain has the hello swallowed, and at the time the answer is due, a whole
// flight of the server's as RST,ACKs: twice at its first byte, then 1460, 2920 and
// 3437 further. TTL and IPIDs are the server's.
func resetTSPUTrain() *lab.Scenario {
	return &lab.Scenario{
		Name: "reset-train-tspu", Cases: []string{"F6"}, Lasts: 6 * time.Second,
		Truth: ended("signal", finding.Confirmed,
			"a hello for Signal is swallowed; 33 ms later come five RST,ACK that continue the server's TTL and IPID, at the sequence numbers of a flight"),
		Play: func(w *lab.World) {
			w.Rule("flight of resets", helloTo(signalNames...), policy.TSPUTrain(31*time.Millisecond))
			persists(w, classical, "chat.signal.org", "cdn2.signal.org")
			lively(w, "signal")
		},
	}
}
