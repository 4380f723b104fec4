package story

import (
	"net/netip"
	"time"

	"chokepoint/pcaps/lab/script"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/synth"
)

// unknownVersion is a version of QUIC that nobody has given out.
const unknownVersion = 0x7e57c0de

// quicAndTunnels: names behind QUIC of several versions and behind encrypted
// hellos; tunnels that say what they are; resolvers that are asked in secret.
// Nothing interferes.
func quicAndTunnels() *world {
	w := newWorld("2026-11-23T09:15:00Z", 16)
	w.Taps["client.pcapng"].Datagrams = 12
	w.quic(2*time.Second, synth.QUIC{Name: "www.instagram.com", Version: synth.QUICv1, Page: 24})
	w.quic(4*time.Second, synth.QUIC{Name: "web.whatsapp.com", Version: synth.QUICv1, PostQuantum: true, Swapped: true, Page: 16})
	w.quic(6*time.Second, synth.QUIC{Name: "www.example.org", Version: synth.QUICv2, Page: 20})
	w.quic(8*time.Second, synth.QUIC{Name: "www.example.com", Version: unknownVersion, Page: 8})
	w.Resolve(10*time.Second, "www.python.org", func(a netip.Addr) {
		w.hello(a, 443, synth.ClientHello{Name: "www.python.org", ALPN: []string{"h2", "http/1.1"}, ECH: true}, script.Page)
	})
	w.Resolve(12*time.Second, "cdn.discordapp.com", func(a netip.Addr) {
		w.hello(a, 443, synth.ClientHello{Name: "cloudflare-ech.com", ALPN: []string{"h2", "http/1.1"}, ECH: true}, script.Page)
	})
	w.Around(14*time.Second, func() { w.UDP(site.WireGuardHost, 51820).Say(synth.WireGuard(w.Sim, 14), nil) })
	w.Around(16*time.Second, func() { w.UDP(site.OpenVPNHost, 1194).Say(synth.OpenVPN(w.Sim, 12), nil) })
	w.Around(18*time.Second, func() {
		w.UDP(site.IKEHost, 500).Say(synth.IKE(w.Sim), func() {
			synth.ESP(w.Path(netip.MustParseAddr(site.IKEHost))).Say(synth.SealedPackets(w.Sim, 14), nil)
		})
	})
	asked := []synth.Turn{{Ask: 60, Answer: 480}, {Ask: 62, Answer: 480, Think: 2 * time.Second}, {Ask: 58, Answer: 480, Think: 3 * time.Second}}
	w.Resolve(20*time.Second, "dns.google", func(a netip.Addr) {
		w.hello(a, 853, synth.ClientHello{Name: "dns.google"}, asked)
	})
	w.Resolve(22*time.Second, "cloudflare-dns.com", func(a netip.Addr) {
		w.hello(a, 443, synth.ClientHello{Name: "cloudflare-dns.com", ALPN: []string{"h2"}}, asked)
	})
	w.Direct(24*time.Second, site.TGChat, 443, 0, script.MTProtoTo(2, script.Chats...))
	w.Direct(25*time.Second, site.TGMedia, 443, 0, script.MTProtoTo(-203, synth.Turn{Ask: 140, Answer: 70_000}))
	w.MaxWorks(26 * time.Second)
	w.Surf(1*time.Second, 30*time.Second, 9*time.Second)
	w.Run(38 * time.Second)
	return w
}

// quic visits a site over QUIC.
func (w *world) quic(at time.Duration, q synth.QUIC) {
	w.Resolve(at, q.Name, func(a netip.Addr) {
		lines, err := q.Talk(w.Sim)
		if err != nil {
			w.Err = err
			return
		}
		w.Client.Socket().With(w.Path(a), 443).Say(lines, nil)
	})
}

// hello opens TLS with a hello of one's own making.
func (w *world) hello(a netip.Addr, port uint16, h synth.ClientHello, turns []synth.Turn) {
	synth.Dial(w.Path(a), port, synth.TLS(w.Sim, h, turns...).Bye(w.Sim, 40*time.Millisecond, false), 0)
}
