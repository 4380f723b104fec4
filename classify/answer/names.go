package answer

import (
	"net/netip"
	"strings"

	"golang.org/x/net/publicsuffix"

	"chokepoint/classify/fact"
)

// DNS response codes that deny a name (RFC 1035 section 4.1.1).
const (
	rcodeServFail = 2
	rcodeNXDomain = 3
	rcodeRefused  = 5
)

// judgeName tells what became of one query. NXDOMAIN is a failure only for a
// name that exists for certain: a client may well ask for one that does not.
// An empty answer is nothing by itself: not every name has every type.
func judgeName(d *fact.DNS, r rules) outcome {
	if len(d.Answers) == 0 {
		return open
	}
	denied := false
	for i := range d.Answers {
		switch a := &d.Answers[i]; {
		case a.Rcode == 0:
			return worked
		case a.Rcode == rcodeServFail, a.Rcode == rcodeRefused,
			a.Rcode == rcodeNXDomain && r.MustExist(d.QName):
			denied = true
		}
	}
	if denied {
		return failed
	}
	return worked // it was told truly that there is no such name
}

// party names who is at the far end when no service is known: the registrable
// domain, else the address.
func party(name string, server netip.Addr) string {
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	if name == "" {
		return server.String()
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return name
	}
	if domain, err := publicsuffix.EffectiveTLDPlusOne(name); err == nil {
		return domain
	}
	return name
}
