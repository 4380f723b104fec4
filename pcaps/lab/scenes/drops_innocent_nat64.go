package scenes

import (
	"context"
	"net/netip"
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/site"
)

// wellKnown is the prefix that NAT64 puts before IPv4 addresses (RFC 6052 section
// 2.1).
var wellKnown = netip.MustParsePrefix("64:ff9b::/96")

// translated is an IPv4 address behind the NAT64.
func translated(a netip.Addr) netip.Addr {
	b, v4 := wellKnown.Addr().As16(), a.As4()
	copy(b[12:], v4[:])
	return netip.AddrFrom16(b)
}

// beyond is the place of what an address stands for.
func beyond(place func(netip.Addr) (time.Duration, uint8)) func(netip.Addr) (time.Duration, uint8) {
	return func(a netip.Addr) (time.Duration, uint8) {
		if wellKnown.Contains(a) {
			b := a.As16()
			a = netip.AddrFrom4([4]byte(b[12:]))
		}
		return place(a)
	}
}

// nat64 is a mobile network without IPv4: the resolver makes addresses of its own
// prefix for every name (DNS64, RFC 6147), and a gateway translates.
func nat64() *lab.Scenario {
	t := blameless("the network has only IPv6; its resolver and a gateway translate", "the provider's gateway", finding.Unexplained, "everything works, by way of a translator")
	t.Ceilings = append(t.Ceilings, atMost(lies, finding.Benign, "DNS64: the address is the real one behind the well-known prefix"))
	return &lab.Scenario{
		Name: "nat64-dns64", Cases: []string{"B42"}, Lasts: 7 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			w.V6 = true
			for name, addrs := range w.Zone {
				w.Zone[name] = []netip.Addr{addrs[0], translated(addrs[0])}
			}
			w.Zone["ipv4only.arpa"] = []netip.Addr{translated(netip.MustParseAddr("192.0.0.170"))} // RFC 7050
			for _, pipes := range [][2]*box.Pipe{w.Near, w.Far} {
				for _, p := range pipes {
					p.Site = beyond(p.Site)
				}
			}
			w.At(0, func(ctx context.Context) {
				_, err := w.Resolve(ctx, "ipv4only.arpa")
				w.Note("NAT64", err)
			})
			for _, a := range []string{site.TGChat, site.TGMedia} { // the app does as RFC 6052 says
				w.At(600*time.Millisecond, func(ctx context.Context) {
					to := netip.AddrPortFrom(translated(siteAddr(a)), 443)
					w.Note(a, w.Talk.Open(ctx, to, talk.MTProto{}, messages()...))
				})
			}
			w.OthersWork(400*time.Millisecond, "telegram")
			w.Open(1500*time.Millisecond, "web.telegram.org", lab.Web, browsed()...)
			w.Surf(0, 5*time.Second, time.Second)
		},
	}
}
