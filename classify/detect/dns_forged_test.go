package detect

import (
	"slices"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

func TestDNSForgedDouble(t *testing.T) {
	two := func(a, b fact.DNSAnswer) *fact.Flow { return dnsFlow(query(google, "web.whatsapp.com", a, b)) }
	with := func(f *fact.Flow, change func(f *fact.Flow, d *fact.DNS)) *fact.Flow {
		change(f, &f.DNS[0])
		return f
	}
	f19 := func() *fact.Flow { return two(says(11, 3, "1.2.3.4"), says(12, 41, waIs)) }
	for _, c := range []struct {
		name string
		flow *fact.Flow
		want finding.Verdict
	}{
		{"F19: 1.2.3.4 after 3 ms, the owner's address after 41 ms", f19(), finding.Confirmed},
		{"the forged one came second", two(says(11, 3, waIs), says(12, 41, "1.2.3.4")), finding.Confirmed},
		{"NXDOMAIN, then an address", two(denies(11, 3, rcodeNXDomain), says(12, 41, waIs)), finding.Confirmed},
		{"a bogus address, then a true one", two(says(11, 3, "10.10.34.34"), says(12, 41, waIs)), finding.Confirmed},
		{"an empty answer, then an address", two(says(11, 38), says(12, 41, waIs)), finding.Suspected},
		{"unknown owners, and nothing else is odd", dnsFlow(query(google, "www.example.org", says(11, 38, "93.184.216.34"), says(12, 41, "185.10.11.12"))), finding.Unexplained},
		{"unknown owners, the first too fast", dnsFlow(query(google, "www.example.org", says(11, 3, "93.184.216.34"), says(12, 41, "185.10.11.12"))), finding.Suspected},
		{"B28: two networks of one owner", two(says(11, 38, waIs), says(12, 41, waElse)), ""},
		{"B28: one answer for each copy of the query", with(f19(), func(f *fact.Flow, d *fact.DNS) { d.Copies = 2 }), ""},
		{"B28: identical copies from a mirror", with(two(says(11, 38, waIs), says(12, 38, waIs)), func(f *fact.Flow, d *fact.DNS) { d.Answers[1].Identical = true }), ""},
		{"the same addresses in another order", two(says(11, 38, waIs, waElse), says(12, 41, waElse, waIs)), ""},
		{"two addresses of one /24", dnsFlow(query(google, "www.example.org", says(11, 38, "93.184.216.34"), says(12, 41, "93.184.216.80"))), ""},
		{"a SERVFAIL twin", two(denies(11, 38, rcodeServFail), says(12, 41, waIs)), ""},
		{"truncated, then whole", with(two(says(11, 38), says(12, 41, waIs)), func(f *fact.Flow, d *fact.DNS) { d.Answers[0].TC = true }), ""},
		{"over TCP there is one answer only", with(f19(), func(f *fact.Flow, d *fact.DNS) { d.TCP = true }), ""},
		{"the query was not captured", with(f19(), func(f *fact.Flow, d *fact.DNS) { d.Query.Num, d.Copies = 0, 0 }), finding.Suspected},
		{"the query was not captured, and the contradiction is weak", with(two(says(11, 38), says(12, 41, waIs)), func(f *fact.Flow, d *fact.DNS) { d.Query.Num, d.Copies = 0, 0 }), finding.Inconclusive},
		{"multicast DNS answers as often as it likes", with(f19(), func(f *fact.Flow, d *fact.DNS) { f.Key.DstPort = 5353 }), ""},
		{"LLMNR too", with(f19(), func(f *fact.Flow, d *fact.DNS) { f.Key.DstPort = 5355 }), ""},
		{"a name of the local network", with(f19(), func(f *fact.Flow, d *fact.DNS) { d.QName = "printer.local" }), ""},
		{"on the own network it may be two routers", dnsFlow(query(router, "web.whatsapp.com", says(11, 3, "1.2.3.4"), says(12, 41, waIs))), finding.Suspected},
		{"weak contradiction, and the capture lost packets", with(two(says(11, 38), says(12, 41, waIs)), func(f *fact.Flow, d *fact.DNS) { f.Blind = fact.BlindKernelDrops }), finding.Inconclusive},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := DNSForged{}.Judge(c.flow, dnsWorld())
			wellFormed(t, j)
			if got := verdictOf(t, j); got != c.want {
				t.Fatalf("%q, want %q: %+v", got, c.want, j)
			}
		})
	}
}

func TestDNSForgedDoubleSaysWhatItSaw(t *testing.T) {
	a := says(11, 3, "1.2.3.4")
	a.IPTTL = 59
	f := DNSForged{}.Judge(dnsFlow(query(google, "web.whatsapp.com", a, says(12, 41, waIs))), dnsWorld()).Findings[0]
	if want := `two answers to one query for web.whatsapp.com "from" 8.8.8.8: 1.2.3.4 after 3.0 ms and 157.240.205.60 after 41 ms`; f.Summary != want {
		t.Errorf("summary %q", f.Summary)
	}
	if !slices.Equal(f.Packets, []uint64{10, 11, 12}) || f.Service != "whatsapp" || f.Name != "web.whatsapp.com" || f.Key == "" {
		t.Errorf("packets %v, service %q, name %q, key %q", f.Packets, f.Service, f.Name, f.Key)
	}
	codes := ""
	for _, e := range f.For {
		codes += e.Code + string(e.Class) + " "
	}
	if codes != "N1C N2S " {
		t.Errorf("evidence %s", codes)
	}
}

