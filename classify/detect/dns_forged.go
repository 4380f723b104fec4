package detect

import (
	"fmt"
	"net/netip"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// DNSForged finds answers that are not the resolver's own: a second answer that
// contradicts the first (resets-and-drops, N1), an address no public name has
// (N5), or one that is not the owner's while others give one that is.
type DNSForged struct{}

// Name returns "dns.forged".
func (DNSForged) Name() string { return string(finding.DNSForged) }

// Judge judges the exchanges of one flow.
func (DNSForged) Judge(f *fact.Flow, w *fact.World) Judgement {
	j := judging(w)
	j.needs("double", "more answers than copies of the query, with other owners, a bogus address or another response code")
	j.needs("bogus", "an address that a public name cannot have, from a resolver that is not the user's own")
	for _, x := range dnsCases(f, w) {
		if p, ok := x.doubled(); ok {
			x.judgeDouble(p, &j)
			continue
		}
		x.judgeOutlet(&j)
		if n := x.distinct(); n > 1 {
			j.saw("answers", "%d answers to %d copies of the query for %s, no contradiction", n, x.d.Copies, x.name())
		}
		x.judgeBogus(&j)
	}
	return j
}

// judgeBogus judges the first answer whose addresses cannot be the name's.
func (x dnsCase) judgeBogus(j *Judgement) {
	if !x.owned() {
		return // nobody knows what else it should be
	}
	for i := range x.d.Answers {
		a := &x.d.Answers[i]
		if x.judgeKnown(a, j) {
			return
		}
		addr, kind := bogus(a)
		if kind == "" && x.foreignFace(a) {
			addr, kind = a.Addrs[0], bogusTeredo
		}
		if kind == "" {
			if x.misplaced(a) || x.swapped(a) {
				x.judgeMisplaced(a, j)
				return
			}
			continue
		}
		fd := x.start(finding.DNSForged)
		fd.Technique = "bogus"
		fd.Summary = fmt.Sprintf(`%s is %s, says %s%s: an address it cannot have`, x.name(), addr, x.d.Resolver, after(a))
		if cause, text := x.excuse(a, kind); cause != "" {
			j.benign(fd, cause, text)
			return
		}
		e := finding.Evidence{Code: "N5", Family: finding.Content, Class: finding.S, Got: addr.String(), Packets: []uint64{a.Num},
			Text: fmt.Sprintf("%s for %s is no address of the public Internet", addr, x.name())}
		switch {
		case kind == bogusTeredo:
			e.Class = finding.C
		case kind == bogusNull && !x.exists():
			e.Class = finding.M // lists of advertisers name it, too
		}
		x.concludeForged(fd, e, a, j)
		return
	}
}

// judgeMisplaced: addresses that are not the owner's are strange, not false; it
// takes another resolver that knows better, or an answer that the resolver cannot
// have given.
func (x dnsCase) judgeMisplaced(a *fact.DNSAnswer, j *Judgement) {
	fd := x.start(finding.DNSForged)
	fd.Technique = "wrong_owner"
	fd.Summary = fmt.Sprintf(`%s is %s, says %s%s: no address of its owner's`, x.name(), addrsText(a.Addrs), x.d.Resolver, after(a))
	if cause, text := x.excuse(a, ""); cause == "captive_portal" {
		j.benign(fd, cause, text)
		return
	}
	better := x.witness(a)
	haste, _ := x.haste(a)
	if (better == nil || better.Class != finding.S) && haste.Class != finding.S && x.hijack() == nil {
		j.stop("no_witness", "%s for %s is not its owner's, and nobody was heard to say otherwise", addrsText(a.Addrs), x.name())
		return
	}
	if cause, text := x.excuse(a, ""); cause != "" {
		j.benign(fd, cause, text)
		return
	}
	e := finding.Evidence{Code: "N5", Family: finding.Content, Class: finding.M, Packets: []uint64{a.Num},
		Text: fmt.Sprintf("%s is served from its owner's prefixes only, and %s is outside them", x.name(), addrsText(a.Addrs))}
	if !x.misplaced(a) {
		fd.Summary = fmt.Sprintf(`%s is %s, says %s%s: too soon to be its word`, x.name(), addrsText(a.Addrs), x.d.Resolver, after(a))
		fd.Technique = "swapped"
		e.Class, e.Text = finding.W, fmt.Sprintf("%s is in no network that others give for %s", addrsText(a.Addrs), x.name())
	}
	x.concludeForged(fd, e, a, j)
}

// swapped reports an answer for a name that exists which the resolver cannot have
// given, and which has nothing in common with what others say.
func (x dnsCase) swapped(a *fact.DNSAnswer) bool {
	if e, _ := x.haste(a); !x.exists() || len(a.Addrs) == 0 || e.Class != finding.S {
		return false
	}
	others := 0
	for i := range x.said() {
		o := &x.said()[i]
		if x.weighWitness(o, a) < 2 {
			continue
		}
		if others++; near(o.Addrs, a.Addrs) {
			return false
		}
	}
	return others > 0
}

func (x dnsCase) concludeForged(fd finding.Finding, e finding.Evidence, a *fact.DNSAnswer, j *Judgement) {
	fd.For = append(fd.For, e)
	if better := x.witness(a); better != nil && better.Class == finding.S {
		if fd.Technique == "swapped" {
			better.Class = finding.W // content networks give everyone another address
		}
		fd.For = append(fd.For, *better)
	}
	if e, ok := x.haste(a); ok {
		fd.For = append(fd.For, e)
	}
	if e, ok := x.shape(a); ok {
		fd.For = append(fd.For, e)
	}
	if e := x.hijack(); e != nil {
		fd.For = append(fd.For, *e)
	}
	fd.ConsistentWith = x.print(a)
	x.place(&fd, a)
	fd.RuledOut = append(fd.RuledOut, "own_resolver", "captive_portal")
	fd.NotRuledOut = append(fd.NotRuledOut, "resolver_policy")
	x.survive(&fd)
	j.conclude(fd, finding.Confirmed)
}

// excuse names the innocent cause of a strange answer.
func (x dnsCase) excuse(a *fact.DNSAnswer, kind string) (cause, text string) {
	info, _ := x.w.Rules.Resolver(x.d.Resolver)
	switch {
	case x.portal(a.Addrs):
		return "captive_portal", "every name asked for has this address, and nothing else is reached"
	case x.ownResolver():
		return "local_policy", "the resolver is on this side of the uplink: whoever runs it decides"
	case kind == bogusFakeIP:
		return "local_policy", "a proxy on this side answers so to catch connections"
	case info.Rewrites:
		return "local_policy", fmt.Sprintf("%s gives other addresses on purpose", info.Name)
	case info.Filters && kind == bogusNull:
		return "local_policy", fmt.Sprintf("%s hides names at this address by a list that its users chose", info.Name)
	}
	return "", ""
}

// foreignFace reports an IPv6 address with the interface id that Meta gives its
// own hosts, for a name that is not Meta's and outside Meta's prefixes: a known
// injector takes its AAAA answers from there.
func (x dnsCase) foreignFace(a *fact.DNSAnswer) bool {
	if owner, _ := x.w.Rules.OwnerOfName(x.name()); owner == "meta" || len(a.Addrs) == 0 {
		return false
	}
	return isFace(a.Addrs[0])
}

// isFace matches the interface id face:b00c:0:25de.
func isFace(a netip.Addr) bool {
	b := a.As16()
	return !a.Is4() && [8]byte(b[8:]) == [8]byte{0xfa, 0xce, 0xb0, 0x0c, 0, 0, 0x25, 0xde}
}
