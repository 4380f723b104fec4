package detect

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/classify/known"
)

const (
	cloudflare = "1.1.1.1"
	mskIX      = "193.232.230.48"
	waSix      = "2a03:2880:f200:c5:face:b00c:0:167"
)

// who is an answer about where a resolver asks from.
func who(w *fact.World, resolver string, o fact.Outlet) *fact.World {
	a := netip.MustParseAddr(resolver)
	if w.Resolvers[a] == nil {
		w.Resolvers[a] = resolverAt(resolver)
	}
	if o.Num == 0 {
		o.Num, o.Time, o.Name = 77, sec(1), "whoami.akamai.net"
	}
	w.Resolvers[a].Hear(o)
	return w
}

func from(addr string) fact.Outlet { return fact.Outlet{Addr: netip.MustParseAddr(addr)} }

// only returns the one finding of a judgement.
func only(t *testing.T, j Judgement) *finding.Finding {
	t.Helper()
	wellFormed(t, j)
	if len(j.Findings) != 1 {
		t.Fatalf("%d findings: %+v", len(j.Findings), j)
	}
	return &j.Findings[0]
}

func codes(f *finding.Finding) string {
	out := ""
	for _, e := range f.For {
		out += e.Code + string(e.Class) + " "
	}
	return out
}

func TestDNSKnownForged(t *testing.T) {
	list, err := known.ReadIPs("list", strings.NewReader("name,scope,pattern_type,pattern\n"+
		"isp.page,isp,full,1.2.3.4\nprod.filter,prod,full,1.2.3.5\nnat.theirs,nat,full,"+waIs+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	world := func() *fact.World { w := dnsWorld(); w.ForgedIPs = list; return w }
	ask := func(resolver, name, addr string) *fact.Flow {
		return dnsFlow(query(resolver, name, says(11, 38, addr)))
	}
	for _, c := range []struct {
		name string
		flow *fact.Flow
		w    *fact.World
		want finding.Verdict
	}{
		{"N9: an address of a provider's", ask(google, "web.whatsapp.com", "1.2.3.4"), world(), finding.Confirmed},
		{"N9: where the owner's prefixes are not known", ask(google, "chat.signal.org", "1.2.3.4"), world(), finding.Confirmed},
		{"an address of a product's", ask(google, "chat.signal.org", "1.2.3.5"), world(), finding.Unexplained},
		{"the list is wrong about the owner's own address", ask(google, "web.whatsapp.com", waIs), world(), ""},
		{"without a list", ask(google, "chat.signal.org", "1.2.3.4"), dnsWorld(), ""},
		{"the own resolver's policy", ask(router, "chat.signal.org", "1.2.3.4"), world(), finding.Benign},
		{"a name of nobody known", ask(google, "www.example.org", "1.2.3.4"), world(), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := DNSForged{}.Judge(c.flow, c.w)
			wellFormed(t, j)
			if got := verdictOf(t, j); got != c.want {
				t.Fatalf("%q, want %q: %+v", got, c.want, j)
			}
		})
	}
}

func TestDNSPrints(t *testing.T) {
	answer := func(change func(a *fact.DNSAnswer)) fact.DNSAnswer {
		a := says(11, 3, "10.1.2.3")
		a.IPID, a.DF = fact.Some(uint16(4711)), true
		change(&a)
		return a
	}
	wandering := dnsWorld()
	for i, ttl := range []uint8{41, 77, 140, 203} {
		wandering.Resolvers[netip.MustParseAddr(google)].Add(fact.DNSSample{Num: uint64(i), Time: sec(0), TTL: ttl, Odd: true})
	}
	for _, c := range []struct {
		name string
		a    fact.DNSAnswer
		w    *fact.World
		want string
	}{
		{"injector 1", answer(func(a *fact.DNSAnswer) { a.DF, a.AA, a.MinTTL = false, true, 60 }), dnsWorld(), printFirst},
		{"its TTL is another", answer(func(a *fact.DNSAnswer) { a.DF, a.AA, a.MinTTL = false, true, 61 }), dnsWorld(), ""},
		{"injector 2", answer(func(*fact.DNSAnswer) {}), wandering, printSecond},
		{"the TTLs are a path's", answer(func(*fact.DNSAnswer) {}), dnsWorld(), ""},
		{"injector 3", answer(func(a *fact.DNSAnswer) { a.DF, a.IPID = false, fact.Some(uint16(0)) }), dnsWorld(), printThird},
		{"IPID 0 with DF is anybody's", answer(func(a *fact.DNSAnswer) { a.IPID = fact.Some(uint16(0)) }), dnsWorld(), ""},
		{"Iran", answer(func(a *fact.DNSAnswer) { a.Addrs = []netip.Addr{netip.MustParseAddr("10.10.34.35")} }), dnsWorld(), printIran},
		{"next to it", answer(func(a *fact.DNSAnswer) { a.Addrs = []netip.Addr{netip.MustParseAddr("10.10.34.37")} }), dnsWorld(), ""},
		{"Teredo, over IPv6", answer(func(a *fact.DNSAnswer) {
			a.IPID, a.Addrs = fact.Opt[uint16]{}, []netip.Addr{netip.MustParseAddr("2001::1f0d:5e1a")}
		}), dnsWorld(), printTeredo},
	} {
		t.Run(c.name, func(t *testing.T) {
			fd := only(t, DNSForged{}.Judge(dnsFlow(query(google, "web.whatsapp.com", c.a)), c.w))
			if fd.ConsistentWith != c.want {
				t.Errorf("%q, want %q", fd.ConsistentWith, c.want)
			}
		})
	}
}

func TestDNSSurvived(t *testing.T) {
	f19 := func() *fact.Flow {
		return dnsFlow(query(google, "web.whatsapp.com", says(11, 3, "1.2.3.4"), says(12, 41, waIs)))
	}
	to := func(server, name string, at float64) *fact.World {
		w := dnsWorld()
		w.Controls = []fact.Control{{Flow: 50, Server: netip.MustParseAddr(server), Client: netip.MustParseAddr(dropClient),
			Name: name, Port: 443, Proto: capture.ProtoTCP, First: sec(at), Last: sec(at + 1)}}
		return w
	}
	for _, c := range []struct {
		name string
		w    *fact.World
		want bool
	}{
		{"it went to the right address", to(waIs, "web.whatsapp.com", 0.1), true},
		{"to another one of the owner's", to(waElse, "web.whatsapp.com", 0.1), true},
		{"to an address that another resolver gave, without a name", heard(to(waElse, "", 0.1), "web.whatsapp.com", told("9.9.9.9", false, 1, waElse)), true},
		{"to the forged address, where somebody answers", to("1.2.3.4", "web.whatsapp.com", 0.1), false},
		{"to another name", to(waIs, "mmg.whatsapp.net", 0.1), false},
		{"before it asked", to(waIs, "web.whatsapp.com", -5), false},
		{"an hour later", to(waIs, "web.whatsapp.com", 3600), false},
		{"nowhere", dnsWorld(), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			fd := only(t, DNSForged{}.Judge(f19(), c.w))
			if fd.Survived != c.want || fd.Verdict != finding.Confirmed || strings.Contains(fd.Summary, "all the same") != c.want {
				t.Errorf("survived %v, %s: %s", fd.Survived, fd.Verdict, fd.Summary)
			}
		})
	}
}