func TestDNSForgedAddresses(t *testing.T) {
	single := func(resolver, name string, addrs ...string) *fact.Flow {
		return dnsFlow(query(resolver, name, says(11, 38, addrs...)))
	}
	knows := func() *fact.World { return heard(dnsWorld(), "web.whatsapp.com", told("9.9.9.9", false, -60, waIs)) }
	portal := func() *fact.World {
		w := dnsWorld()
		for _, name := range []string{"web.whatsapp.com", "web.telegram.org", "api.oneme.ru"} {
			heard(w, name, told(google, false, 1, "192.0.2.1"))
		}
		return w
	}
	busy := portal()
	busy.Controls = []fact.Control{living(-5, 5)}
	for _, c := range []struct {
		name  string
		flow  *fact.Flow
		world *fact.World
		want  finding.Verdict
		cause string
	}{
		{"10.10.34.34 for a public name", single(google, "web.whatsapp.com", "10.10.34.34"), dnsWorld(), finding.Suspected, ""},
		{"0.0.0.0 for a name that exists", single(google, "web.whatsapp.com", "0.0.0.0"), dnsWorld(), finding.Suspected, ""},
		{"127.0.0.1, and another resolver knows better", single(google, "web.whatsapp.com", "127.0.0.1"), knows(), finding.Likely, ""},
		{"0.0.0.0 for a name that lists of advertisers hold", single(google, "crashlogs.whatsapp.net", "0.0.0.0"), dnsWorld(), finding.Unexplained, ""},
		{"a Teredo address", single(google, "web.whatsapp.com", "2001::a27d:6f01"), dnsWorld(), finding.Confirmed, ""},
		{"Meta's interface id on another's name", single(google, "web.telegram.org", "2a03:2880:f10c:83:face:b00c:0:25de"), dnsWorld(), finding.Confirmed, ""},
		{"Meta's interface id on Meta's name", single(google, "web.whatsapp.com", "2a03:2880:f10c:83:face:b00c:0:25de"), dnsWorld(), "", ""},
		{"B29: Pi-hole answers 0.0.0.0", single(router, "web.whatsapp.com", "0.0.0.0"), dnsWorld(), finding.Benign, "local_policy"},
		{"a proxy's address", single(google, "web.whatsapp.com", "198.18.0.17"), dnsWorld(), finding.Benign, "local_policy"},
		{"B30: every name has the portal's address", single(google, "web.whatsapp.com", "192.0.2.1"), portal(), finding.Benign, "captive_portal"},
		{"the same, but other connections work: no portal", single(google, "web.whatsapp.com", "192.0.2.1"), busy, finding.Suspected, ""},
		{"the same, but other names have other addresses", single(google, "web.whatsapp.com", "192.0.2.1"),
			heard(portal(), "vk.com", told(google, false, 1, "87.240.132.67")), finding.Suspected, ""},
		{"a private name in private space", single(google, "intranet.corp.example", "10.1.2.3"), dnsWorld(), "", ""},
		{"NAT64", single(google, "web.whatsapp.com", "64:ff9b::9df0:cd3c"), dnsWorld(), "", ""},
		{"another's address, nobody says otherwise", single(google, "web.whatsapp.com", "1.2.3.4"), dnsWorld(), "", ""},
		{"another's address, and the resolver knows other names", single(google, "web.whatsapp.com", "1.2.3.4"),
			heard(dnsWorld(), "api.oneme.ru", told(google, false, 1, "217.20.152.19")), "", ""},
		{"another's address, and another resolver knows better", single(google, "web.whatsapp.com", "1.2.3.4"), knows(), finding.Suspected, ""},
		{"another's address from the own router", single(router, "web.whatsapp.com", "1.2.3.4"), knows(), finding.Benign, "local_policy"},
		{"the owner's address", single(google, "web.whatsapp.com", waIs), knows(), "", ""},
		{"another address of the owner", single(google, "web.whatsapp.com", waElse), knows(), "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := DNSForged{}.Judge(c.flow, c.world)
			wellFormed(t, j)
			if got := verdictOf(t, j); got != c.want {
				t.Fatalf("%q, want %q: %+v", got, c.want, j)
			}
			if c.want != "" && j.Findings[0].BenignCause != c.cause {
				t.Errorf("cause %q, want %q", j.Findings[0].BenignCause, c.cause)
			}
		})
	}
}

func TestDNSKeysTellExchangesApart(t *testing.T) {
	d := query(google, "web.whatsapp.com", says(11, 3, "1.2.3.4"), says(12, 41, waIs))
	e := d
	e.ID, e.Query = 8, fact.Mark{Num: 20, Time: sec(1)}
	j := DNSForged{}.Judge(dnsFlow(d, e), dnsWorld())
	if len(j.Findings) != 2 || j.Findings[0].Key == j.Findings[1].Key {
		t.Fatalf("%+v", j.Findings)
	}
	if f := (DNSForged{}).Judge(dnsFlow(d), &fact.World{}); len(f.Findings) != 0 {
		t.Error("without rules nothing is known of names")
	}
	if f := dnsFlow(d); f.Key.Proto != capture.ProtoUDP || !strings.HasPrefix(j.Findings[0].Key, "web.whatsapp.com/1/7/") {
		t.Errorf("key %q", j.Findings[0].Key)
	}
}
