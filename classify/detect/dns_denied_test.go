package detect

import (
	"net/netip"
	"strings"
	"testing"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

func TestDNSDenied(t *testing.T) {
	const name = "web.whatsapp.com"
	nx := func(num uint64) fact.DNSAnswer { return denies(num, 38, rcodeNXDomain) }
	ask := func(resolver string, answers ...fact.DNSAnswer) *fact.Flow {
		return dnsFlow(query(resolver, name, answers...))
	}
	overTCP := func() *fact.World { return heard(dnsWorld(), name, told(google, true, 1, waIs)) }
	otherSays := func() *fact.World { return heard(dnsWorld(), name, told("9.9.9.9", false, -600, waIs)) }
	busy := func() *fact.World { return heard(dnsWorld(), "api.oneme.ru", told(google, false, 1, "217.20.152.19")) }
	national := nx(11)
	national.AA = true
	for _, c := range []struct {
		name  string
		flow  *fact.Flow
		world *fact.World
		want  finding.Verdict
	}{
		{"F20: NXDOMAIN without SOA, over TCP it has addresses", ask(google, nx(11)), overTCP(), finding.Likely},
		{"NXDOMAIN as a resolver builds it, over TCP it has addresses", ask(google, honest(nx(11), "whatsapp.com.")), overTCP(), finding.Suspected},
		{"NXDOMAIN as a resolver builds it, another resolver knows better", ask(google, honest(nx(11), "com")), otherSays(), finding.Suspected},
		{"NXDOMAIN without SOA, the resolver knows other names", ask(google, nx(11)), busy(), finding.Suspected},
		{"the print of the national resolvers in another's name", ask(google, national), busy(), finding.Likely},
		{"NXDOMAIN without SOA, nothing else known", ask(google, nx(11)), dnsWorld(), finding.Suspected},
		{"NXDOMAIN as a resolver builds it, nothing else known", ask(google, honest(nx(11), "com")), dnsWorld(), finding.Unexplained},
		{"the SOA of the root", ask(google, honest(nx(11), ".")), overTCP(), finding.Likely},
		{"the SOA of another zone", ask(google, honest(nx(11), "rpz.example")), overTCP(), finding.Likely},
		{"another resolver said so two hours ago", ask(google, honest(nx(11), "com")), heard(dnsWorld(), name, told("9.9.9.9", false, -7200, waIs)), finding.Unexplained},
		{"another resolver says 0.0.0.0: no witness", ask(google, honest(nx(11), "com")), heard(dnsWorld(), name, told("9.9.9.9", false, 1, "0.0.0.0")), finding.Unexplained},
		{"first NXDOMAIN, a copy of the query gets an address", func() *fact.Flow {
			f := ask(google, honest(nx(11), "com"), says(12, 41, waIs))
			f.DNS[0].Copies = 2
			return f
		}(), dnsWorld(), finding.Suspected},
		{"two answers to one query are judged as forged", ask(google, nx(11), says(12, 41, waIs)), overTCP(), ""},
		{"an empty answer", ask(google, honest(says(11, 38), "whatsapp.com")), overTCP(), finding.Suspected},
		{"an empty answer for another type is nothing", func() *fact.Flow {
			f := ask(google, says(11, 38))
			f.DNS[0].QType = 65
			return f
		}(), overTCP(), ""},
		{"it leads to another name", func() *fact.Flow {
			f := ask(google, says(11, 38))
			f.DNS[0].Answers[0].Targets = []string{"mmx-ds.cdn.whatsapp.net"}
			return f
		}(), overTCP(), ""},
		{"REFUSED, the resolver refuses this client", ask(google, denies(11, 38, rcodeRefused)), otherSays(), finding.Unexplained},
		{"REFUSED, while other names are answered", ask(google, denies(11, 38, rcodeRefused)), busy(), finding.Suspected},
		{"SERVFAIL happens", ask(google, denies(11, 38, rcodeServFail)), otherSays(), finding.Unexplained},
		{"B29: the own resolver's policy", ask(router, nx(11)), otherSays(), finding.Benign},
		{"a resolver that answers otherwise on purpose", ask("111.88.96.50", nx(11)), otherSays(), finding.Suspected},
		{"a name that need not exist", dnsFlow(query(google, "xyz.whatsapp.com.lan", nx(11))), overTCP(), ""},
		{"an address", ask(google, says(11, 38, waIs)), overTCP(), ""},
		{"no answer", ask(google), overTCP(), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := DNSDenied{}.Judge(c.flow, c.world)
			wellFormed(t, j)
			if got := verdictOf(t, j); got != c.want {
				t.Fatalf("%q, want %q: %+v", got, c.want, j)
			}
			if c.want == finding.Benign && j.Findings[0].BenignCause != "local_policy" {
				t.Errorf("cause %q", j.Findings[0].BenignCause)
			}
		})
	}
}

