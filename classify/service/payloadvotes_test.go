package service

import (
	"fmt"
	"net/netip"
	"testing"
)

// houses are two services of one closed family, two of their own, and push.
const houses = `owners: [{id: house, closed: true}]
---
id: one
name: One
category: messenger
family: house
functions: [chat, media, call]
domains:
  - {match: suffix, fn: any, names: [one.example]}
  - {match: suffix, fn: any, conf: low, names: [low.example]}
  - {match: suffix, fn: call, names: [calls.house.example], shared: true}
prefixes:
  - {role: shared, cidrs: [198.51.100.0/24]}
  - {role: family, cidrs: [198.51.101.0/24], fn: call}
  - {role: dedicated, cidrs: [198.51.102.0/24], place: dc2}
ports: [{proto: udp, fn: call, weight: 30, ports: [7000]}]
magic:
  - {id: one-strong, proto: udp, weight: 80, fn: call, bytes: [{at: 0, hex: '01'}]}
  - {id: one-half, proto: udp, weight: 80, fn: call, answered: true, bytes: [{at: 0, hex: '02'}]}
  - {id: one-weak, proto: udp, weight: 29, fn: chat, bytes: [{at: 0, hex: '03'}]}
  - {id: one-home, proto: udp, weight: 80, fn: chat, needs: addr, bytes: [{at: 0, hex: '04'}]}
  - {id: one-little, proto: udp, weight: 20, fn: chat, bytes: [{at: 0, hex: '05'}]}
certs: [{orgs: [House Ltd], weight: 70}]
---
id: two
name: Two
category: social
family: house
domains: [{match: suffix, fn: any, names: [two.example]}]
magic: [{id: two-strong, proto: udp, weight: 80, fn: chat, bytes: [{at: 0, hex: '01'}]}]
---
id: alien
name: Alien
category: vpn
exclude_domains: [carrier.example]
domains: [{match: suffix, fn: any, names: [alien.example]}]
prefixes: [{role: dedicated, cidrs: [203.0.113.0/24]}]
magic:
  - {id: alien-strong, proto: udp, weight: 90, fn: tunnel, bytes: [{at: 0, hex: '11'}]}
  - {id: alien-same, proto: udp, weight: 80, fn: tunnel, bytes: [{at: 0, hex: '01'}]}
  - {id: alien-mid, proto: udp, weight: 45, fn: tunnel, bytes: [{at: 0, hex: '12'}]}
alpn: [{values: [alien/1], weight: 80, fn: chat}, {values: [h9], weight: 20}]
ja4: [{values: [t13d1516h2_8daaf6152771_00000000000a], unique: true}, {values: [t13d1516h2_8daaf6152771_00000000000b]}]
ports: [{proto: udp, fn: tunnel, weight: 30, ports: [9000]}]
---
id: bell
name: Bell
category: push
family: house
alpn: [{values: [bell/1], weight: 80, fn: push}]
`

const (
	housePrefix = "198.51.100.7"
	houseCalls  = "198.51.101.7"
	oneHome     = "198.51.102.7"
	alienHome   = "203.0.113.7"
)

func signs(e Evidence, rules ...string) Evidence {
	for _, r := range rules {
		e.Signs = append(e.Signs, Sign{Rule: r})
	}
	return e
}

func answered(e Evidence) Evidence { e.BothWays = true; return e }

func alpn(e Evidence, values ...string) Evidence { e.ALPN = values; return e }

func ja4(e Evidence, value string) Evidence { e.JA4 = value; return e }

func orgs(e Evidence, values ...string) Evidence { e.CertOrgs = values; return e }

func arranged(e Evidence, by, service, family, fn string) Evidence {
	e.Arranged = append(e.Arranged, Arranged{Service: service, Family: family, Function: fn, By: by, Flow: fmt.Sprintf("c%d", len(e.Arranged)+1)})
	return e
}