func TestDNSAnswersOfCopies(t *testing.T) {
	at := func(a fact.DNSAnswer, copies int) fact.DNSAnswer { a.Copies = copies; return a }
	late := says(12, 6000, waIs)
	for _, c := range []struct {
		name    string
		answers []fact.DNSAnswer
		copies  int
		want    finding.Verdict
	}{
		{"F19: both came before the query was sent again", []fact.DNSAnswer{at(says(11, 3, "1.2.3.4"), 1), at(says(12, 41, waIs), 1)}, 2, finding.Confirmed},
		{"F19: the right one came after the second copy", []fact.DNSAnswer{at(says(11, 3, "1.2.3.4"), 1), at(says(12, 41, waIs), 2)}, 2, ""},
		{"an answer after 6 s is about nothing any more", []fact.DNSAnswer{at(says(11, 3, "1.2.3.4"), 1), at(late, 1)}, 1, ""},
		{"F19 over IPv6", []fact.DNSAnswer{at(says(11, 3, "2001:470:1::9"), 1), at(says(12, 41, waSix), 1)}, 1, finding.Confirmed},
		{"B28: two networks of one owner over IPv6", []fact.DNSAnswer{at(says(11, 38, waSix), 1), at(says(12, 41, "2a03:2880:f142:82:face:b00c:0:25de"), 1)}, 1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := query(google, "web.whatsapp.com", c.answers...)
			d.Copies = c.copies
			if got := verdictOf(t, DNSForged{}.Judge(dnsFlow(d), dnsWorld())); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestDNSHaste(t *testing.T) {
	early := func(change func(a *fact.DNSAnswer)) *fact.Flow {
		a := says(11, 3, "185.10.11.12")
		a.IPTTL = 59
		change(&a)
		return dnsFlow(query(google, "chat.signal.org", a))
	}
	same := func(*fact.DNSAnswer) {}
	others := func() *fact.World {
		return heard(dnsWorld(), "chat.signal.org", told("9.9.9.9", false, -60, "13.248.212.111"))
	}
	few := others()
	few.Resolvers[netip.MustParseAddr(google)] = &fact.Resolver{Samples: resolverAt(google).Samples[:4]}
	stale := others()
	for i := range stale.Resolvers[netip.MustParseAddr(google)].Samples {
		stale.Resolvers[netip.MustParseAddr(google)].Samples[i].Time = sec(-400)
	}
	for _, c := range []struct {
		name  string
		flow  *fact.Flow
		world *fact.World
		want  finding.Verdict
	}{
		{"N2: too soon, from too near, and others give another network", early(same), others(), finding.Suspected},
		{"and the resolver is hijacked", early(same), who(others(), google, from(mskIX)), finding.Likely},
		{"too soon, from the resolver's distance: a cache", early(func(a *fact.DNSAnswer) { a.IPTTL = 118 }), others(), ""},
		{"from too near, in the resolver's time", early(func(a *fact.DNSAnswer) { *a = says(11, 38, "185.10.11.12"); a.IPTTL = 59 }), others(), ""},
		{"others give the same network", early(same), heard(dnsWorld(), "chat.signal.org", told("9.9.9.9", false, -60, "185.10.11.77")), ""},
		{"nobody else was asked", early(same), dnsWorld(), ""},
		{"four answers are no habit", early(same), few, ""},
		{"six minutes ago it was like that", early(same), stale, ""},
		{"B42: NAT64 makes another address of it", early(func(a *fact.DNSAnswer) {
			a.Addrs = []netip.Addr{netip.MustParseAddr("64:ff9b::9df0:cd3c")}
			a.IPTTL = 118
		}), others(), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := verdictOf(t, DNSForged{}.Judge(c.flow, c.world)); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestDNSShapeOfHabits(t *testing.T) {
	// A resolver that keeps the case of names and returns cookies.
	w := heard(dnsWorld(), "web.whatsapp.com", told(google, true, 1, waIs))
	r := w.Resolvers[netip.MustParseAddr(google)]
	for i := range r.Samples {
		r.Samples[i].AskedMixed, r.Samples[i].Mixed, r.Samples[i].AskedCookie, r.Samples[i].Cookie = true, true, true, true
	}
	judge := func(change func(d *fact.DNS, a *fact.DNSAnswer)) *finding.Finding {
		d := query(google, "web.whatsapp.com", honest(denies(11, 38, rcodeNXDomain), "com"))
		d.QNameRaw, d.Cookie = "wEb.WhatsApp.com", true
		d.Answers[0].Cookie = true
		change(&d, &d.Answers[0])
		return only(t, DNSDenied{}.Judge(dnsFlow(d), w))
	}
	for _, c := range []struct {
		name, codes, says string
		change            func(d *fact.DNS, a *fact.DNSAnswer)
	}{
		{"as always", "N3M N3S ", "", func(*fact.DNS, *fact.DNSAnswer) {}},
		{"N4: the case is lost", "N3M N3S N4S ", "another case", func(_ *fact.DNS, a *fact.DNSAnswer) { a.Recased = true }},
		{"it was asked in one case", "N3M N3S ", "", func(d *fact.DNS, a *fact.DNSAnswer) { d.QNameRaw, a.Recased = d.QName, true }},
		{"N4: the cookie is lost", "N3M N3S N4M ", "cookie", func(_ *fact.DNS, a *fact.DNSAnswer) { a.Cookie = false }},
		{"N4: it is broken", "N3M N3S N4M ", "breaks the format", func(_ *fact.DNS, a *fact.DNSAnswer) { a.Broken = true }},
	} {
		t.Run(c.name, func(t *testing.T) {
			fd := judge(c.change)
			if codes(fd) != c.codes || c.says != "" && !strings.Contains(fd.For[len(fd.For)-1].Text, c.says) {
				t.Errorf("%s: %+v", codes(fd), fd.For)
			}
		})
	}
}

func TestDNSDeniedNamesThatOthersKnow(t *testing.T) {
	const name = "media-fra5-2.cdn.whatsapp.net" // of a service, on no list
	flow := dnsFlow(query(google, name, denies(11, 38, rcodeNXDomain)))
	fd := only(t, DNSDenied{}.Judge(flow, heard(dnsWorld(), name, told("9.9.9.9", false, -60, waIs))))
	if fd.Verdict != finding.Likely {
		t.Errorf("%s: %s", fd.Verdict, codes(fd))
	}
	if j := (DNSDenied{}).Judge(flow, dnsWorld()); len(j.Findings) != 0 {
		t.Errorf("it need not exist: %+v", j.Findings)
	}
}

func TestDNSUnansweredFromManyPorts(t *testing.T) {
	const name = "web.whatsapp.com"
	open := func(flow fact.FlowID, num uint64, at float64) fact.NameQuery {
		return fact.NameQuery{Num: num, Time: sec(at), Flow: flow, ID: uint16(num), QType: dnsTypeA,
			Client: netip.MustParseAddr(dropClient), Resolver: netip.MustParseAddr(google)}
	}
	world := func(change func(n *fact.NameFact)) *fact.World {
		w := heard(dnsWorld(), name)
		w.Names[name].Open = []fact.NameQuery{open(5, 10, 0), open(6, 20, 2), open(7, 30, 4)}
		w.Names[name].Open[0].ID = 7
		change(w.Names[name])
		return w
	}
	same := func(*fact.NameFact) {}
	flow := dnsFlow(query(google, name))
	fd := only(t, DNSUnanswered{}.Judge(flow, world(same)))
	if fd.Verdict != finding.Suspected || !slices.Equal(fd.Packets, []uint64{10, 20, 30}) {
		t.Errorf("%s, packets %v", fd.Verdict, fd.Packets)
	}
	second := dnsFlow(query(google, name))
	second.ID, second.DNS[0].ID, second.DNS[0].Query = 6, 20, fact.Mark{Num: 20, Time: sec(2)}
	for _, c := range []struct {
		name string
		flow *fact.Flow
		w    *fact.World
	}{
		{"the second copy is told of with the first", second, world(same)},
		{"another client's copy is none", flow, world(func(n *fact.NameFact) { n.Open[2].Client = netip.MustParseAddr("192.168.1.99") })},
		{"nor is one to another resolver", flow, world(func(n *fact.NameFact) { n.Open[2].Resolver = netip.MustParseAddr("9.9.9.9") })},
		{"nor is one for AAAA", flow, world(func(n *fact.NameFact) { n.Open[2].QType = 28 })},
		{"nor is one two minutes later", flow, world(func(n *fact.NameFact) { n.Open[2].Time = sec(121) })},
	} {
		t.Run(c.name, func(t *testing.T) {
			if j := (DNSUnanswered{}).Judge(c.flow, c.w); len(j.Findings) != 0 {
				t.Errorf("%+v", j.Findings)
			}
		})
	}
	w := world(same)
	heard(w, name, told(google, true, 3, waIs))
	if fd := only(t, DNSUnanswered{}.Judge(flow, w)); fd.Verdict != finding.Suspected || !slices.Contains(fd.RuledOut, "dead_zone") {
		t.Errorf("answered over TCP: %s, ruled out %v", fd.Verdict, fd.RuledOut)
	}
}

func TestDNSServfail(t *testing.T) {
	a := denies(11, 3, rcodeServFail)
	a.IPTTL = 59
	knows := func() *fact.World {
		return heard(dnsWorld(), "web.telegram.org", told("8.8.4.4", false, 1, "149.154.167.99"))
	}
	if fd := only(t, DNSDenied{}.Judge(dnsFlow(query(google, "web.telegram.org", a)), knows())); fd.Verdict.Rank() < finding.Suspected.Rank() {
		t.Errorf("too soon and from too near: %s, %s", fd.Verdict, codes(fd))
	}
	a.IPTTL = 118
	if fd := only(t, DNSDenied{}.Judge(dnsFlow(query(google, "web.telegram.org", a)), knows())); fd.Verdict != finding.Unexplained {
		t.Errorf("too soon alone, resolvers fail every day: %s, %s", fd.Verdict, codes(fd))
	}
}

func TestDNSPlace(t *testing.T) {
	near := says(11, 38, "10.1.2.3")
	near.IPTTL = 60
	for _, c := range []struct {
		name string
		flow *fact.Flow
		want finding.Segment
		hops bool
	}{
		{"4 hops away, the resolver 10", dnsFlow(query(google, "web.whatsapp.com", near)), finding.ServerSide, true},
		{"the first of two answers", dnsFlow(query(google, "web.whatsapp.com", near, says(12, 41, waIs))), finding.ServerSide, true},
		{"from where the resolver is", dnsFlow(query(google, "web.whatsapp.com", says(11, 38, "10.1.2.3"))), finding.UnknownSegment, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			fd := only(t, DNSForged{}.Judge(c.flow, dnsWorld()))
			if fd.Segment != c.want || (fd.Hops != nil) != c.hops {
				t.Fatalf("%s, %+v", fd.Segment, fd.Hops)
			}
			if c.hops && (*fd.Hops.Injector != [2]int{3, 5} || *fd.Hops.Server != [2]int{10, 10}) {
				t.Errorf("%v, %v", *fd.Hops.Injector, *fd.Hops.Server)
			}
		})
	}
}