func TestDNSDeniedShape(t *testing.T) {
	a := denies(11, 3, rcodeNXDomain)
	a.RA, a.EDNS, a.AA, a.IPTTL = false, false, true, 59
	f := DNSDenied{}.Judge(dnsFlow(query(google, "web.whatsapp.com", a)), dnsWorld()).Findings[0]
	for _, part := range []string{"no SOA", "authoritative", "EDNS", "recursion"} {
		if !strings.Contains(f.For[1].Text, part) {
			t.Errorf("%q is not in %q", part, f.For[1].Text)
		}
	}
	if last := f.For[len(f.For)-1]; last.Code != "N2" || last.Class != finding.S || !strings.Contains(last.Text, "5 hops") || f.Verdict != finding.Likely {
		t.Errorf("%s: %+v", f.Verdict, f.For)
	}
	if want := `NXDOMAIN "from" 8.8.8.8 after 3.0 ms for web.whatsapp.com, which exists`; f.Summary != want {
		t.Errorf("summary %q", f.Summary)
	}
}

func TestDNSUnanswered(t *testing.T) {
	silent := func(change func(f *fact.Flow, d *fact.DNS)) *fact.Flow {
		f := dnsFlow(query(google, "web.whatsapp.com"))
		f.DNS[0].Copies = 3
		change(f, &f.DNS[0])
		return f
	}
	same := func(*fact.Flow, *fact.DNS) {}
	dead := dnsWorld()
	dead.Resolvers[netip.MustParseAddr(google)] = &fact.Resolver{Addr: netip.MustParseAddr(google)}
	for _, c := range []struct {
		name  string
		flow  *fact.Flow
		world *fact.World
		want  finding.Verdict
	}{
		{"three copies into nothing, the resolver answers others", silent(same), heard(dead, "api.oneme.ru", told(google, false, 1, "217.20.152.19")), finding.Suspected},
		{"three copies into nothing, the resolver answered something meanwhile", silent(same), dnsWorld(), finding.Suspected},
		{"the resolver answers nothing at all", silent(func(f *fact.Flow, d *fact.DNS) {}), func() *fact.World {
			w := dnsWorld()
			clear(w.Resolvers)
			w.Controls = []fact.Control{living(-5, 5)}
			return w
		}(), finding.Inconclusive},
		{"two copies are too few", silent(func(f *fact.Flow, d *fact.DNS) { d.Copies = 2 }), dnsWorld(), ""},
		{"four seconds are too few", silent(func(f *fact.Flow, d *fact.DNS) { f.Now = sec(4) }), dnsWorld(), ""},
		{"it was answered", silent(func(f *fact.Flow, d *fact.DNS) { d.Answers = []fact.DNSAnswer{says(11, 38, waIs)} }), dnsWorld(), ""},
		{"another query for the name was answered", silent(same), heard(dnsWorld(), "web.whatsapp.com", told(google, false, 2, waIs)), ""},
		{"a name of nobody known: its zone may be dead", silent(func(f *fact.Flow, d *fact.DNS) { d.QName = "www.example.org" }), dnsWorld(), ""},
		{"routers lose queries for AAAA", silent(func(f *fact.Flow, d *fact.DNS) { d.QType = 28 }), dnsWorld(), ""},
		{"only queries were captured", silent(func(f *fact.Flow, d *fact.DNS) { f.Blind = fact.BlindOneWay }), dnsWorld(), finding.Inconclusive},
		{"the kernel dropped packets", silent(func(f *fact.Flow, d *fact.DNS) { f.Blind = fact.BlindKernelDrops }), dnsWorld(), finding.Inconclusive},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := DNSUnanswered{}.Judge(c.flow, c.world)
			wellFormed(t, j)
			if got := verdictOf(t, j); got != c.want {
				t.Fatalf("%q, want %q: %+v", got, c.want, j)
			}
		})
	}
}
