package scenes

import (
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/lab/policy"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/truth"
	"chokepoint/pcaps/vary"
)

// capturesInterfered are interference in recordings that show less of it.
func capturesInterfered() []*lab.Scenario {
	return []*lab.Scenario{raceAtGateway(), raceOnPhone(), raceAtSpan(), policedMerged(), helloFiltered(), helloMidstream()}
}

// raced is reset-race in another recording.
func raced(name, line, how string, atLeast finding.Verdict, remake lab.Remake) *lab.Scenario {
	s := resetRace()
	s.Name, s.Cases, s.Remake = name, []string{"F2", line}, remake
	s.Truth.What += "; " + how
	s.Truth.Vantage = clientTap()
	s.Truth.Finds[0].AtLeast = atLeast
	return s
}

// raceAtGateway: what lies between the router and the forger's answer is still
// shorter than the way to the server.
func raceAtGateway() *lab.Scenario {
	return placed(raced("capture-gateway-race", "B40", "tcpdump -i any on the home's router", finding.Confirmed, gatewayMade), "gateway")
}

// raceOnPhone: the app's stack answers hellos itself, so nothing is impossible any
// more; that one service is reset after each hello while others are not, is left.
func raceOnPhone() *lab.Scenario {
	s := raced("capture-phone-race", "B39", "captured by an app as the phone's VPN", finding.Suspected, phoneMade)
	s.Truth.Services["whatsapp"] = []string{"blocked", "failing", "inconclusive"}
	return s
}

// raceAtSpan has each packet twice, the forged ones too.
func raceAtSpan() *lab.Scenario {
	return placed(raced("capture-span-race", "B44", "a span port sees every packet again with TTL one lower", finding.Confirmed,
		asEthernet(vary.Copied(vary.Copy{After: 300_000, Hops: 1}))), "span")
}

// policedMerged is a policer's work behind a card that merges segments.
func policedMerged() *lab.Scenario {
	const rate, burst = 1.5e6, 100_000
	t := held("whatsapp", finding.RatePoliced, rate, burst, "WhatsApp's files pass a policer of 1.5 Mbit/s; the client's card merges segments into large frames")
	t.Vantage, t.Finds[0].Files, t.May[0].Files = clientTap(), nil, nil
	return &lab.Scenario{
		Name: "capture-gro-policed", Cases: []string{"P2", "B16"}, Lasts: 12 * time.Second, Truth: t, Remake: asEthernet(vary.Coalesced(coalesceGap), vary.Snap(96)),
		Play: func(w *lab.World) {
			w.Rule("police WhatsApp files", policy.To(site.WAMedia), &policy.Police{Rate: rate, Burst: burst})
			control(w, "whatsapp")
			w.Noise(600*time.Millisecond, "g.whatsapp.net", talk.Chat(4, 1500*time.Millisecond)...)
			w.Open(300*time.Millisecond, "mmg.whatsapp.net", lab.Web, parts(4, 450_000)...)
		},
	}
}

// dropped plays hellos for WhatsApp that never arrive, four of them to two servers.
func dropped(w *lab.World) {
	w.Rule("drop hellos", policy.Sticky(policy.All(policy.SNI(".whatsapp.com", ".whatsapp.net"), policy.Hello)), policy.Drop{})
	w.Talk.Timeout = 9 * time.Second
	for i, name := range []string{"web.whatsapp.com", "mmg.whatsapp.net", "web.whatsapp.com", "mmg.whatsapp.net"} {
		w.Open(time.Duration(400+300*i)*time.Millisecond, name, talk.TLS{ALPN: []string{"h2"}, Classical: true})
	}
	everybodyBut(w)
}

// everybodyBut are the others, chatting.
func everybodyBut(w *lab.World) {
	w.OthersWork(500*time.Millisecond, "whatsapp")
	w.Surf(100*time.Millisecond, 8*time.Second, 1300*time.Millisecond)
}

// helloFiltered is a capture of the two servers alone: nothing else in it works, so
// it might be they who are down.
func helloFiltered() *lab.Scenario {
	return &lab.Scenario{
		Name: "capture-filter-hello-drop", Cases: []string{"F12", "B43"}, Lasts: 10 * time.Second, Play: dropped, Remake: onlyOf(site.WAWeb, site.WAMedia),
		Truth: truth.Truth{
			What: "hellos for WhatsApp are dropped and all that follows on their flows; recorded with a filter for two servers", Where: onePath,
			Vantage: clientTap(), Services: map[string][]string{"whatsapp": {"blocked", "failing", "inconclusive"}},
			Finds:    []truth.Must{{Kinds: []finding.Kind{finding.DropHello}, Service: "whatsapp", AtLeast: finding.Inconclusive}},
			Ceilings: []truth.Limit{{AtMost: finding.Suspected, Why: "nothing else in the capture works"}},
		},
	}
}

// helloMidstream begins the capture when all four hellos had been sent twice: the
// handshakes are not in it.
func helloMidstream() *lab.Scenario {
	return &lab.Scenario{
		Name: "capture-late-hello-drop", Cases: []string{"F12", "B15"}, Lasts: 10 * time.Second, Play: dropped, Remake: asEthernet(vary.Within(int64(1900*time.Millisecond), int64(time.Hour))),
		Truth: truth.Truth{
			What: "hellos for WhatsApp are dropped and all that follows on their flows; the capture begins after their handshakes", Where: onePath,
			Vantage: clientTap(), Services: map[string][]string{"whatsapp": {"blocked", "failing", "inconclusive"}, "telegram": {"ok"}, "signal": {"ok", "inconclusive"}},
			Finds:    []truth.Must{{Kinds: []finding.Kind{finding.DropHello, finding.DropMidflow}, Service: "whatsapp", AtLeast: finding.Inconclusive}},
			Ceilings: []truth.Limit{{Kinds: []finding.Kind{finding.DropHello, finding.DropMidflow}, AtMost: finding.Likely, Why: "the handshakes were not seen"}},
		},
	}
}
