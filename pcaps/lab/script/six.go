package script

import (
	"net/netip"

	"chokepoint/pcaps/site"
)

// sixes are addresses that servers of sites really have, or had, in IPv6.
var sixes = map[string]string{
	site.TGChat:      "2001:67c:4e8:f002::a",
	site.TGChatMedia: "2001:67c:4e8:f004::b",
	site.GoogleDNS:   "2001:4860:4860::8888",
	site.GoogleDNS2:  "2001:4860:4860::8844",
}

// owners are the owners' networks in IPv4, and a network of theirs in IPv6 in which
// the IPv4 address takes the last 32 bits, as Cloudflare numbers its own.
var owners = []struct{ four, six string }{
	{"157.240.0.0/16", "2a03:2880:f25f:c6:face:b00c::"}, // Meta
	{"149.154.160.0/20", "2001:67c:4e8:f002::"},         // Telegram
	{"91.105.192.0/23", "2001:67c:4e8:f002::"},
	{"91.108.8.0/22", "2001:67c:4e8:f002::"},
	{"217.20.144.0/20", "2a00:bdc0::"}, // VK
	{"155.212.192.0/20", "2a00:bdc0::"},
	{"104.16.0.0/12", "2606:4700::"}, // Cloudflare
	{"162.159.0.0/16", "2606:4700::"},
	{"13.248.0.0/16", "2600:9000:a507:ab6d::"}, // Amazon
	{"76.223.0.0/16", "2600:9000:a507:ab6d::"},
	{"0.0.0.0/0", "2606:2800:21f:cb07::"}, // everybody else
}

// Six is the IPv6 address of the host that has an IPv4 address.
func Six(a netip.Addr) netip.Addr {
	if known, ok := sixes[a.String()]; ok {
		return netip.MustParseAddr(known)
	}
	for _, o := range owners {
		if netip.MustParsePrefix(o.four).Contains(a) {
			b, low := netip.MustParseAddr(o.six).As16(), a.As4()
			copy(b[12:], low[:])
			return netip.AddrFrom16(b)
		}
	}
	return a // not an IPv4 address
}
