package detect

import (
	"net/netip"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/service"
)

var dnsRules = service.Default()

const (
	google  = "8.8.8.8"
	router  = "192.168.1.1"
	adguard = "94.140.14.14"
	// waIs and waElse are addresses of WhatsApp's owner in different networks.
	waIs   = "157.240.205.60"
	waElse = "31.13.72.52"
)

// query is one exchange: the name for type A, asked at 0 s.
func query(resolver, name string, answers ...fact.DNSAnswer) fact.DNS {
	return fact.DNS{Query: fact.Mark{Num: 10, Time: sec(0)}, Copies: 1, ID: 7, QName: name, QNameRaw: name, QType: dnsTypeA,
		Resolver: netip.MustParseAddr(resolver), Client: netip.MustParseAddr(dropClient), EDNS: true, Answers: answers}
}

// says is an answer that came after so many ms, built as a resolver builds it.
func says(num uint64, after float64, addrs ...string) fact.DNSAnswer {
	a := fact.DNSAnswer{Num: num, Time: sec(after / 1e3), RTT: fact.Some(time.Duration(after * 1e6)), RA: true, EDNS: true, IPTTL: 118}
	for _, s := range addrs {
		a.Addrs = append(a.Addrs, netip.MustParseAddr(s))
	}
	return a
}

// denies is a negative answer without SOA, as an injector builds it.
func denies(num uint64, after float64, rcode uint8) fact.DNSAnswer {
	a := says(num, after)
	a.Rcode = rcode
	return a
}

// honest is a negative answer as a resolver builds it.
func honest(a fact.DNSAnswer, zone string) fact.DNSAnswer {
	a.HasSOA, a.SOAOwner = true, zone
	return a
}

// dnsFlow is the flow of these exchanges, judged 10 s after the query.
func dnsFlow(ds ...fact.DNS) *fact.Flow {
	return &fact.Flow{ID: 5, Key: dropKey(ds[0].Resolver.String(), capture.ProtoUDP, 53), Vantage: "host",
		Start: sec(0), Last: sec(0.1), Now: sec(10), DNS: ds}
}

// resolverAt is a resolver with 20 answers behind it, 38 ms and 10 hops away.
func resolverAt(addr string) *fact.Resolver {
	a := netip.MustParseAddr(addr)
	r := &fact.Resolver{Addr: a, Private: a.IsPrivate()}
	for i := range 20 {
		s := fact.DNSSample{Num: uint64(500 + i), Time: sec(3), RTT: int64(38 * time.Millisecond), TTL: 118, RA: true, AskedEDNS: true, EDNS: i >= 2}
		if i >= 18 {
			s.TTL = 119
		}
		r.Add(s)
	}
	return r
}

// told is what a resolver said of a name at some second.
func told(resolver string, tcp bool, at float64, addrs ...string) fact.NameAnswer {
	a := fact.NameAnswer{Resolver: netip.MustParseAddr(resolver), TCP: tcp, QType: dnsTypeA, Num: 900, Time: sec(at), Flow: 90}
	for _, s := range addrs {
		a.Addrs = append(a.Addrs, netip.MustParseAddr(s))
	}
	return a
}

// dnsWorld knows three resolvers and nothing of any name.
func dnsWorld() *fact.World {
	w := &fact.World{Vantage: "host", Rules: dnsRules, Resolvers: map[netip.Addr]*fact.Resolver{}, Names: map[string]*fact.NameFact{}}
	for _, r := range []string{google, router, adguard} {
		w.Resolvers[netip.MustParseAddr(r)] = resolverAt(r)
	}
	return w
}

// heard adds what was said of a name.
func heard(w *fact.World, name string, answers ...fact.NameAnswer) *fact.World {
	n := w.Names[name]
	if n == nil {
		n = &fact.NameFact{Name: name}
		w.Names[name] = n
	}
	n.Answers = append(n.Answers, answers...)
	owner, _ := dnsRules.OwnerOfName(name)
	for _, a := range answers {
		if r := w.Resolvers[a.Resolver]; r != nil {
			r.Add(fact.DNSSample{Num: a.Num, Time: a.Time, TCP: a.TCP, Owner: owner, Gave: len(a.Addrs) > 0,
				TTL: 118, RTT: int64(38 * time.Millisecond), RA: true, AskedEDNS: true, EDNS: true})
		}
	}
	return w
}
