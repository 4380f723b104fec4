package scenes

import (
	"net/netip"
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/lab/peer/quicpeer"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/lab/policy"
	"chokepoint/pcaps/lab/script"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/truth"
)

// frozen are flows that stand still after a number of packets or bytes.
func frozen() []*lab.Scenario {
	return []*lab.Scenario{freezePackets(), freezePacketsV6(), freezeBytes(), freeze16k(), freeze24k(), freezeQUIC(), freezeUDP()}
}

// abroad is where files of three messengers lie: three owners.
var abroad = []string{site.WAMedia, site.Discord, site.SignalFiles, site.SignalFiles2}

// standStill is the truth of three services whose files stand still.
func standStill(what string) truth.Truth {
	t := truth.Truth{What: what, Where: onePath, Vantage: clientTap(), Services: allBut("")}
	for _, s := range []string{"whatsapp", "discord", "signal"} {
		t.Services[s] = []string{"blocked", "degraded"}
		t.Finds = append(t.Finds, truth.Must{Kinds: []finding.Kind{finding.DropMidflow}, Service: s, AtLeast: finding.Likely})
	}
	return t
}

// files plans a visit to each site abroad with its own turns, and what works
// meanwhile: a large file from a domestic server among it.
func files(w *lab.World, turns [4][]talk.Turn) {
	w.Talk.Timeout = 8 * time.Second
	names := []string{"mmg.whatsapp.net", "cdn.discordapp.com", "cdn2.signal.org", "cdn.signal.org"}
	for i, name := range names {
		s := lab.Web
		s.ALPN = s.ALPN[1:] // HTTP/1.1: what is owed shows in the records
		s.Classical = true
		w.Open(time.Duration(300+200*i)*time.Millisecond, name, s, turns[i]...)
	}
	w.OthersWork(400*time.Millisecond, "whatsapp", "signal")
	w.Surf(0, 9*time.Second, 2*time.Second)
	w.Open(900*time.Millisecond, "fd.oneme.ru", lab.Web, talk.Download(200_000))
}

// everywhere are addresses in both families.
func everywhere(addrs ...string) (out []netip.Addr) {
	for _, a := range addrs {
		v4 := netip.MustParseAddr(a)
		out = append(out, v4, script.Six(v4))
	}
	return out
}

// freezePackets is the freeze of connections to foreign hosts after 25 packets,
// whatever is in them: the sizes differ, so that the bytes do too. The clients'
// keep-alives are not answered.
func freezePackets() *lab.Scenario {
	return &lab.Scenario{
		Name: "freeze-packets", Cases: []string{"F14"}, Lasts: 10 * time.Second,
		Truth: standStill("of each connection to certain foreign hosts 25 packets pass, then none in either direction"),
		Play: func(w *lab.World) {
			w.Talk.KeepAlive = 2 * time.Second
			w.Rule("25 packets", policy.All(policy.TCP, policy.To(everywhere(abroad...)...)), &policy.DropAfter{Packets: 25})
			files(w, [4][]talk.Turn{{talk.Download(90_000)}, parts(30, 700), parts(20, 2500), {talk.Download(60_000)}})
		},
	}
}

// freezePacketsV6 is the same in IPv6.
func freezePacketsV6() *lab.Scenario {
	s := freezePackets()
	s.Name, s.Cases = "freeze-packets-v6", []string{"F25"}
	play := s.Play
	s.Play = func(w *lab.World) {
		w.V6 = true
		play(w)
	}
	return s
}

// freezeBytes is a freeze that counts bytes: the servers write in pieces of
// different sizes, so that the packets differ.
func freezeBytes() *lab.Scenario {
	return &lab.Scenario{
		Name: "freeze-bytes", Cases: []string{"F15"}, Lasts: 11 * time.Second,
		Truth: standStill("of each connection to certain foreign hosts 16 kB from the server pass, then nothing in either direction"),
		Play: func(w *lab.World) {
			pieces := func(n int) []talk.Turn {
				return []talk.Turn{{Ask: 300, Answer: 60_000, Pace: talk.Pace{Piece: n, Every: time.Duration(n) * 40 * time.Microsecond}}}
			}
			w.Rule("16 kB", policy.All(policy.TCP, policy.To(everywhere(abroad...)...)), &policy.DropAfter{Bytes: 16_000, Of: policy.Dir(box.Down)})
			files(w, [4][]talk.Turn{pieces(1300), pieces(500), pieces(250), {talk.Download(60_000)}})
		},
	}
}

