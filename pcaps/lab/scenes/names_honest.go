package scenes

import (
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/lab/peer/dnspeer"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/lab/policy"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/truth"
)

// honestNames are answers that look forged and are not, or are the client's own
// network's.
func honestNames() []*lab.Scenario {
	return []*lab.Scenario{cdnRotates(), ownSinkhole(), ownDenial(), captivePortal(), overloadedResolver()}
}

// truthful is the truth where nobody lies about names.
func truthful(what, where string, most finding.Verdict, why string) truth.Truth {
	t := blameless(what, where, most, why)
	t.Ceilings[0].Kinds = append(append([]finding.Kind(nil), silences...), lies...)
	return t
}

// mirrored lets a packet arrive twice, as where a network mirrors its traffic into
// itself.
type mirrored struct{}

// Act implements [box.Action].
func (mirrored) Act(b *box.Box, _ *box.Rule, p *box.Packet) bool {
	b.Note(nil, box.Doubled, p)
	again := b.Decode(p.Dir, append([]byte(nil), p.Frame...))
	b.After(300*time.Microsecond, func() { b.Forward(again) })
	return true
}

// cdnRotates is a resolver that hands out other addresses of a CDN whenever it is
// asked, and a path on which its answers come twice. Clients in a hurry that send a
// query twice get two different answers.
func cdnRotates() *lab.Scenario {
	t := truthful("a CDN's addresses rotate, and identical copies of the answers arrive", "nowhere", finding.Benign, "each copy of the query has its answer, and copies are identical")
	return &lab.Scenario{
		Name: "dns-cdn-rotates", Cases: []string{"B28"}, Lasts: 7 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			resolver := google(w)
			for _, n := range []string{"mmg.whatsapp.net", "web.whatsapp.com"} {
				w.Zone[n] = append([]netip.Addr{siteAddr(site.WAMedia), siteAddr(site.WAChat2), siteAddr(site.WAWeb), siteAddr(site.Instagram)}, w.Zone[n][1:]...)
			}
			w.Zone["cdn2.signal.org"] = append([]netip.Addr{siteAddr(site.SignalFiles2), siteAddr("104.18.11.47")}, w.Zone["cdn2.signal.org"]...)
			w.DNS.Rotate = 1
			w.Rule("mirror", policy.All(policy.UDP, policy.Dir(box.Down), policy.Port(53)), mirrored{})
			tries(4, 400*time.Millisecond, 1200*time.Millisecond, func(at time.Duration) {
				for i, n := range []string{"mmg.whatsapp.net", "web.whatsapp.com", "cdn2.signal.org"} {
					twice(w, at+time.Duration(i)*100*time.Millisecond, resolver, n)
					w.Ask(at+time.Duration(i)*100*time.Millisecond, resolver, dnspeer.Question{Name: n, EDNS: true, Listen: 300 * time.Millisecond})
				}
			})
			w.OthersWork(300 * time.Millisecond)
			w.Surf(0, 6*time.Second, time.Second)
		},
	}
}

// ownSinkhole is a Pi-hole at home that hides names behind 0.0.0.0: also a messenger
// that the parents do not want.
func ownSinkhole() *lab.Scenario {
	t := truthful("the home's own resolver hides names of Signal behind 0.0.0.0", "the client's own resolver", finding.Unexplained, "a private resolver's own policy")
	t.Services["signal"] = []string{"failing", "degraded", "inconclusive", "unseen", "ok"}
	return &lab.Scenario{
		Name: "dns-own-sinkhole", Cases: []string{"B29"}, Lasts: 6 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			w.DNS.Sink = map[string]bool{"chat.signal.org": true, "cdn2.signal.org": true, "cdn.signal.org": true, "ads.example.net": true}
			tries(3, 300*time.Millisecond, 1400*time.Millisecond, func(at time.Duration) {
				for _, n := range []string{"chat.signal.org", "cdn2.signal.org", "ads.example.net"} {
					w.Ask(at, lab.RouterAddr, dnspeer.Question{Name: n, EDNS: true})
					w.Ask(at, lab.RouterAddr, dnspeer.Question{Name: n, EDNS: true, Type: dns.TypeAAAA})
				}
			})
			w.OthersWork(400*time.Millisecond, "signal")
			w.Surf(0, 5*time.Second, time.Second)
		},
	}
}

