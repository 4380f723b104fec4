package detect

import (
	"net/netip"
	"slices"

	"chokepoint/classify/fact"
)

// Kinds of addresses that cannot serve a public name.
const (
	bogusNull    = "null"    // 0.0.0.0, ::, loopback: what ad-blockers answer
	bogusFakeIP  = "fake_ip" // 198.18.0.0/15: what local proxies answer to catch connections
	bogusTeredo  = "teredo"  // 2001::/32: what an injector in China fills AAAA answers from
	bogusSpecial = "special" // other space that is not the public Internet's
)

var (
	fakeIP  = netip.MustParsePrefix("198.18.0.0/15") // RFC 2544
	teredo  = netip.MustParsePrefix("2001::/32")     // RFC 4380
	special = []netip.Prefix{                        // IANA special-purpose registries (RFC 6890)
		netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8"),
		netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("172.16.0.0/12"),
		netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.168.0.0/16"),
		netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"),
		netip.MustParsePrefix("224.0.0.0/3"), netip.MustParsePrefix("100::/64"),
		netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("fc00::/7"),
		netip.MustParsePrefix("fe80::/10"), netip.MustParsePrefix("ff00::/8"),
	}
	// Not in the list: 100.64.0.0/10, where carriers keep content caches, and
	// 64:ff9b::/96, which NAT64 makes of honest answers.
)

// bogusKind says why an address cannot be what a public name has, "" if it can.
func bogusKind(a netip.Addr) string {
	a = a.Unmap()
	switch {
	case a.IsUnspecified(), a.IsLoopback():
		return bogusNull
	case fakeIP.Contains(a):
		return bogusFakeIP
	case teredo.Contains(a):
		return bogusTeredo
	case slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(a) }):
		return bogusSpecial
	}
	return ""
}

// bogus is the first such address of an answer with its kind, "" if none.
func bogus(a *fact.DNSAnswer) (netip.Addr, string) {
	for _, addr := range a.Addrs {
		if kind := bogusKind(addr); kind != "" {
			return addr, kind
		}
	}
	return netip.Addr{}, ""
}

// misplaced reports an answer none of whose addresses can be the name's: the
// owner serves it from its own prefixes only.
func (x dnsCase) misplaced(a *fact.DNSAnswer) bool {
	return len(a.Addrs) > 0 && !slices.ContainsFunc(a.Addrs, func(addr netip.Addr) bool {
		return nat64.Contains(addr) || !x.w.Rules.Misplaced(x.name(), addr)
	})
}

// nat64 is the prefix that DNS64 makes IPv6 answers with (RFC 6052 section 2.1).
var nat64 = netip.MustParsePrefix("64:ff9b::/96")
