package service

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
)

// anyEvidence draws evidence out of what the rules of houses know.
func anyEvidence(r *rand.Rand) Evidence {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	some := func(n int, of ...string) (out []string) {
		for range r.IntN(n + 1) {
			out = append(out, pick(of...))
		}
		return out
	}
	names := []string{"one.example", "low.example", "two.example", "alien.example", "calls.house.example", "x.example", "a.carrier.example"}
	e := Evidence{
		SNI: pick("", "", pick(names...)), Host: pick("", "", "", pick(names...)), CertNames: some(2, names...), DNS: some(3, names...),
		DNSShared: r.IntN(4) == 0, BothWays: r.IntN(2) == 0, ALPN: some(2, "alien/1", "bell/1", "h9", "h2"),
		JA4: pick("", "t13d1516h2_8daaf6152771_00000000000a", "t13d1516h2_8daaf6152771_00000000000b"), CertOrgs: some(2, "House Ltd", "Other Ltd"), Proto: udp,
		Port: []uint16{1, 7000, 9000}[r.IntN(3)], Place: pick("", "dc4"), Media: r.IntN(2) == 0,
		Server: netip.MustParseAddr(pick(nobody, housePrefix, houseCalls, oneHome, alienHome)),
	}
	for _, s := range some(3, "one-strong", "one-half", "one-weak", "one-home", "one-little", "two-strong", "alien-strong", "alien-same", "alien-mid") {
		e.Signs = append(e.Signs, Sign{Rule: s, Value: pick("", "x", "y")})
	}
	for _, s := range some(3, "one", "two", "alien", "bell", "") {
		e.Arranged = append(e.Arranged, Arranged{s, "house", pick("call", "chat"), pick("relay", "peer", "session"), pick("c1", "c2")})
	}
	return e
}

// summary is a label without the texts that say why.
func summary(l Label) string {
	out := fmt.Sprintf("%s/%s/%s/%s %.3f %v", l.Service, l.Family, l.Function, l.Place, l.Confidence, l.Mismatch)
	for _, w := range l.Why {
		out += fmt.Sprintf(" %s:%d", w.By, w.Weight)
	}
	return out
}

// TestTheOrderOfEqualEvidenceDoesNotMatter shuffles what comes in lists.
func TestTheOrderOfEqualEvidenceDoesNotMatter(t *testing.T) {
	rules, r := alone(t, houses), rand.New(rand.NewPCG(1, 2))
	named := 0
	for range 20000 {
		e := anyEvidence(r)
		want := rules.Classify(&e)
		o := e
		o.CertNames, o.DNS, o.ALPN, o.CertOrgs = mixed(r, e.CertNames), mixed(r, e.DNS), mixed(r, e.ALPN), mixed(r, e.CertOrgs)
		o.Signs, o.Arranged = mixed(r, e.Signs), mixed(r, e.Arranged)
		if got := rules.Classify(&o); summary(got) != summary(want) {
			t.Fatalf("%+v:\n%s\nshuffled:\n%s", e, summary(want), summary(got))
		}
		if want.Service != "" {
			named++
		}
	}
	if named < 2000 {
		t.Errorf("only %d of the flows were named", named)
	}
}

func mixed[T any](r *rand.Rand, list []T) []T {
	out := slices.Clone(list)
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// TestAgreeingEvidenceNeverTakesAway gives a flow ever more evidence of one
// service, in any order.
func TestAgreeingEvidenceNeverTakesAway(t *testing.T) {
	rules, r := alone(t, houses), rand.New(rand.NewPCG(3, 4))
	more := []func(*Evidence){
		func(e *Evidence) { e.SNI = "x.one.example" }, func(e *Evidence) { e.Host = "one.example" },
		func(e *Evidence) { e.CertNames = []string{"*.one.example"} }, func(e *Evidence) { e.DNS = []string{"one.example"} },
		func(e *Evidence) { e.CertOrgs = []string{"House Ltd"} }, func(e *Evidence) { e.Port = 7000 },
		func(e *Evidence) { e.BothWays = true }, func(e *Evidence) { *e = arranged(*e, "relay", "one", "house", "call") },
		func(e *Evidence) { *e = arranged(*e, "session", "one", "house", "") },
	}
	for _, s := range []string{"one-strong", "one-half", "one-weak", "one-home", "one-little"} {
		more = append(more, func(e *Evidence) { *e = signs(*e, s) })
	}
	for range 20000 {
		e := on([]string{housePrefix, houseCalls, oneHome}[r.IntN(3)], udp, 1)
		last := rules.Classify(&e)
		for _, add := range mixed(r, more) {
			add(&e)
			l := rules.Classify(&e)
			if l.Confidence < last.Confidence || last.Service != "" && l.Service != last.Service || l.Family != "house" {
				t.Fatalf("%s, then\n%s: %+v", summary(last), summary(l), e)
			}
			last = l
		}
		if last.Service != "one" {
			t.Fatalf("all of it is not enough: %s", summary(last))
		}
	}
}

// TestLabelsAreWithinBounds draws any evidence.
func TestLabelsAreWithinBounds(t *testing.T) {
	rules, r := alone(t, houses), rand.New(rand.NewPCG(5, 6))
	for range 20000 {
		e := anyEvidence(r)
		l := rules.Classify(&e)
		switch {
		case l.Confidence < 0 || l.Confidence > 1, l.Service != "" && l.Confidence < possible:
			t.Fatalf("%s: %+v", summary(l), e)
		case l.Service != "" && rules.byID[l.Service].owner != l.Family:
			t.Fatalf("%s is not of that family: %+v", summary(l), e)
		case l.Service == "alien" && (covered(e.SNI) || slices.ContainsFunc(e.DNS, covered) || slices.ContainsFunc(e.CertNames, covered)):
			t.Fatalf("%s in spite of an excluded name: %+v", summary(l), e)
		}
	}
}

func covered(name string) bool { return name == "a.carrier.example" }

// TestDecoysInCertificatesAndHellos is about names in the wrong company.
func TestDecoysInCertificatesAndHellos(t *testing.T) {
	r := Default()
	for _, names := range [][]string{
		{"*.whatsapp.net", "evil.example"}, {"whatsapp.com", "*.telegram.org"}, {"evil.example", "t.me", "discord.com"},
		{"notwhatsapp.com"}, {"WhatsApp.com.evil.example"}, {"xn--whtsapp-cza.com"}, {"*.xn--tlegram-cya.org."},
	} {
		for _, a := range []string{nobody, metaShared, vkRented, cloudflare} {
			e := cert(on(a, tcp, 443), names...)
			if l := r.Classify(&e); l.Service != "" {
				t.Errorf("%v at %s is called %s", names, a, l.Service)
			}
		}
	}
	homes := map[string]string{"meta": metaShared, "telegram": telegramDC, "vk": vkFamily}
	names := map[string]string{"meta": "web.whatsapp.com", "telegram": "web.telegram.org", "vk": "max.ru"}
	for of, name := range names {
		for at, addr := range homes {
			e := sni(on(addr, tcp, 443), name)
			l := r.Classify(&e)
			if at != of && (l.Service != "" || !l.Mismatch) || at == of && (l.Service == "" || l.Mismatch) {
				t.Errorf("%s at %s: %s", name, at, summary(l))
			}
		}
	}
}
