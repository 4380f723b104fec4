package detect

import (
	"fmt"
	"strings"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// dnsSamples is how many answers of a resolver make a habit (resets-and-drops,
// N2).
const dnsSamples = 5

// hasteMargin is by how much an answer must come sooner than the path allows, ns:
// less is the jitter of a resolver next door (resets-and-drops, R2 has the same).
const hasteMargin = int64(3 * time.Millisecond)

// shape compares how an answer is built with how the resolver builds one
// (resets-and-drops, N4). All of it is one family: who made the packet. The
// answer of the national resolvers in another's name is an exact print:
// NXDOMAIN, authoritative and recursive at once, without SOA, from a public
// resolver, which is never authoritative for what it looks up.
func (x dnsCase) shape(a *fact.DNSAnswer) (finding.Evidence, bool) {
	points := x.soaPoints(a)
	h := x.habit()
	info, public := x.w.Rules.Resolver(x.d.Resolver)
	public = public && !info.National
	if a.AA && (public || never(h.AA)) {
		points = append(points, "it calls itself authoritative")
	}
	if x.d.EDNS && !a.EDNS && !a.Clipped && always(h.EDNS) {
		points = append(points, "EDNS is not echoed, as this resolver does")
	}
	if x.d.Cookie && !a.Cookie && !a.Clipped && always(h.Cookie) {
		points = append(points, "the cookie is not echoed, as this resolver does")
	}
	if !a.RA && always(h.RA) {
		points = append(points, "recursion is not offered, as this resolver does")
	}
	if a.Broken {
		points = append(points, "a record in it breaks the format")
	}
	lost := a.Recased && x.d.Mixed() && always(h.Case)
	if lost {
		points = append(points, "the letters of the name come back in another case, which this resolver keeps")
	}
	if e, ok := x.haste(a); !ok || e.Class != finding.S { // there it counts already
		if hops := x.nearer(a, &h); hops > 0 {
			points = append(points, fmt.Sprintf("its TTL of %d is %d hops from this resolver's %d", a.IPTTL, hops, h.TTL))
		}
	}
	e := finding.Evidence{Code: "N4", Family: finding.Identity, Class: finding.M,
		Text: "this is not how the resolver answers: " + strings.Join(points, "; "), Packets: []uint64{a.Num}}
	if lost || a.Rcode == rcodeNXDomain && a.AA && a.RA && !a.HasSOA && !a.Clipped && public {
		e.Class = finding.S
	}
	return e, len(points) > 0
}

// nearer is how many hops from the resolver's place an answer comes from, 0 when
// that is none to speak of or the resolver's is not known.
func (x dnsCase) nearer(a *fact.DNSAnswer, h *fact.Habit) int {
	if h.TTLN < dnsSamples || 2*h.TTLN < h.N {
		return 0
	}
	if hops, change := ttlDelta(a.IPTTL, h.TTL); change == ttlOtherHops && hops >= 2 {
		return hops
	}
	return 0
}

// soaPoints: a negative answer carries the SOA of its zone (RFC 2308 section 3).
func (x dnsCase) soaPoints(a *fact.DNSAnswer) []string {
	if a.Rcode != rcodeNXDomain && a.Rcode != 0 || len(a.Addrs)+len(a.Targets) > 0 || x.d.QClass == classCHAOS {
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

// always and never report a habit. Most of the times are enough: some of the
// answers counted may be another's.
func always(s fact.Share) bool { return s.Of >= dnsSamples && 10*s.Yes >= 8*s.Of }
func never(s fact.Share) bool  { return s.Of >= dnsSamples && 10*s.Yes <= 2*s.Of }

// haste reports an answer that came faster than the path to the resolver allows
// (resets-and-drops, N2): strong if it also came from another distance. A resolver
// may answer from its cache, but not from nearer than it is.
func (x dnsCase) haste(a *fact.DNSAnswer) (finding.Evidence, bool) {
	h := x.habit()
	rtt := int64(a.RTT.V)
	if x.d.TCP || x.ownResolver() || h.TTLN < dnsSamples || h.MinRTT == 0 || !a.RTT.Ok || 2*rtt >= h.MinRTT || h.MinRTT-rtt <= hasteMargin {
		return finding.Evidence{}, false
	}
	e := finding.Evidence{Code: "N2", Family: finding.Causality, Class: finding.M,
		Text: fmt.Sprintf("it came after %s; in %d answers for other names the resolver has never taken less than %s", spellNs(rtt), h.TTLN, spellNs(h.MinRTT)),
		Got:  spellNs(rtt), Want: ">= " + spellNs(h.MinRTT), Packets: []uint64{a.Num}}
	if hops := x.nearer(a, &h); hops > 0 {
		e.Class = finding.S
		e.Text += fmt.Sprintf(", and its TTL of %d is %d hops from the %d of those", a.IPTTL, hops, h.TTL)
	}
	return e, true
}