// TestPayloadAndKin works the weights out by hand.
func TestPayloadAndKin(t *testing.T) {
	r := alone(t, houses)
	at := func(addr string) Evidence { return on(addr, udp, 1) }
	for _, c := range []labelCase{
		{"magic alone", signs(at(nobody), "one-strong"), "one", "house", "call", 80, "magic"},
		{"magic that must be answered", signs(at(nobody), "one-half"), "one", "house", "call", 40, "magic"},
		{"and is", answered(signs(at(nobody), "one-half")), "one", "house", "call", 80, "magic"},
		{"the best of a class only", signs(at(nobody), "one-half", "one-strong", "one-weak"), "one", "house", "call", 80, "magic"},
		{"strong magic over a name", answered(signs(sni(at(housePrefix), "one.example"), "alien-strong")), "alien", "alien", "tunnel", 90, "magic sni"},
		{"which loses unanswered", signs(sni(at(oneHome), "one.example"), "alien-strong"), "one", "house", "any", 94, "sni prefix"},
		{"middling magic does, too", answered(signs(sni(at(oneHome), "one.example"), "alien-mid")), "one", "house", "any", 94, "sni prefix"},
		{"strong magic over a name we do not know", answered(signs(sni(at(nobody), "x.example"), "alien-strong")), "alien", "alien", "tunnel", 90, "magic"},
		{"which it is no match for unanswered", signs(sni(at(nobody), "x.example"), "alien-strong"), "", "", "", 0, ""},
		{"magic and name agree", answered(signs(sni(at(oneHome), "one.example"), "one-strong")), "one", "house", "call", 98.8, "magic sni prefix"},
		{"magic at a closed owner's", signs(at(housePrefix), "alien-strong"), "", "house", "any", 15, "prefix"},
		{"which was answered", answered(signs(at(housePrefix), "alien-strong")), "alien", "alien", "tunnel", 90, "magic"},
		{"magic narrows a family", signs(at(housePrefix), "one-strong"), "one", "house", "call", 83, "magic prefix"},
		{"magic and a dedicated address", signs(at(oneHome), "one-weak"), "one", "house", "chat", 71.6, "prefix magic"},
		{"weak magic", signs(at(nobody), "one-weak"), "one", "house", "chat", 29, "magic"},
		{"weak magic and a telling port stay possible", signs(on(nobody, udp, 7000), "one-weak"), "one", "house", "chat", 49, "magic port"},
		{"too weak", signs(at(nobody), "one-little"), "", "", "", 20, "magic"},
		{"weak magic gives way to an address", signs(at(alienHome), "one-weak"), "alien", "alien", "any", 60, "prefix"},
		{"two owners with equal right", signs(at(nobody), "one-strong", "alien-same"), "", "", "", 0, ""},
		{"two of a family", signs(at(nobody), "one-strong", "two-strong"), "", "house", "any", 80, "magic"},
		{"and a heavier third", signs(at(nobody), "one-strong", "alien-same", "alien-strong"), "alien", "alien", "tunnel", 90, "magic"},
		{"magic for an address of its own", signs(at(oneHome), "one-home"), "one", "house", "chat", 92, "magic prefix"},
		{"which is elsewhere", signs(at(nobody), "one-home"), "", "", "", 0, ""},
		{"a rule nobody knows", signs(at(nobody), "gone"), "", "", "", 0, ""},
		{"a protocol offered", alpn(at(nobody), "h2", "alien/1"), "alien", "alien", "chat", 80, "alpn"},
		{"on a host of anybody's", alpn(sni(at(nobody), "x.example"), "alien/1"), "alien", "alien", "chat", 80, "alpn"},
		{"below another's name", alpn(sni(at(oneHome), "one.example"), "alien/1"), "one", "house", "any", 94, "sni prefix"},
		{"a protocol of many", alpn(at(nobody), "h9"), "", "", "", 20, "alpn"},
		{"a protocol of many at home", alpn(at(alienHome), "h9"), "alien", "alien", "any", 68, "prefix alpn"},
		{"a closed owner's protocol elsewhere", alpn(at(nobody), "bell/1"), "", "", "", 0, ""},
		{"a closed owner's protocol at home", alpn(at(housePrefix), "bell/1"), "bell", "house", "push", 83, "alpn prefix"},
		{"an organisation", orgs(at(housePrefix), "House Ltd"), "one", "house", "any", 74.5, "cert_org prefix"},
		{"like it", orgs(at(housePrefix), "House Ltd."), "", "house", "any", 15, "prefix"},
		{"elsewhere", orgs(at(nobody), "House Ltd"), "", "", "", 0, ""},
		{"a hello of its own", ja4(at(nobody), "t13d1516h2_8daaf6152771_00000000000a"), "alien", "alien", "any", 70, "ja4"},
		{"a hello of many", ja4(at(nobody), "t13d1516h2_8daaf6152771_00000000000b"), "", "", "", 0, ""},
		{"and a port", ja4(on(nobody, udp, 9000), "t13d1516h2_8daaf6152771_00000000000b"), "", "", "", 20, "port ja4"},
		{"a hello of many at home", ja4(at(alienHome), "t13d1516h2_8daaf6152771_00000000000b"), "alien", "alien", "any", 64, "prefix ja4"},
		{"a relay", arranged(at(nobody), "relay", "one", "house", "call"), "one", "house", "call", 60, "arranged"},
		{"a relay of a family", arranged(at(nobody), "relay", "", "house", "call"), "", "house", "call", 60, "arranged"},
		{"which another narrows", arranged(arranged(at(nobody), "relay", "", "house", "call"), "peer", "one", "house", "call"), "one", "house", "call", 60, "arranged"},
		{"two services", arranged(arranged(at(nobody), "relay", "one", "house", "call"), "peer", "two", "house", "call"), "", "house", "call", 60, "arranged"},
		{"two owners", arranged(arranged(at(nobody), "relay", "one", "house", "call"), "peer", "alien", "alien", "call"), "", "", "", 0, ""},
		{"a peer under another's name", arranged(sni(at(nobody), "alien.example"), "peer", "one", "house", "call"), "alien", "alien", "any", 85, "sni"},
		{"a peer at a closed owner's", arranged(at(housePrefix), "peer", "alien", "alien", "call"), "", "house", "any", 15, "prefix"},
		{"a relay at home", arranged(at(alienHome), "relay", "alien", "", "call"), "alien", "alien", "call", 84, "prefix arranged"},
		{"push lends nothing", arranged(at(nobody), "relay", "bell", "house", "call"), "", "", "", 0, ""},
		{"nor does a service nobody knows", arranged(at(nobody), "relay", "gone", "house", "call"), "", "", "", 0, ""},
		{"a session names nothing", arranged(at(nobody), "session", "one", "house", ""), "", "", "", 0, ""},
		{"it narrows a shared name", arranged(sni(at(houseCalls), "calls.house.example"), "session", "two", "house", ""),
			"two", "house", "call", 91.6, "sni prefix arranged"},
		{"but not two", arranged(arranged(sni(at(houseCalls), "calls.house.example"), "session", "two", "", ""), "session", "one", "", ""),
			"", "house", "call", 88.8, "sni prefix"},
		{"push beside it does not count", arranged(arranged(sni(at(houseCalls), "calls.house.example"), "session", "two", "", ""), "session", "bell", "", ""),
			"two", "house", "call", 91.6, "sni prefix arranged"},
		{"the family's relays", arranged(at(houseCalls), "session", "two", "house", ""), "two", "house", "call", 30, "prefix arranged"},
		{"not addresses shared with more", arranged(at(housePrefix), "session", "two", "house", ""), "", "house", "any", 15, "prefix"},
		{"a session of another owner", arranged(at(houseCalls), "session", "alien", "", ""), "", "house", "call", 25, "prefix"},
		{"a session agrees", arranged(at(alienHome), "session", "alien", "", ""), "alien", "alien", "any", 70, "prefix arranged"},
		{"a name that excludes", answered(signs(resolved(at(nobody), "epdg.carrier.example"), "alien-strong")), "", "", "", 0, ""},
		{"in a certificate", answered(signs(cert(at(nobody), "*.Carrier.example."), "alien-strong")), "", "", "", 0, ""},
		{"under its own prefix", host(on(alienHome, tcp, 80), "carrier.example"), "", "", "", 0, ""},
		{"like a name that excludes", answered(signs(resolved(at(nobody), "notcarrier.example"), "alien-strong")), "alien", "alien", "tunnel", 90, "magic"},
	} {
		c.check(t, r)
	}
}

