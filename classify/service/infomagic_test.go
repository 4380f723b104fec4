package service

import (
	"fmt"
	"strings"
	"testing"
)

func TestInfoShowsWhatPayloadIsAskedFor(t *testing.T) {
	r := alone(t, byteRules+`  - {id: e, proto: udp, dir: any, where: early, weight: 50, fn: call, builtin: stun, types: [0x0101], attrs: [0x7f01], realms: [ours.example], answered: true}
exclude_domains: [carrier.example]
alpn: [{values: [ours/1, ours/2], weight: 80}]
certs: [{orgs: [Ours Ltd], weight: 70}]
`)
	i, _ := r.Service("ours")
	var got []string
	for _, m := range i.Magic {
		got = append(got, m.ID+": "+m.Where+", "+strings.Join(m.Tests, ", "))
	}
	for _, x := range i.Tokens {
		got = append(got, fmt.Sprint(x.Kind, x.Values, x.Weight))
	}
	want := []string{
		"a: tcp up first, at 0: f057, at 3: 10 under f0, len 4 to 9", "b: udp down early, at 2: f157f1, port 7000-7010, port 443",
		"c: udp any first, at 0: f0 under fe, at 5: 99, len 6, at an address of its own", "d: ip any first, ip_proto 50 51",
		"e: udp any early, stun 0x0101 0x7f01 ours.example, half unless answered", "alpn[ours/1 ours/2] 80", "cert_org[Ours Ltd] 70",
	}
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if len(i.Exclude) != 1 || i.Exclude[0] != "carrier.example" {
		t.Errorf("excluded: %q", i.Exclude)
	}
}

func TestMatchSaysWhyTheOthersDoNotLabel(t *testing.T) {
	r := alone(t, houses, "id: one\ndomains: [{match: exact, names: [www.one.example]}]\nexclude_domains: [not.one.example]\nprefixes: [{role: likely, cidrs: [198.51.102.0/25]}]\n")
	for _, c := range []struct{ ask, want string }{
		{"www.one.example", "*exact www.one.example: | suffix one.example: exact www.one.example beats it"},
		{"a.not.one.example", " suffix one.example: its service excludes the name | exclude not.one.example: a flow of that name is not one, whatever else says so"},
		{"carrier.example", " exclude carrier.example: a flow of that name is not alien, whatever else says so"},
		{oneHome, "*likely 198.51.102.0/25: | dedicated 198.51.102.0/24 dc2: the longer prefix 198.51.102.0/25 beats it"},
		{"alien/1", "*alpn alien/1:"}, {"t13d1516h2_8daaf6152771_00000000000b", "*ja4 t13d1516h2_8daaf6152771_00000000000b:"}, {"House Ltd", "*cert_org House Ltd:"}, {"one-weak", "*magic one-weak:"},
	} {
		var got []string
		for _, h := range r.Match(c.ask) {
			star := " "
			if h.Wins {
				star = "*"
			}
			if h.Wins == (h.Loses != "") {
				t.Errorf("%s: wins or loses? %+v", c.ask, h)
			}
			got = append(got, strings.TrimRight(star+strings.TrimSpace(h.Rule+" "+h.Place)+": "+h.Loses, " "))
		}
		if s := strings.ReplaceAll(strings.Join(got, " |"), ": |", ": |"); s != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.ask, s, c.want)
		}
	}
	for _, name := range []string{"a.not.one.example", "NOT.one.example."} {
		e := Evidence{QName: name}
		if l := r.Classify(&e); l.Service != "" {
			t.Errorf("a query for an excluded name is %s's", l.Service)
		}
	}
}
