package scenes

import (
	"context"
	"net/netip"
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/lab/peer/quicpeer"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/lab/policy"
	"chokepoint/pcaps/site"
)

// failingPaths are networks that lose packets for reasons of their own.
func failingPaths() []*lab.Scenario {
	return []*lab.Scenario{mtuBlackHole(), mtuOneHost(), outage(), lossyBulk(), wifiBursts(), noQUIC(), cgnatPorts()}
}

// pppoe is the MTU of a line with PPPoE (RFC 2516 section 7).
const pppoe = 1492

// mtuBlackHole is a line with PPPoE whose router neither lowers the MSS nor lets the
// errors through that would tell servers: what is small passes, what fills a segment
// does not, from anybody.
func mtuBlackHole() *lab.Scenario {
	t := blameless("packets of more than 1492 bytes do not fit through the line, and no error tells who sent them", "the client's own line", finding.Inconclusive, "only large segments are lost, of every server")
	everyone(&t, "failing", "inconclusive", "degraded")
	return &lab.Scenario{
		Name: "mtu-black-hole", Cases: []string{"B20", "N15"}, Lasts: 10 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			w.Talk.Timeout = 6 * time.Second
			w.Far[box.Down].MTU = pppoe
			w.OthersWork(400 * time.Millisecond)
			w.Open(700*time.Millisecond, "web.whatsapp.com", classical, browsed()...)
			w.Surf(0, 8*time.Second, 2*time.Second)
		},
	}
}

// mtuOneHost has the narrow line before one server only, behind a firewall that
// filters the errors.
func mtuOneHost() *lab.Scenario {
	t := blameless("packets of more than 1492 bytes do not get away from the hosts of Signal's files, and no error tells them", "a firewall before those hosts", finding.Inconclusive, "only large segments are lost, small ones of the same connection pass")
	t.Services["signal"] = []string{"ok", "degraded", "failing", "inconclusive"}
	return &lab.Scenario{
		Name: "mtu-one-host", Cases: []string{"B20"}, Lasts: 10 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			w.Talk.Timeout = 6 * time.Second
			wide := func(p *box.Packet) bool { return p.IPLen > pppoe }
			w.Rule("too large", policy.All(policy.Dir(box.Down), policy.To(site.SignalFiles, site.SignalFiles2), wide), nowhere{})
			w.OthersWork(400 * time.Millisecond)
			w.Open(600*time.Millisecond, "cdn.signal.org", lab.Web, talk.Download(40_000))
			w.Surf(0, 8*time.Second, 2*time.Second)
		},
	}
}

// outage is a mobile line that is gone from 3 s to 9.5 s: everything stalls and goes
// on, and what was begun meanwhile comes late or not at all.
func outage() *lab.Scenario {
	t := blameless("the line is gone from 3 s to 9.5 s", "the client's own line", finding.Inconclusive, "everything stalls together: there is no control")
	everyone(&t, "ok", "inconclusive", "degraded")
	return &lab.Scenario{
		Name: "outage-of-everything", Cases: []string{"B24"}, Lasts: 12500 * time.Millisecond, Truth: t,
		Play: func(w *lab.World) {
			w.Talk.Timeout, w.Talk.Connect = 20*time.Second, 20*time.Second
			w.Rule("no line", policy.Between(3*time.Second, 9500*time.Millisecond), nowhere{})
			w.OthersWork(400 * time.Millisecond)
			long := parts(400, 20_000)
			w.Open(2*time.Second, "mmg.whatsapp.net", lab.Web, long[:150]...)
			w.OpenAt(2*time.Second, site.TGMedia, 443, talk.MTProto{}, long[:150]...)
			w.Open(2500*time.Millisecond, "cdn2.signal.org", lab.Web, long[:60]...)
			w.Open(4*time.Second, "chat.signal.org", lab.Native, messages()...)
			w.OthersWork(10 * time.Second)
			w.Surf(0, 12*time.Second, 1500*time.Millisecond)
		},
	}
}

// lossyBulk is a bad line: one packet in twenty is lost, and downloads go on.
func lossyBulk() *lab.Scenario {
	t := blameless("one packet in twenty is lost, of every connection and in both directions", "the client's own line", finding.Unexplained, "what is lost is sent again, and arrives")
	everyone(&t, "ok", "degraded")
	return &lab.Scenario{
		Name: "loss-5-percent", Cases: []string{"B25"}, Lasts: 11 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			w.Near[box.Up].Loss, w.Near[box.Down].Loss = 0.05, 0.05
			w.Keep = bulk
			w.Open(500*time.Millisecond, "mmg.whatsapp.net", lab.Web, parts(15, 30_000)...)
			w.OpenAt(700*time.Millisecond, site.TGMedia, 443, talk.MTProto{}, parts(15, 30_000)...)
			w.Open(900*time.Millisecond, "cdn2.signal.org", lab.Web, parts(15, 30_000)...)
			w.Open(1100*time.Millisecond, "fd.oneme.ru", lab.Web, parts(20, 60_000)...)
			tries(3, 300*time.Millisecond, 2*time.Second, func(at time.Duration) { w.OthersWork(at) })
			w.Surf(0, 6*time.Second, 1500*time.Millisecond)
		},
	}
}