func TestStrongPayloadAtAnAddressOfNoneOfItsNames(t *testing.T) {
	r := alone(t, houses)
	e := answered(signs(sni(on(nobody, udp, 1), "one.example"), "alien-strong"))
	l := r.Classify(&e)
	if l.Service != "alien" || !l.Mismatch {
		t.Errorf("a decoy's name is not told: %+v", l)
	}
	if w := l.Why[len(l.Why)-1]; w != (Why{"sni", "one.example", 0}) {
		t.Errorf("the name speaks for it: %+v", w)
	}
	e.BothWays = false
	if l := r.Classify(&e); l.Service != "" || !l.Mismatch || l.Confidence > 0.35 {
		t.Errorf("unanswered: %+v", l)
	}
}

func TestPlaceAndMedia(t *testing.T) {
	r := alone(t, houses)
	for _, c := range []struct {
		why       string
		e         Evidence
		place, fn string
	}{
		{"by the address", on(oneHome, tcp, 1), "dc2", "any"},
		{"by the protocol", Evidence{Place: "dc4", Server: netip.MustParseAddr(oneHome)}, "dc4", "any"},
		{"by the protocol elsewhere", func() Evidence { e := signs(on(nobody, udp, 1), "one-weak"); e.Place, e.Media = "dc4", true; return e }(), "dc4", "media"},
		{"media", Evidence{Media: true, Server: netip.MustParseAddr(oneHome)}, "dc2", "media"},
		{"a call stays one", func() Evidence { e := signs(on(oneHome, udp, 1), "one-strong"); e.Media = true; return e }(), "dc2", "call"},
		{"of a service without", Evidence{Media: true, Server: netip.MustParseAddr(alienHome)}, "", "any"},
		{"of a service that is not known", Evidence{Place: "dc4", Media: true, Server: netip.MustParseAddr(housePrefix)}, "", "any"},
		{"of another protocol", func() Evidence { e := sni(Evidence{}, "one.example"); e.Place, e.Media = "dc4", true; return e }(), "", "any"},
	} {
		if l := r.Classify(&c.e); l.Place != c.place || l.Function != c.fn {
			t.Errorf("%s: %q, %q; want %q, %q", c.why, l.Place, l.Function, c.place, c.fn)
		}
	}
}

func TestAnAddressTellsTheFunctionThatItsProtocolDoesNot(t *testing.T) {
	r := Default()
	for _, c := range []struct{ why, server, rule, fn string }{
		{"the data centre for files", "91.105.192.100", "tg-plain", "media"},
		{"for media", "149.154.167.151", "tg-plain", "media"},
		{"for anything", "149.154.167.51", "tg-plain", "any"},
		{"a relay over TCP", "192.0.2.1", "tg-stun-realm-tcp", "call"},
	} {
		e := answered(signs(on(c.server, tcp, 443), c.rule))
		if l := r.Classify(&e); l.Service != "telegram" || l.Function != c.fn {
			t.Errorf("%s: %s/%s, want %s", c.why, l.Service, l.Function, c.fn)
		}
	}
}
