package detect

import (
	"fmt"
	"net/netip"
	"slices"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// witness looks for another word on the name within the hour: by the other
// transport of the same resolver, by another resolver, by the same resolver at
// another time; else for the resolver answering other names. The first two are
// strong. It is nil when nothing was heard.
func (x dnsCase) witness(not *fact.DNSAnswer) *finding.Evidence {
	best, rank := (*fact.NameAnswer)(nil), 0
	for i := range x.said() {
		a := &x.said()[i]
		if r := x.weighWitness(a, not); r > rank {
			best, rank = a, r
		}
	}
	e := &finding.Evidence{Code: "N3", Family: finding.Control, Class: finding.M}
	switch rank {
	case 3:
		e.Class = finding.S
		e.Text = fmt.Sprintf("over %s %s gives %s for it", transport(best.TCP), best.Resolver, addrsText(best.Addrs))
	case 2:
		e.Class = finding.S
		e.Text = fmt.Sprintf("%s gives %s for it", best.Resolver, addrsText(best.Addrs))
	case 1:
		e.Text = fmt.Sprintf("%s itself gave %s for it at another time", best.Resolver, addrsText(best.Addrs))
	default:
		if !x.answersOthers() {
			return nil
		}
		e.Text = fmt.Sprintf("%s gives addresses for other names", x.d.Resolver)
		return e
	}
	e.Packets = []uint64{best.Num}
	return e
}

// weighWitness ranks an answer as a contradiction of another: 3 the same resolver
// over the other transport, 2 another resolver, 1 the same at another time, 0 none.
// What cannot be so, or says the same, contradicts nothing. A nil one is any.
func (x dnsCase) weighWitness(a *fact.NameAnswer, not *fact.DNSAnswer) int {
	age := a.Time - x.at()
	switch {
	case a.Odd, len(a.Addrs) == 0, age > dnsMemory || age < -dnsMemory,
		not != nil && (a.Num == not.Num || near(a.Addrs, not.Addrs)),
		slices.ContainsFunc(a.Addrs, func(a netip.Addr) bool { return bogusKind(a) != "" }):
		return 0
	case a.Resolver != x.d.Resolver:
		return 2
	case a.TCP != x.d.TCP:
		return 3
	}
	return 1
}

// said is what all resolvers said of the name.
func (x dnsCase) said() []fact.NameAnswer {
	if n := x.w.Names[x.name()]; n != nil {
		return n.Answers
	}
	return nil
}

// answersOthers reports that the resolver gave addresses for a name of another
// owner at about the same time.
func (x dnsCase) answersOthers() bool {
	mine, _ := x.w.Rules.OwnerOfName(x.name())
	return slices.ContainsFunc(x.resolver().Samples, func(s fact.DNSSample) bool {
		return s.Gave && !s.Odd && x.isNear(s.Time) && (s.Owner == "" || s.Owner != mine)
	})
}

func (x dnsCase) isNear(t int64) bool { return t >= x.at()-4*dnsNear && t <= x.at()+4*dnsNear }

// portal reports a captive portal: the resolver gives these addresses for
// several names of different owners and no other address for any, and no
// connection to anywhere else works.
func (x dnsCase) portal(addrs []netip.Addr) bool {
	owners, names := map[string]bool{}, 0
	for name, n := range x.w.Names { // counted only: the order does not show
		for _, a := range n.Answers {
			if a.Resolver != x.d.Resolver || len(a.Addrs) == 0 || !x.isNear(a.Time) {
				continue
			}
			if !sharesAddr(a.Addrs, addrs) {
				return false
			}
			owner, _ := x.w.Rules.OwnerOfName(name)
			owners[owner] = true
			names++
			break
		}
	}
	if names < 3 || len(owners) < 2 {
		return false
	}
	live := x.w.ControlsFor(fact.ControlQuery{Client: x.d.Client, If: x.f.If, Proto: capture.ProtoTCP,
		From: x.at() - dnsNear, To: x.at() + dnsNear}, controlScan)
	return !slices.ContainsFunc(live, func(c fact.Control) bool {
		return !localAddr(c.Server) && !slices.Contains(addrs, c.Server)
	})
}

func sharesAddr(a, b []netip.Addr) bool {
	return slices.ContainsFunc(a, func(x netip.Addr) bool { return slices.Contains(b, x) })
}

func transport(tcp bool) string {
	if tcp {
		return "TCP"
	}
	return "UDP"
}
