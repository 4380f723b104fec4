package detect

import (
	"net/netip"
	"slices"

	"chokepoint/classify/fact"
)

// Families of published prints of forged answers. They name how packets are made.
const (
	printFirst  = "the GFW's injector 1 (Triplet Censors: authoritative, TTL 60 s, no DF)"
	printSecond = "the GFW's injector 2 (Triplet Censors: DF, a wandering hop limit)"
	printThird  = "the GFW's injector 3 (Triplet Censors: IPID 0 without DF)"
	printIran   = "the injectors reported from Iran (10.10.34.34 to .36)"
	printTeredo = "the GFW (AAAA in 2001::/32, or with Meta's interface id)"
	// manyTTLs is how many IP TTLs that no path explains make them wander.
	manyTTLs = 3
	// printDNSTTL is that of injector 1, s.
	printDNSTTL = 60
	// aroundPrints is how far around an answer others show how it was made, ns.
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
