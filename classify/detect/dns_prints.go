package detect

import (
	"net/netip"
	"slices"

	"chokepoint/classify/fact"
)

// Families of published prints of forged answers. They name how packets are made.
const (
	printFirst   = "Triplet Censors injector 1"
	printSecond  = "Triplet Censors injector 2"
	printThird   = "Triplet Censors injector 3"
	printIran    = "Iranian block page addresses"
	printTeredo  = "bogus AAAA of the GFW"
	manyTTLs     = 3  // different IP TTLs of one resolver that no path explains
	printDNSTTL  = 60 // s, of injector 1
	aroundPrints = int64(5 * 60 * 1e9)
)

// iranPages are the addresses that names of blocked sites have in Iran
// (resets-and-drops, N5).
var iranPages = netip.MustParsePrefix("10.10.34.32/29")

// print names the published family whose exact print a forged answer bears, ""
// for none (resets-and-drops, N5 and N6). It is a label: only what other evidence
// shows to be forged is asked for it.
func (x dnsCase) print(a *fact.DNSAnswer) string {
	for _, addr := range a.Addrs {
		switch {
		case teredo.Contains(addr), x.foreignFace(a):
			return printTeredo
		case iranPages.Contains(addr) && addr.As4()[3] >= 34 && addr.As4()[3] <= 36:
			return printIran
		}
	}
	switch {
	case !a.IPID.Ok: // IPv6 has neither
		return ""
	case !a.DF && a.AA && a.MinTTL == printDNSTTL && len(a.Addrs) > 0:
		return printFirst
	case !a.DF && !a.AA && a.IPID.V == 0:
		return printThird
	case a.DF && !a.AA && x.wanders():
		return printSecond
	}
	return ""
}

// wanders reports that the answers of this resolver that cannot be so came with IP
// TTLs which neither a path nor initial TTLs explain.
func (x dnsCase) wanders() bool {
	var ttls []uint8
	for i := range x.resolver().Samples {
		s := &x.resolver().Samples[i]
		if !s.Odd || s.TCP || s.Time < x.at()-aroundPrints || s.Time > x.at()+aroundPrints {
			continue
		}
		apart := !slices.ContainsFunc(ttls, func(t uint8) bool {
			_, change := ttlDelta(s.TTL, t)
			return change == ttlSame || change == ttlInitShift
		})
		if apart {
			ttls = append(ttls, s.TTL)
		}
	}
	return len(ttls) >= manyTTLs
}
