package detect

import (
	"fmt"
	"strings"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// dnsSamples is how many answers of a resolver make a habit (resets-and-drops,
// N2).
const dnsSamples = 5

// shape compares how a denial is built with how a resolver builds one
// (resets-and-drops, N4). All of it is one family: who made the packet. The
// answer of the national resolvers in another's name is an exact print:
// NXDOMAIN, authoritative and recursive at once, without SOA, from a public
// resolver, which is never authoritative for what it looks up.
func (x dnsCase) shape(a *fact.DNSAnswer) (finding.Evidence, bool) {
	points := x.soaPoints(a)
	r := x.resolver()
	info, public := x.w.Rules.Resolver(x.d.Resolver)
	public = public && !info.National
	if a.AA && public {
		points = append(points, "it calls itself authoritative")
	}
	if x.d.EDNS && !a.EDNS && !a.Clipped && habit(r.EDNS, r.Answers) {
		points = append(points, "EDNS is not echoed, as this resolver does")
	}
	if !a.RA && habit(r.RA, r.Answers) {
		points = append(points, "recursion is not offered, as this resolver does")
	}
	if hops, change := ttlDelta(a.IPTTL, r.TTL.Or(a.IPTTL)); r.TTLCount >= dnsSamples && change == ttlOtherHops && hops >= 2 {
		points = append(points, fmt.Sprintf("its TTL of %d is %d hops from this resolver's %d", a.IPTTL, hops, r.TTL.V))
	}
	e := finding.Evidence{Code: "N4", Family: finding.Identity, Class: finding.M,
		Text: "this is not how the resolver answers: " + strings.Join(points, "; "), Packets: []uint64{a.Num}}
	if a.Rcode == rcodeNXDomain && a.AA && a.RA && !a.HasSOA && !a.Clipped && public {
		e.Class = finding.S
	}
	return e, len(points) > 0
}

// soaPoints: a negative answer carries the SOA of its zone (RFC 2308 section 3).
func (x dnsCase) soaPoints(a *fact.DNSAnswer) []string {
	if a.Rcode != rcodeNXDomain && a.Rcode != 0 {
		return nil
	}
	owner := strings.ToLower(strings.TrimSuffix(a.SOAOwner, "."))
	switch {
	case !a.HasSOA && a.Clipped:
		return nil
	case !a.HasSOA:
		return []string{"no SOA beside the denial"}
	case owner == "":
		return []string{"the SOA is the root's, though the name's top-level domain exists"}
	case owner != x.name() && !strings.HasSuffix(x.name(), "."+owner):
		return []string{"the SOA is of a zone that does not hold the name"}
	}
	return nil
}

// habit reports what a resolver does in most of its answers. Not all: some of
// the answers counted may be another's.
func habit(times, of int) bool { return of >= dnsSamples && 2*times > of }

// haste reports an answer that came faster than the path to the resolver allows
// (resets-and-drops, N2).
func (x dnsCase) haste(a *fact.DNSAnswer) (finding.Evidence, bool) {
	r := x.resolver()
	if r.Answers < dnsSamples || !r.MinRTT.Ok || !a.RTT.Ok || 2*int64(a.RTT.V) >= r.MinRTT.V {
		return finding.Evidence{}, false
	}
	return finding.Evidence{Code: "N2", Family: finding.Causality, Class: finding.M,
		Text: fmt.Sprintf("it came after %s; the resolver has never taken less than %s", spellNs(int64(a.RTT.V)), spellNs(r.MinRTT.V)),
		Got:  spellNs(int64(a.RTT.V)), Want: ">= " + spellNs(r.MinRTT.V), Packets: []uint64{a.Num}}, true
}