// freezeAt is a freeze of what servers send after so many bytes of theirs, a little
// different for each: what clients send still arrives.
func freezeAt(name, line, what string, limits [4]int) *lab.Scenario {
	return &lab.Scenario{
		Name: name, Cases: []string{line}, Lasts: 10 * time.Second, Truth: standStill(what),
		Play: func(w *lab.World) {
			for i, a := range abroad {
				w.Rule("freeze of "+a, policy.All(policy.TCP, policy.Dir(box.Down), policy.To(a)), &policy.DropAfter{Bytes: limits[i]})
			}
			files(w, [4][]talk.Turn{{talk.Download(90_000)}, {talk.Download(50_000)}, parts(12, 6000), {talk.Download(60_000)}})
		},
	}
}

// freeze16k is what users of foreign hosting report since June 2025.
func freeze16k() *lab.Scenario {
	return freezeAt("freeze-16k", "Z1", "of each connection to certain foreign hosts 15 to 17 kB from the server pass, then nothing of it", [4]int{15_000, 16_000, 16_500, 17_000})
}

// freeze24k is the same where the limit is another one.
func freeze24k() *lab.Scenario {
	return freezeAt("freeze-24k", "Z2", "of each connection to certain foreign hosts 23 to 25 kB from the server pass, then nothing of it", [4]int{23_000, 24_000, 24_500, 25_000})
}

// quicFiles plans downloads over QUIC from WhatsApp and Discord, one that is well,
// and what works over TCP.
func quicFiles(w *lab.World, control string) {
	get := func(at time.Duration, addr, name string, n int) {
		w.QUIC(at, addr, quicpeer.Options{SNI: name, Classic: true, Timeout: 7 * time.Second}, quicpeer.Turn{Ask: 300, Answer: n})
	}
	get(300*time.Millisecond, site.WAMedia, "mmg.whatsapp.net", 120_000)
	get(600*time.Millisecond, site.WAWeb, "web.whatsapp.com", 90_000)
	get(900*time.Millisecond, site.Discord, "cdn.discordapp.com", 80_000)
	get(1200*time.Millisecond, control, "www.wikipedia.org", 200_000)
	w.OthersWork(400 * time.Millisecond)
	w.Surf(0, 8*time.Second, 2*time.Second)
}

// frozenQUIC is the truth of both scenarios: over TCP all is well.
func frozenQUIC(least finding.Verdict, what string, status ...string) truth.Truth {
	t := truth.Truth{What: what, Where: onePath, Vantage: clientTap(), Services: allBut("whatsapp", status...)}
	for _, s := range []string{"whatsapp", "discord"} {
		t.Finds = append(t.Finds, truth.Must{Kinds: []finding.Kind{finding.DropMidflow}, Service: s, AtLeast: least})
	}
	return t
}

// frozenOverQUIC are the addresses whose QUIC stands still.
var frozenOverQUIC = []string{site.WAMedia, site.WAWeb, site.Discord}

// freezeQUIC counts the bytes of datagrams that servers send.
func freezeQUIC() *lab.Scenario {
	return &lab.Scenario{
		Name: "freeze-quic", Cases: []string{"Z3"}, Lasts: 9500 * time.Millisecond,
		Truth: frozenQUIC(finding.Likely, "of each QUIC connection to certain foreign hosts 16 kB from the server pass, then nothing of it", "degraded"),
		Play: func(w *lab.World) {
			w.Rule("16 kB of QUIC", policy.All(policy.QUIC, policy.Dir(box.Down), policy.To(frozenOverQUIC...)), &policy.DropAfter{Bytes: 16_000})
			quicFiles(w, "185.15.59.224")
		},
	}
}

// freezeUDP counts datagrams, in both directions.
func freezeUDP() *lab.Scenario {
	return &lab.Scenario{
		Name: "freeze-udp-packets", Cases: []string{"F16"}, Lasts: 9500 * time.Millisecond,
		Truth: frozenQUIC(finding.Suspected, "of each UDP flow to certain foreign hosts 25 packets pass, then none in either direction", "degraded", "ok"),
		Play: func(w *lab.World) {
			w.Rule("25 datagrams", policy.All(policy.UDP, policy.To(frozenOverQUIC...)), &policy.DropAfter{Packets: 25})
			quicFiles(w, "185.15.59.224")
		},
	}
}
