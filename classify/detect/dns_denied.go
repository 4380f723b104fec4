package detect

import (
	"fmt"
	"slices"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// DNSDenied finds resolvers that deny a name which exists for certain
// (resets-and-drops, N3 and N4): the denial itself, how it is built, and what
// another transport or resolver says of the name.
type DNSDenied struct{}

// Name returns "dns.denied".
func (DNSDenied) Name() string { return string(finding.DNSDenied) }

// Judge judges the exchanges of one flow.
func (DNSDenied) Judge(f *fact.Flow, w *fact.World) Judgement {
	j := judging(w)
	j.needs("denial", "NXDOMAIN, REFUSED, SERVFAIL or an empty answer for a name that exists for certain")
	j.needs("witness", "another transport or resolver that gives addresses for it")
	for _, x := range dnsCases(f, w) {
		if !x.exists() && !x.attested() {
			continue
		}
		if _, ok := x.doubled(); ok {
			j.stop("doubled", "%s was answered twice: that is judged as forged", x.name())
			continue
		}
		for i := range x.d.Answers {
			what := denial(&x.d.Answers[i], x.d.QType)
			if what != "" && (x.exists() || x.d.Answers[i].Rcode == rcodeNXDomain) {
				x.judgeDenial(&x.d.Answers[i], what, &j)
				break
			}
		}
	}
	return j
}

func (x dnsCase) judgeDenial(a *fact.DNSAnswer, what string, j *Judgement) {
	fd := x.start(finding.DNSDenied)
	fd.Summary = fmt.Sprintf(`%s "from" %s%s for %s, which exists`, what, x.d.Resolver, after(a), x.name())
	if x.ownResolver() {
		fd.NotRuledOut = append(fd.NotRuledOut, "resolver_upstream")
		j.benign(fd, "local_policy", "the resolver is on this side of the uplink: whoever runs it decides, or what it asks in turn")
		return
	}
	fd.For = append(fd.For, x.denied(a, what))
	haste, _ := x.haste(a)
	if better := x.denialWitness(a); better != nil {
		fd.For = append(fd.For, *better)
	} else {
		j.stop("no_witness", "nobody was heard to say otherwise of %s", x.name())
	}
	if e, ok := x.shape(a); ok && (a.Rcode != rcodeServFail || haste.Class == finding.S) {
		fd.For = append(fd.For, e)
	}
	if haste.Class != "" {
		fd.For = append(fd.For, haste)
	}
	if e := x.hijack(); e != nil {
		fd.For = append(fd.For, *e)
	}
	fd.RuledOut = append(fd.RuledOut, "own_resolver", "no_such_name")
	fd.NotRuledOut = append(fd.NotRuledOut, "resolver_policy")
	ceiling := finding.Likely
	if info, ok := x.w.Rules.Resolver(x.d.Resolver); ok && (info.Rewrites || info.Filters) {
		ceiling = finding.Suspected // who chose it may have wanted this
	}
	if a.Rcode == rcodeServFail && haste.Class != finding.S {
		ceiling = finding.Unexplained // resolvers fail every day
	}
	x.place(&fd, a)
	x.survive(&fd)
	j.conclude(fd, ceiling)
}

// denied is the denial itself as evidence.
func (x dnsCase) denied(a *fact.DNSAnswer, what string) finding.Evidence {
	e := finding.Evidence{Code: "N3", Family: finding.Content, Class: finding.M, Got: what, Packets: []uint64{a.Num},
		Text: fmt.Sprintf("%s for %s, a name that exists for certain", what, x.name())}
	if !x.exists() {
		e.Text = fmt.Sprintf("%s for %s, a name that others give addresses for", what, x.name())
	}
	if a.Rcode == rcodeServFail {
		e.Class = finding.W // resolvers fail every day
	}
	return e
}

// attested reports a known party's name that another resolver, or another
// transport, gives addresses for.
func (x dnsCase) attested() bool {
	if !x.owned() {
		return false
	}
	return slices.ContainsFunc(x.said(), func(a fact.NameAnswer) bool { return x.weighWitness(&a, nil) >= 2 })
}

// denialWitness is the best contradiction. A resolver that refuses refuses the
// client, not the name: only its own other answers count. That others succeed
// where one fails is everyday.
func (x dnsCase) denialWitness(a *fact.DNSAnswer) *finding.Evidence {
	if e := x.laterCopy(a); e != nil {
		return e
	}
	e := x.witness(a)
	switch {
	case e == nil:
		return nil
	case a.Rcode == rcodeServFail:
		e.Class = finding.M
	case a.Rcode == rcodeRefused:
		e = nil
		if x.answersOthers() {
			e = &finding.Evidence{Code: "N3", Family: finding.Control, Class: finding.M,
				Text: fmt.Sprintf("%s gives addresses for other names", x.d.Resolver)}
		}
	}
	return e
}

// laterCopy: another copy of the very same query got addresses.
func (x dnsCase) laterCopy(not *fact.DNSAnswer) *finding.Evidence {
	for i := range x.d.Answers {
		a := &x.d.Answers[i]
		if _, kind := bogus(a); a.Num == not.Num || len(a.Addrs) == 0 || kind != "" {
			continue
		}
		return &finding.Evidence{Code: "N3", Family: finding.Control, Class: finding.S, Packets: []uint64{a.Num},
			Text: fmt.Sprintf("another copy of the same query got %s", addrsText(a.Addrs))}
	}
	return nil
}
