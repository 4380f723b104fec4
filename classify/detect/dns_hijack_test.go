package detect

import (
	"net/netip"
	"strings"
	"testing"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

func TestDNSHijack(t *testing.T) {
	const name = "web.whatsapp.com"
	denied := func() *fact.Flow {
		return dnsFlow(query(google, name, honest(denies(11, 38, rcodeNXDomain), "com")))
	}
	wrong := func() *fact.Flow { return dnsFlow(query(google, name, says(11, 38, "1.2.3.4"))) }
	overTCP := func() *fact.World { return heard(dnsWorld(), name, told(google, true, 1, waIs)) }
	for _, c := range []struct {
		name  string
		judge FlowDetector
		flow  *fact.Flow
		world *fact.World
		want  finding.Verdict
		codes string
	}{
		{"F20: denied over UDP, over TCP not, and MSK-IX asks in Google's name", DNSDenied{},
			dnsFlow(query(google, name, denies(11, 38, rcodeNXDomain))), who(overTCP(), google, from(mskIX)), finding.Likely, "N3M N3S N4M N7S "},
		{"F20: hijacked, the address is not the owner's", DNSForged{}, wrong(), who(overTCP(), google, from(mskIX)), finding.Likely, "N5M N3S N7S "},
		{"hijacked, and nobody knows better", DNSForged{}, wrong(), who(dnsWorld(), google, from(mskIX)), finding.Suspected, "N5M N7S "},
		{"Google asks from an address that nobody knows: it has many", DNSForged{}, wrong(), who(dnsWorld(), google, from("173.194.98.5")), "", ""},
		{"two operators ask from one address", DNSForged{}, wrong(), who(who(dnsWorld(), google, from("203.0.113.77")), cloudflare, from("203.0.113.77")), finding.Suspected, "N5M N7S "},
		{"two addresses of one operator may ask from one", DNSForged{}, wrong(), who(who(dnsWorld(), google, from("203.0.113.77")), "8.8.4.4", from("203.0.113.77")), "", ""},
		{"it calls itself a host of the national system", DNSForged{}, wrong(),
			who(dnsWorld(), google, fact.Outlet{Text: "node3.A.auth-nsdi.ru.", Name: "id.server", Num: 77, Time: sec(1)}), finding.Suspected, "N5M N7S "},
		{"it calls itself something", DNSForged{}, wrong(),
			who(dnsWorld(), google, fact.Outlet{Text: "gpdns-fra", Name: "id.server", Num: 77, Time: sec(1)}), "", ""},
		{"over TCP it is another matter", DNSForged{}, wrong(), who(dnsWorld(), google, fact.Outlet{Addr: netip.MustParseAddr(mskIX), TCP: true, Num: 77, Time: sec(1)}), "", ""},
		{"two hours ago it was hijacked", DNSForged{}, wrong(), who(dnsWorld(), google, fact.Outlet{Addr: netip.MustParseAddr(mskIX), Num: 77, Time: sec(-7200)}), "", ""},
		{"hijacked, and denied as a resolver denies", DNSDenied{}, denied(), who(dnsWorld(), google, from(mskIX)), finding.Suspected, "N3M N7S "},
		{"the national resolver may ask from there", DNSDenied{}, dnsFlow(query("195.208.4.1", name, honest(denies(11, 38, rcodeNXDomain), "com"))),
			who(dnsWorld(), "195.208.4.1", from(mskIX)), finding.Unexplained, "N3M "},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := c.judge.Judge(c.flow, c.world)
			wellFormed(t, j)
			if got := verdictOf(t, j); got != c.want {
				t.Fatalf("%q, want %q: %+v", got, c.want, j)
			}
			if c.want != "" && codes(&j.Findings[0]) != c.codes {
				t.Errorf("evidence %s", codes(&j.Findings[0]))
			}
		})
	}
}

func TestDNSHijackedResolverByItself(t *testing.T) {
	a := says(77, 3, mskIX)
	f := dnsFlow(query(google, "whoami.akamai.net", a))
	fd := only(t, DNSForged{}.Judge(f, who(dnsWorld(), google, from(mskIX))))
	if fd.Technique != "hijack" || fd.Verdict != finding.Suspected || fd.Service != "" || !strings.Contains(fd.Summary, "MSK-IX") {
		t.Errorf("%+v", fd)
	}
	if j := (DNSForged{}).Judge(f, dnsWorld()); len(j.Findings) != 0 {
		t.Errorf("%+v", j)
	}
}

func TestOutletIn(t *testing.T) {
	six := says(11, 3, "2a00:1450:4001::1")
	txt := func(s string) fact.DNSAnswer { a := says(11, 3); a.Text = s; return a }
	ask := func(name string, qtype, class uint16) fact.DNS {
		d := query(google, name)
		d.QType, d.QClass = qtype, class
		return d
	}
	for _, c := range []struct {
		name string
		q    fact.DNS
		a    fact.DNSAnswer
		want string
	}{
		{"Akamai's", ask("whoami.akamai.net", 1, 1), says(11, 3, mskIX), mskIX},
		{"over IPv6", ask("whoami.akamai.net", 28, 1), six, "2a00:1450:4001::1"},
		{"Google's", ask("o-o.myaddr.l.google.com", typeTXT, 1), txt(mskIX), mskIX},
		{"Google's, of the client", ask("o-o.myaddr.l.google.com", typeTXT, 1), txt("edns0-client-subnet 192.0.2.0/24"), ""},
		{"the server's own name", ask("id.server", typeTXT, classCHAOS), txt("a.res-nsdi.ru"), "a.res-nsdi.ru"},
		{"a name of the Internet's that looks like it", ask("id.server", typeTXT, 1), txt("a.res-nsdi.ru"), ""},
		{"denied", ask("whoami.akamai.net", 1, 1), denies(11, 3, rcodeNXDomain), ""},
		{"another name", ask("web.whatsapp.com", 1, 1), says(11, 3, mskIX), ""},
	} {
		o, ok := OutletIn(&c.q, &c.a)
		got := o.Text
		if o.Addr.IsValid() {
			got = o.Addr.String()
		}
		if ok != (c.want != "") || ok && got != c.want {
			t.Errorf("%s: %q %v, want %q", c.name, got, ok, c.want)
		}
	}
}
