package detect

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// classCHAOS asks a server of itself (RFC 4892 section 2.1).
const classCHAOS = 3

// typeTXT is the type that names of servers come in.
const typeTXT = 16

// whoAsks are names whose servers answer with the address that asks them: that of
// the resolver (resets-and-drops, N7). Akamai's and Google's.
var whoAsks = []string{
	"whoami.akamai.net", "whoami.ipv4.akahelp.net", "whoami.ipv6.akahelp.net",
	"o-o.myaddr.l.google.com", "o-o.myaddr.google.com",
}

// whoIs are questions to a resolver for its own name (RFC 4892 section 2).
var whoIs = []string{"id.server", "hostname.bind"}

// OutletIn returns what an answer says of where its resolver asks from, or of what
// it calls itself.
func OutletIn(q *fact.DNS, a *fact.DNSAnswer) (fact.Outlet, bool) {
	name := strings.TrimSuffix(q.QName, ".")
	o := fact.Outlet{Name: name, TCP: q.TCP, Num: a.Num, Time: a.Time}
	switch {
	case a.Rcode != 0:
		return o, false
	case q.QClass == classCHAOS && q.QType == typeTXT && slices.Contains(whoIs, name):
		o.Text = a.Text
		return o, a.Text != ""
	case q.QClass == classCHAOS || !slices.Contains(whoAsks, name):
		return o, false
	case len(a.Addrs) > 0:
		o.Addr = a.Addrs[0].Unmap()
		return o, true
	}
	addr, err := netip.ParseAddr(a.Text)
	o.Addr = addr.Unmap()
	return o, err == nil
}

// hijack is the evidence that another answers in place of the resolver, nil without:
// what it asks from is another operator's, or the same as that of a resolver of
// another operator (resets-and-drops, N7). A resolver may ask from anywhere, so
// that an address nobody knows is no evidence.
func (x dnsCase) hijack() *finding.Evidence {
	info, public := x.w.Rules.Resolver(x.d.Resolver)
	if x.d.TCP || !public || info.National || info.Rewrites {
		return nil
	}
	r := x.resolver()
	for i := len(r.Outlets) - 1; i >= 0; i-- {
		o := &r.Outlets[i]
		if age := o.Time - x.at(); o.TCP || age > dnsMemory || age < -dnsMemory {
			continue
		}
		if whose := x.foreign(o, info.ID); whose != "" {
			return &finding.Evidence{Code: "N7", Family: finding.Content, Class: finding.S, Got: o.Addr.String(), Packets: []uint64{o.Num},
				Text: fmt.Sprintf("who asks for %s in the name of %s (%s) is %s", o.Name, x.d.Resolver, info.Name, whose)}
		}
	}
	return nil
}

// foreign says whose an outlet is, if it cannot be the resolver's with that id.
func (x dnsCase) foreign(o *fact.Outlet, id string) string {
	if o.Text != "" {
		if other, ok := x.w.Rules.ResolverCalling(o.Text); ok && other.ID != id {
			return fmt.Sprintf("%q, a host of %s", o.Text, other.Name)
		}
		return ""
	}
	if other, ok := x.w.Rules.Outlet(o.Addr); ok {
		if other.ID == id {
			return ""
		}
		return fmt.Sprintf("%s, an address of %s", o.Addr, other.Name)
	}
	var shared []string
	for addr, r := range x.w.Resolvers { // sorted below
		other, ok := x.w.Rules.Resolver(addr)
		if !ok || other.ID == id {
			continue
		}
		if slices.ContainsFunc(r.Outlets, func(p fact.Outlet) bool { return !p.TCP && p.Addr == o.Addr }) {
			shared = append(shared, addr.String())
		}
	}
	if len(shared) == 0 {
		return ""
	}
	return fmt.Sprintf("%s, and the same in the name of %s, another operator's", o.Addr, slices.Min(shared))
}

// judgeOutlet tells of a hijacked resolver by itself: whose names are forged there
// is another question. More than suspected it is not: a provider that answers in
// others' names may do it honestly.
func (x dnsCase) judgeOutlet(j *Judgement) {
	for i := range x.d.Answers {
		a := &x.d.Answers[i]
		if _, ok := OutletIn(x.d, a); !ok {
			continue
		}
		e := x.hijack()
		if e == nil || !slices.Contains(e.Packets, a.Num) {
			j.saw("outlet", "%s was asked who it is, and nothing in its answer is another operator's", x.d.Resolver)
			return
		}
		fd := x.start(finding.DNSForged)
		fd.Technique = "hijack"
		fd.Summary = fmt.Sprintf(`another answers "from" %s: %s`, x.d.Resolver, e.Text)
		fd.For = append(fd.For, *e)
		if h, ok := x.haste(a); ok {
			fd.For = append(fd.For, h)
		}
		fd.RuledOut = append(fd.RuledOut, "own_resolver")
		fd.NotRuledOut = append(fd.NotRuledOut, "honest_proxy")
		j.conclude(fd, finding.Suspected)
		return
	}
}