// wifiBursts is a wireless link that loses eight packets in a row now and then.
func wifiBursts() *lab.Scenario {
	t := blameless("packets are lost eight in a row, 6 % of them all", "the client's own wireless link", finding.Suspected, "all connections lose alike, and go on")
	everyone(&t, "ok", "degraded", "inconclusive")
	return &lab.Scenario{
		Name: "wifi-bursts", Lasts: 10 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			for _, p := range w.Near {
				p.Loss, p.Burst = 0.06, 8
			}
			w.Talk.Timeout = 20 * time.Second
			tries(4, 300*time.Millisecond, 1800*time.Millisecond, func(at time.Duration) { w.OthersWork(at) })
			w.Surf(0, 8*time.Second, time.Second)
		},
	}
}

// noQUIC is a network whose owner lets no UDP to port 443 out, whoever is asked.
func noQUIC() *lab.Scenario {
	t := blameless("no QUIC leaves the network, to whatever server; TCP works", "a firewall of the client's own network", finding.Unexplained, "no QUIC ever works here: a policy for UDP port 443")
	return &lab.Scenario{
		Name: "quic-nowhere", Cases: []string{"B32"}, Lasts: 8 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			w.Rule("no QUIC here", policy.All(policy.UDP, policy.Port(443)), nowhere{})
			for i, s := range []struct{ addr, name string }{{site.WAWeb, "web.whatsapp.com"}, {site.ExampleCom, "www.example.com"}, {site.WAMedia, "mmg.whatsapp.net"},
				{"185.15.59.224", "www.wikipedia.org"}, {site.SignalFiles, "cdn2.signal.org"}, {site.MaxFiles, "fd.oneme.ru"}, {site.Instagram, "www.instagram.com"}} {
				at := time.Duration(200+250*i) * time.Millisecond
				w.QUIC(at, s.addr, quicpeer.Options{SNI: s.name, Timeout: 4 * time.Second})
				w.Open(at+300*time.Millisecond, s.name, lab.Web, browsed()...)
			}
			w.OthersWork(400 * time.Millisecond)
			w.Surf(0, 7*time.Second, 2*time.Second)
		},
	}
}

// cgnatAddr is a client's behind a carrier's NAT (RFC 6598).
var cgnatAddr = netip.MustParseAddr("100.64.3.17")

// cgnatPorts is a provider's NAT that has twenty ports for the customer: connections
// beyond those are not translated until some are free again.
func cgnatPorts() *lab.Scenario {
	t := blameless("the provider's NAT drops the connections of a customer beyond twenty", "the provider's NAT", finding.Suspected, "a NAT that has run out of ports looks the same")
	everyone(&t, "ok", "degraded", "failing", "inconclusive")
	return &lab.Scenario{
		Name: "cgnat-out-of-ports", Cases: []string{"B33"}, Lasts: 11 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			w.Talk.Connect = 7500 * time.Millisecond
			w.Run(func(context.Context) (func() error, error) { return func() error { return nil }, behindCGNAT(w) })
			w.Talk.From = netip.AddrPortFrom(cgnatAddr, 0)
			w.Rule("no port left", policy.ConnLimit(policy.SYN, 20, 5*time.Second, 3*time.Second), nowhere{})
			w.OthersWork(400 * time.Millisecond)
			tries(20, 700*time.Millisecond, 60*time.Millisecond, func(at time.Duration) {
				w.Open(at, "mmg.whatsapp.net", lab.Web, browsed()...)
			})
			w.Surf(0, 3*time.Second, 300*time.Millisecond)
			w.OthersWork(8 * time.Second)
			w.Surf(7*time.Second, 10*time.Second, time.Second)
		},
	}
}

// behindCGNAT gives the client an address of the provider's own.
func behindCGNAT(w *lab.World) error {
	host := netip.PrefixFrom(cgnatAddr, cgnatAddr.BitLen())
	if err := w.Client().Address("eth0", host); err != nil {
		return err
	}
	if err := w.Server().Neighbour("eth0", cgnatAddr, w.Client().MAC("eth0")); err != nil {
		return err
	}
	return w.Server().Route("eth0", host, netip.Addr{})
}
