package detect

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// double is a pair of answers to one query that contradict each other.
type double struct {
	a, b  *fact.DNSAnswer // in order of arrival
	class finding.Class
	why   string
}

// doubled finds the worst contradiction between the answers to one query
// (resets-and-drops, N1). One answer is allowed for each copy of the query;
// identical ones are copies. In 15 million exchanges of a campus two benign
// doubles were seen: two addresses of one /24, and a SERVFAIL beside an answer
// (Duan et al., "Hold-On", 2012).
func (x dnsCase) doubled() (double, bool) {
	best := double{}
	if x.d.TCP || !x.surplus() {
		return best, false
	}
	all := x.d.Answers
	for i := range all {
		for k := i + 1; k < len(all); k++ {
			class, why := x.contradict(&all[i], &all[k])
			if all[k].Time-all[0].Time > fact.DNSOpen {
				break // too late to be about this query
			}
			if rank(class) > rank(best.class) {
				best = double{&all[i], &all[k], class, why}
			}
		}
	}
	return best, best.class != ""
}

// surplus reports more answers than copies of the query had been sent by then.
// Without the query nobody knows how many there were: one, if it was one.
func (x dnsCase) surplus() bool {
	n := 0
	for i := range x.d.Answers {
		a := &x.d.Answers[i]
		if a.Identical {
			continue
		}
		if n++; n > max(cmp.Or(a.Copies, x.d.Copies), 1) {
			return true
		}
	}
	return n+x.d.More > max(x.d.Copies, 1) && n > 1
}

// distinct counts the answers that are no copies of another.
func (x dnsCase) distinct() int {
	n := x.d.More
	for i := range x.d.Answers {
		if !x.d.Answers[i].Identical {
			n++
		}
	}
	return n
}

// contradict weighs two answers against each other.
func (x dnsCase) contradict(a, b *fact.DNSAnswer) (finding.Class, string) {
	switch {
	case a.Identical || b.Identical, a.TC || b.TC, a.Rcode == rcodeServFail || b.Rcode == rcodeServFail:
		return "", ""
	case a.Rcode != b.Rcode:
		return finding.C, "the response codes differ"
	case len(a.Addrs) == 0 && len(b.Addrs) == 0:
		return "", ""
	case len(a.Addrs) == 0 || len(b.Addrs) == 0:
		if denial(a, x.d.QType)+denial(b, x.d.QType) == "" {
			return "", "" // one leads elsewhere
		}
		return finding.S, "one is empty"
	}
	return x.contradictAddrs(a, b)
}

// contradictAddrs compares by owner, never by raw address: content networks
// give everyone another one.
func (x dnsCase) contradictAddrs(a, b *fact.DNSAnswer) (finding.Class, string) {
	_, bogusA := bogus(a)
	_, bogusB := bogus(b)
	ownerA, ownerB := x.owner(a), x.owner(b)
	switch {
	case near(a.Addrs, b.Addrs):
		return "", ""
	case (bogusA == "") != (bogusB == ""):
		return finding.C, "one is an address that no public name has"
	case bogusA != "" || ownerA != "" && ownerA == ownerB:
		return "", ""
	case x.misplaced(a) != x.misplaced(b):
		return finding.C, "one is no address of the name's owner"
	case ownerA != ownerB:
		return finding.S, "the addresses have different owners"
	}
	return finding.M, "the addresses are of different networks"
}

// owner is whose the addresses of an answer are, "" if nobody known.
func (x dnsCase) owner(a *fact.DNSAnswer) string {
	for _, addr := range a.Addrs {
		if owner, ok := x.w.Rules.OwnerOfAddr(addr); ok {
			return owner
		}
	}
	return ""
}

// near reports two answers that share a network: a /24, or a /48 of IPv6.
func near(a, b []netip.Addr) bool {
	return slices.ContainsFunc(a, func(x netip.Addr) bool {
		return slices.ContainsFunc(b, func(y netip.Addr) bool { return fact.Network(x) == fact.Network(y) })
	})
}

