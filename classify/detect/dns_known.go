package detect

import (
	"fmt"
	"net/netip"
	"slices"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/classify/known"
)

// knownForged lists the addresses of an answer that the user's list has as forged
// (resets-and-drops, N9), but for those that the name's owner has.
func (x dnsCase) knownForged(a *fact.DNSAnswer) (out []known.IP) {
	if x.w.ForgedIPs == nil {
		return nil
	}
	for _, addr := range a.Addrs {
		if ip, ok := x.w.ForgedIPs.Lookup(addr); ok && !x.theirs(addr) {
			out = append(out, ip)
		}
	}
	return out
}

// theirs reports an address in the prefixes of the name's owner.
func (x dnsCase) theirs(a netip.Addr) bool {
	mine, _ := x.w.Rules.OwnerOfName(x.name())
	whose, ok := x.w.Rules.OwnerOfAddr(a)
	return ok && whose == mine
}

// listed is the evidence of such a list: an address of a network's or provider's
// own is conclusive, another says where the answer may come from.
func listed(ip *known.IP, a *fact.DNSAnswer) finding.Evidence {
	e := finding.Evidence{Code: "N9", Family: finding.Content, Class: finding.M, Got: ip.Addr.String(), Packets: []uint64{a.Num},
		Text: fmt.Sprintf("%s is %q of the list of forged addresses", ip.Addr, ip.Name)}
	if slices.Contains([]string{"nat", "isp"}, ip.Scope) {
		e.Class = finding.C
	}
	return e
}

// judgeKnown judges an answer with an address of the user's list.
func (x dnsCase) judgeKnown(a *fact.DNSAnswer, j *Judgement) bool {
	list := x.knownForged(a)
	if len(list) == 0 {
		return false
	}
	fd := x.start(finding.DNSForged)
	fd.Technique = "known"
	fd.Summary = fmt.Sprintf(`%s is %s, says %s%s: a known forged address`, x.name(), list[0].Addr, x.d.Resolver, after(a))
	if cause, text := x.excuse(a, bogusKind(list[0].Addr)); cause != "" {
		j.benign(fd, cause, text)
		return true
	}
	x.concludeForged(fd, listed(&list[0], a), a, j)
	return true
}
