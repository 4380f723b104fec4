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

// resetRewrites are a server's own packets that became resets on the way, as the
// TSPU does: TTL, IPID and time of arrival are right.
func resetRewrites() []*lab.Scenario {
	return []*lab.Scenario{rewriteTrain(), rewriteTrainV6(), rewriteAckBeyond(), rewriteAckISN(), rewriteSYNACK()}
}

// unheardServer is what a server's recording shows of a rewrite: what it says is
// never acknowledged.
func unheardServer(service string) truth.Limit {
	return truth.Limit{Kinds: silences, Service: service, AtMost: finding.Likely, Files: []string{"server.pcapng"},
		Why: "nothing that the server says after the hello arrives as it was"}
}

// rewritten adds the rule that all that a server says after a hello with one of the
// names comes as RST,ACK.
func rewritten(w *lab.World, names ...string) {
	w.Rule("rewrite the server's flight", policy.All(policy.SNI(names...), policy.Dir(box.Down)), &policy.Rewrite{})
}

// rewriteTrain is the TSPU's SNI-I as both ends see it: the client a train of
// resets that steps by the sizes of the server's segments, the server a client
// that has gone silent.
func rewriteTrain() *lab.Scenario {
	t := onBothTaps(ended("whatsapp", finding.Confirmed,
		"every packet of the server after a hello for WhatsApp becomes a RST,ACK in place: payload cut off, everything else kept"))
	t.May = append(t.May, unheardServer("whatsapp"))
	return &lab.Scenario{
		Name: "reset-rewrite-train", Cases: []string{"F6"}, Lasts: 7 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			rewritten(w, whatsAppNames...)
			persists(w, lab.Web, "web.whatsapp.com", "mmg.whatsapp.net")
			lively(w, "whatsapp")
		},
	}
}

// rewriteTrainV6 is the same in IPv6, where there is no IPID to look at.
func rewriteTrainV6() *lab.Scenario {
	return &lab.Scenario{
		Name: "reset-rewrite-train-v6", Cases: []string{"F25", "F6"}, Lasts: 7 * time.Second,
		Truth: ended("signal", finding.Confirmed, "over IPv6 every packet of the server after a hello for Signal becomes a RST,ACK in place"),
		Play: func(w *lab.World) {
			w.V6 = true
			rewritten(w, signalNames...)
			persists(w, lab.Web, "chat.signal.org", "cdn2.signal.org")
			lively(w, "signal")
		},
	}
}

// rewrittenOnce has the server's first packet after a hello become a RST,ACK, and
// no other arrive. What the client then says is dropped too.
func rewrittenOnce(w *lab.World, do *policy.Rewrite, names ...string) {
	first := policy.Once(policy.All(policy.SNI(names...), policy.Dir(box.Down)))
	w.Rule("rewrite one packet", first, do)
	w.Rule("drop what follows", policy.Following(policy.All(policy.SNI(names...), policy.Dir(box.Down))), policy.Drop{})
}

// neighbours opens other names on addresses of a service: they share its servers.
func neighbours(w *lab.World, s talk.TLS, addrs ...string) {
	for k, a := range addrs {
		for i, name := range []string{"www.example.com", "www.wikipedia.org", "www.python.org"} {
			s.SNI = name
			w.OpenAt(time.Duration(600+1300*i+250*k)*time.Millisecond, a, 443, s, talk.Page()...)
		}
	}
}

// rewriteAckBeyond: a single reset when the ServerHello is due, which acknowledges
// more than was ever said. Other names on the same addresses are well.
func rewriteAckBeyond() *lab.Scenario {
	return &lab.Scenario{
		Name: "reset-rewrite-ack-beyond", Cases: []string{"F7"}, Lasts: 6 * time.Second,
		Truth: ended("signal", finding.Likely,
			"the server's first packet after a hello for Signal becomes a RST,ACK that acknowledges 1 to 1400 bytes too much; what follows is dropped"),
		Play: func(w *lab.World) {
			beyond := func(s *policy.Sight) uint32 { return policy.AckBeyond(1 + s.Box.Rand.Uint32N(1400))(s) }
			rewrittenOnce(w, &policy.Rewrite{Ack: beyond}, signalNames...)
			persists(w, classical, "chat.signal.org", "cdn2.signal.org")
			neighbours(w, classical, site.SignalChat, site.SignalFiles)
			lively(w, "signal")
		},
	}
}

// rewriteAckISN is the same with too little acknowledged: a server that accepts and
// aborts at once looks alike, but for the other names on its address.
func rewriteAckISN() *lab.Scenario {
	t := ended("telegram", finding.Suspected,
		"the server's first packet after a hello for Telegram's web becomes a RST,ACK that acknowledges the SYN alone; what follows is dropped")
	return &lab.Scenario{
		Name: "reset-rewrite-ack-syn", Cases: []string{"F7"}, Lasts: 6 * time.Second,
		Truth: notAll("telegram", t, "failing", "inconclusive", "ok"),
		Play: func(w *lab.World) {
			rewrittenOnce(w, &policy.Rewrite{Ack: policy.AckISN(1)}, telegramNames...)
			persists(w, classical, "web.telegram.org")
			neighbours(w, classical, site.TGWeb)
			w.TelegramWorks(700 * time.Millisecond)
			lively(w, "telegram")
		},
	}
}

// rewriteSYNACK blocks addresses in the way that Russian users saw first (#106): the
// SYN/ACK becomes a RST,ACK, with a random sequence number and the options of a SYN.
func rewriteSYNACK() *lab.Scenario {
	t := onBothTaps(ended("telegram", finding.Likely,
		"the SYN/ACK of every Telegram server becomes a RST,ACK: sequence number, window and options stay"))
	t.May = append(t.May, unheardServer("telegram"))
	t.May = append(t.May, truth.Limit{Kinds: []finding.Kind{finding.DropConnect}, Service: "telegram", AtMost: finding.Likely,
		Why: "no connection is ever made"})
	return &lab.Scenario{
		Name: "reset-rewrite-syn-ack", Cases: []string{"F8"}, Lasts: 7 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			w.Rule("rewrite the SYN/ACK", policy.All(policy.To(telegramAddrs...), policy.SYNACK), &policy.Rewrite{})
			tries(3, 300*time.Millisecond, 1600*time.Millisecond, func(at time.Duration) {
				w.TelegramWorks(at)
				w.Open(at+200*time.Millisecond, "web.telegram.org", lab.Web, talk.Page()...)
			})
			lively(w, "telegram")
		},
	}
}