// judgeDouble makes the finding of a contradiction.
func (x dnsCase) judgeDouble(p double, j *Judgement) {
	fd := x.start(finding.DNSForged)
	fd.Technique = "double"
	fd.Packets = []uint64{p.a.Num, p.b.Num}
	if x.d.Query.Num != 0 {
		fd.Packets = append([]uint64{x.d.Query.Num}, fd.Packets...)
	}
	fd.Filter = Filter(fd.Packets...)
	fd.Summary = fmt.Sprintf(`two answers to one query for %s "from" %s: %s%s and %s%s`, x.name(), x.d.Resolver,
		shown(p.a, x.d.QType), after(p.a), shown(p.b, x.d.QType), after(p.b))
	fd.For = append(fd.For, finding.Evidence{Code: "N1", Family: finding.Multiplicity, Class: p.class,
		Text: fmt.Sprintf("%d answers to %d query: %s", x.distinct(), max(x.d.Copies, 1), p.why), Packets: fd.Packets})
	x.corroborate(&fd, p)
	if x.f.Vantage == "host" && !x.ownResolver() {
		fd.Segment = finding.ServerSide
	}
	fd.RuledOut = append(fd.RuledOut, "query_copies", "mirror")
	ceiling := x.doubleCeiling(p, &fd, j)
	x.survive(&fd)
	j.conclude(fd, ceiling, x.lacksOfDouble(p)...)
}

// corroborate adds how the two answers of a pair were made, and which of them is
// the odd one.
func (x dnsCase) corroborate(fd *finding.Finding, p double) {
	forged := p.a
	if Odd(x.w, x.d, p.b) && !Odd(x.w, x.d, p.a) {
		forged = p.b
	}
	haste, ok := x.haste(p.a)
	if ok {
		fd.For = append(fd.For, haste)
	}
	if hops, change := ttlDelta(p.a.IPTTL, p.b.IPTTL); change == ttlOtherHops && hops >= 2 && haste.Class != finding.S {
		fd.For = append(fd.For, finding.Evidence{Code: "N2", Family: finding.Identity, Class: finding.M,
			Text: fmt.Sprintf("they came with TTL %d and %d, %d hops apart", p.a.IPTTL, p.b.IPTTL, hops), Packets: []uint64{p.a.Num, p.b.Num}})
	}
	for _, ip := range x.knownForged(forged) {
		fd.For = append(fd.For, listed(&ip, forged))
	}
	if e := x.hijack(); e != nil {
		fd.For = append(fd.For, *e)
	}
	fd.ConsistentWith = x.print(forged)
	x.place(fd, forged)
}

// doubleCeiling is how sure a pair can make of forgery where the capture, or the
// place, leaves another explanation.
func (x dnsCase) doubleCeiling(p double, fd *finding.Finding, j *Judgement) finding.Verdict {
	ceiling := finding.Confirmed
	if x.ownResolver() {
		ceiling = finding.Suspected
		fd.NotRuledOut = append(fd.NotRuledOut, "own_network")
	}
	switch lacks := x.lacksOfDouble(p); {
	case len(lacks) > 0:
		ceiling = finding.Inconclusive
		for _, r := range lacks {
			j.stop(r.Code, "%s", r.Text)
		}
		if x.d.Query.Num == 0 {
			noteBlind(fd, "one_way")
		}
	case x.d.Query.Num == 0: // no resolver says both, however often it is asked, but for one in two minds
		ceiling = Cap(finding.Suspected, ceiling)
		fd.NotRuledOut = append(fd.NotRuledOut, "query_copies")
		fd.RuledOut = slices.DeleteFunc(fd.RuledOut, func(s string) bool { return s == "query_copies" })
		noteBlind(fd, "one_way")
	}
	return ceiling
}

// lacksOfDouble names what would have to be seen to tell a second answer from the
// answer to a second query. One that no resolver gives lacks nothing.
func (x dnsCase) lacksOfDouble(p double) []finding.Reason {
	const copies = ": a second copy of the query may be among them"
	blind := x.f.Blind | x.w.Blind
	switch {
	case p.class == finding.C:
		return nil
	case x.d.Query.Num == 0:
		return []finding.Reason{{Code: "one_way", Text: "the query was not captured: it may have been sent twice"}}
	case blind&fact.BlindGap != 0:
		return []finding.Reason{{Code: "capture_gap", Text: "the capture lost packets" + copies}}
	case blind&fact.BlindKernelDrops != 0:
		return []finding.Reason{{Code: "kernel_drops", Text: "the capture reports lost packets" + copies}}
	}
	return nil
}
