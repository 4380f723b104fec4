package scenes

import (
	"net/netip"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/truth"
	"chokepoint/pcaps/vary"
)

// capturesPlaces are recordings taken elsewhere, or of what somebody chose.
func capturesPlaces() []*lab.Scenario {
	const no = finding.Unexplained
	return []*lab.Scenario{
		wellButCaptured("capture-gro-snap96", []string{"B16"}, "the card merges segments into large frames, 96 bytes of each are kept",
			"a frame is many segments", no, asEthernet(vary.Coalesced(coalesceGap), vary.Snap(96))),
		wellButCaptured("capture-gro", []string{"B16"}, "the card merges segments into large frames", "a frame is many segments", no, asEthernet(vary.Coalesced(coalesceGap))),
		captureOffload(), capturePhone(), captureGateway(),
		captureFilterAborts(), captureFilterSlow(),
		placed(wellButCaptured("capture-span", []string{"B44"}, "a span port sees every packet again 300 us later with its TTL one lower", "the second is a copy", no,
			asEthernet(vary.Copied(vary.Copy{After: 300_000, Hops: 1})), "ok", "inconclusive"), "span"),
		placed(wellButCaptured("capture-span-late", []string{"B44"}, "a span port sees every packet again 4 ms later with its TTL one lower", "the second is a copy", no,
			asEthernet(vary.Copied(vary.Copy{After: 4_000_000, Hops: 1})), "ok", "inconclusive"), "span"),
		placed(wellButCaptured("capture-span-same", []string{"B44"}, "a span port sees every packet twice, 20 us apart", "the second is a copy", no,
			asEthernet(vary.Copied(vary.Copy{After: 20_000})), "ok", "inconclusive"), "span"),
		wellButCaptured("capture-vlan-one-way", []string{"B44"}, "what servers sent carries a VLAN tag, what the client sent does not", "a tag is no other flow", no,
			asEthernet(vary.Some(func(p *capture.Packet) bool { return !fromClient(p) }, vary.Tagged(100)))),
	}
}

// coalesceGap is how long a card waits for the next segment, ns.
const coalesceGap = 2_000_000

// placed is a scenario whose recording was taken at another vantage.
func placed(s *lab.Scenario, vantage string) *lab.Scenario {
	s.Truth.Vantage = map[string]string{"client.pcapng": vantage}
	return s
}

// captureOffload is taken on a router that hands flows over to its network card after
// six packets: then nothing, until a FIN or RST comes far ahead.
func captureOffload() *lab.Scenario {
	return placed(wellButCaptured("capture-offload", []string{"B38"}, "the router shows six packets of a flow, then only what ends it",
		"the flow went on where the router's processor does not see it", finding.Inconclusive, asEthernet(vary.Offloaded(6)), unsure...), "gateway")
}

// phoneMade is what an app writes that captures as the phone's VPN.
func phoneMade(_ string, packets []capture.Packet, _ []capture.Interface) ([]capture.Packet, []capture.Interface) {
	return vary.Apply(packets, vary.Phone(fromClient)), []capture.Interface{{Name: "tun0", Link: capture.LinkRaw, Snaplen: 65535}}
}

// capturePhone has headers that an app made up: what arrives there came from its own
// stack, a moment after it was asked.
func capturePhone() *lab.Scenario {
	return wellButCaptured("capture-phone", []string{"B39"}, "an app on the phone captured as its VPN: raw IP, headers made up, TTL 64 on both sides",
		"the app's stack answers for the servers", finding.Unexplained, phoneMade)
}

// gatewayMade is tcpdump -i any on the home's router.
func gatewayMade(_ string, packets []capture.Packet, _ []capture.Interface) ([]capture.Packet, []capture.Interface) {
	g := vary.Gateway{Inside: lab.ClientAddr, Outside: netip.MustParseAddr("188.32.71.9"), Home: lab.RouterAddr, LAN: 4, WAN: 7, After: 45_000}
	return vary.Apply(packets, g.Fault()), []capture.Interface{{Name: "any", Link: capture.LinkSLL2, Snaplen: 262144}}
}

// captureGateway has each packet twice, before and after translation, on two
// interfaces.
func captureGateway() *lab.Scenario {
	return placed(wellButCaptured("capture-gateway-any", []string{"B40"}, "tcpdump -i any on the router that translates: each packet twice, with another address and TTL",
		"both are one packet", finding.Unexplained, gatewayMade), "gateway")
}

// onlyOf is a recording with a host filter.
func onlyOf(hosts ...string) lab.Remake {
	var addrs []netip.Addr
	filter := ""
	for _, h := range hosts {
		addrs = append(addrs, netip.MustParseAddr(h))
		filter += " or host " + h
	}
	return func(_ string, packets []capture.Packet, ifs []capture.Interface) ([]capture.Packet, []capture.Interface) {
		ifs[0].Filter = filter[len(" or "):]
		return vary.Apply(packets, vary.OnlyHosts(addrs...)), ifs
	}
}

// filtered is a recording of one server and nothing to compare it with.
func filtered(name, what string, host string, play func(*lab.World)) *lab.Scenario {
	return &lab.Scenario{
		Name: name, Cases: []string{"B43"}, Lasts: 8 * time.Second, Remake: onlyOf(host),
		Truth: truth.Truth{
			What: what + ", recorded with a host filter", Where: "nowhere", Vantage: clientTap(),
			Services: map[string][]string{"whatsapp": {"ok", "inconclusive", "failing", "degraded"}},
			Ceilings: []truth.Limit{{Kinds: accusing, AtMost: finding.Suspected, Why: "nothing in the capture to compare it with"}},
		},
		Play: func(w *lab.World) {
			everyday(w)
			play(w)
		},
	}
}

// captureFilterAborts: a server of WhatsApp is in trouble and aborts whatever it
// began.
func captureFilterAborts() *lab.Scenario {
	return filtered("capture-filter-aborts", "a server that is in trouble aborts each connection after some kilobytes", site.WAMedia, func(w *lab.World) {
		for i := range 5 {
			w.Open(time.Duration(500+1200*i)*time.Millisecond, "mmg.whatsapp.net", http11, talk.Turn{Ask: 300, Think: 150 * time.Millisecond, Answer: 9000 + 4000*i, End: talk.Linger})
		}
	})
}

// captureFilterSlow: a server has nothing faster to give than 180 kbit/s.
func captureFilterSlow() *lab.Scenario {
	return filtered("capture-filter-slow", "a server that gives its files at 180 kbit/s, without loss", site.WAMedia, func(w *lab.World) {
		slow := talk.Turn{Ask: 300, Answer: 120_000, Pace: talk.Pace{Piece: 1125, Every: 50 * time.Millisecond}}
		w.Open(500*time.Millisecond, "mmg.whatsapp.net", lab.Web, slow)
		w.Open(900*time.Millisecond, "mmg.whatsapp.net", lab.Web, slow)
	})
}