// ownDenial is an office whose resolver denies messengers by a response policy zone:
// NXDOMAIN with the zone's SOA.
func ownDenial() *lab.Scenario {
	t := truthful("the office's own resolver denies names of WhatsApp and Telegram", "the client's own resolver", finding.Unexplained, "a private resolver's own policy")
	t.Services["whatsapp"] = []string{"failing", "degraded", "inconclusive", "unseen", "ok"}
	t.Services["telegram"] = t.Services["whatsapp"]
	return &lab.Scenario{
		Name: "dns-own-denial", Cases: []string{"B29"}, Lasts: 6 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			w.DNS.Rcode = map[string]int{}
			refused := []string{"web.whatsapp.com", "g.whatsapp.net", "mmg.whatsapp.net", "web.telegram.org"}
			for _, n := range refused {
				w.DNS.Rcode[n] = policy.NXDOMAIN
			}
			tries(3, 300*time.Millisecond, 1400*time.Millisecond, func(at time.Duration) {
				for i, n := range refused {
					w.Open(at+time.Duration(i)*90*time.Millisecond, n, lab.Web)
				}
			})
			w.OthersWork(400*time.Millisecond, "whatsapp", "telegram")
			w.Surf(0, 5*time.Second, time.Second)
		},
	}
}

// portal is the address of a gateway's log-in page: what Cisco's controllers use.
var portal = siteAddr("192.0.2.1")

// captivePortal is a hotel before one has paid: all names have the gateway's
// address, and all of HTTP is sent to the page there.
func captivePortal() *lab.Scenario {
	t := truthful("a gateway answers all names with its own address until one has paid", "the gateway of the client's own network", finding.Unexplained, "a captive portal: all names, whoever's, lead to one gateway")
	t.Ceilings = append(t.Ceilings, atMost([]finding.Kind{finding.PayloadInjected, finding.ResetInjected}, finding.Unexplained, "the gateway itself answers"))
	everyone(&t, "failing", "inconclusive", "unseen", "degraded")
	return &lab.Scenario{
		Name: "captive-portal", Cases: []string{"B30"}, Lasts: 7 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			for n := range w.Zone {
				w.Zone[n] = []netip.Addr{portal}
			}
			for _, p := range []*box.Pipe{w.Near[0], w.Near[1], w.Far[0], w.Far[1]} {
				place := p.Site
				p.Site = func(a netip.Addr) (time.Duration, uint8) {
					if a == portal {
						return 500 * time.Microsecond, 0
					}
					return place(a)
				}
			}
			w.Sites.Refuse = func(string) talk.Refusal { return talk.RefuseFIN }
			w.Sites.OnAccept = logIn
			for i, n := range []string{"www.example.com", "web.whatsapp.com", "chat.signal.org", "api.oneme.ru", "www.wikipedia.org", "web.telegram.org", "www.python.org"} {
				tries(3, time.Duration(200+150*i)*time.Millisecond, 1600*time.Millisecond, func(at time.Duration) { w.Open(at, n, lab.Web) })
				w.OpenAt(time.Duration(400+600*i)*time.Millisecond, portal.String(), 80, talk.HTTP{Host: n}, talk.Turn{Ask: 300, Answer: 400})
			}
		},
	}
}

// logIn sends who speaks HTTP to the log-in page. It reports whether a connection is
// not that.
func logIn(c *net.TCPConn) bool {
	if a, ok := c.LocalAddr().(*net.TCPAddr); !ok || a.Port != 80 {
		return true
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(2 * time.Second)) //nolint:errcheck // sockets have deadlines
	request := make([]byte, 2048)                  // all of one, as these clients write it
	if n, _ := c.Read(request); n > 0 {
		io.WriteString(c, "HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/login.html\r\nContent-Length: 0\r\nConnection: close\r\n\r\n") //nolint:errcheck // the client may be gone
	}
	return false
}

// overloadedResolver is the provider's, which is slow and fails for one name in
// three, whoever's it is; asked again it may answer.
func overloadedResolver() *lab.Scenario {
	t := truthful("the provider's resolver is overloaded: it is slow, and every third answer is SERVFAIL, whatever the name", "the provider's resolver", finding.Unexplained, "all names fail alike, and succeed when asked again")
	everyone(&t, "ok", "degraded", "failing", "inconclusive")
	return &lab.Scenario{
		Name: "dns-resolver-overloaded", Lasts: 10 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			var n atomic.Uint32
			w.DNS.Think = 600 * time.Millisecond
			w.DNS.Edit = func(_ dns.Question, a *dns.Msg) {
				if n.Add(1)%3 == 0 {
					a.Rcode, a.Answer, a.Ns = policy.SERVFAIL, nil, nil
				}
			}
			tries(4, 300*time.Millisecond, 2*time.Second, func(at time.Duration) {
				w.OthersWork(at)
				w.Open(at, "web.whatsapp.com", lab.Web, browsed()...)
			})
			w.Surf(0, 8*time.Second, 500*time.Millisecond)
		},
	}
}
