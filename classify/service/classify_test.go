package service

import (
	"math"
	"net/netip"
	"strings"
	"testing"

	"chokepoint/capture"
)

const (
	tcp = capture.ProtoTCP
	udp = capture.ProtoUDP
)

// Addresses of the embedded rules, by what they are.
const (
	metaShared  = "31.13.64.1"      // any Meta service
	waHost      = "157.240.1.60"    // published WhatsApp host
	telegramDC  = "149.154.167.50"  // built-in data centre
	telegramAny = "91.108.4.10"     // dedicated
	telegramMay = "5.28.200.1"      // unverified
	vkFamily    = "87.240.128.1"    // VK
	vkCalls     = "155.212.205.186" // call platform
	vkRented    = "89.208.220.5"    // VK Cloud
	cloudflare  = "104.18.10.47"    // shared with strangers
	discordIs   = "66.22.200.1"     // likely
	nobody      = "192.0.2.1"
)

func on(addr string, proto uint8, port uint16) Evidence {
	return Evidence{Server: netip.MustParseAddr(addr), Port: port, Proto: proto}
}

func sni(e Evidence, name string) Evidence          { e.SNI = name; return e }
func host(e Evidence, name string) Evidence         { e.Host = name; return e }
func cert(e Evidence, names ...string) Evidence     { e.CertNames = names; return e }
func resolved(e Evidence, names ...string) Evidence { e.DNS = names; return e }
func sharedBy(e Evidence) Evidence                  { e.DNSShared = true; return e }

type labelCase struct {
	why                       string
	e                         Evidence
	service, family, function string
	percent                   float64
	by                        string // classes of evidence, in order
}

func (c *labelCase) check(t *testing.T, r *Rules) {
	t.Helper()
	l := r.Classify(&c.e)
	if l.Service != c.service || l.Family != c.family || l.Function != c.function {
		t.Errorf("%s: %q of %q, %q; want %q of %q, %q", c.why, l.Service, l.Family, l.Function, c.service, c.family, c.function)
	}
	if math.Abs(l.Confidence*100-c.percent) > 0.051 {
		t.Errorf("%s: confidence %.1f %%, want %.1f", c.why, l.Confidence*100, c.percent)
	}
	var by []string
	for _, w := range l.Why {
		by = append(by, w.By)
		if w.Value == "" || w.Weight < 0 || w.Weight > 100 {
			t.Errorf("%s: a reason without value or with a strange weight: %+v", c.why, w)
		}
	}
	if got := strings.Join(by, " "); got != c.by {
		t.Errorf("%s: because of %q, want %q", c.why, got, c.by)
	}
	if l.Mismatch {
		t.Errorf("%s: called a mismatch", c.why)
	}
	if l.Service != "" && l.Confidence < possible {
		t.Errorf("%s: named with %.2f", c.why, l.Confidence)
	}
}

// TestPrecedence works the weights out by hand: 1-Π(1-w).
func TestPrecedence(t *testing.T) {
	r := Default()
	for _, c := range []labelCase{
		{"a name alone", sni(Evidence{}, "web.whatsapp.com"), "whatsapp", "meta", "web", 90, "sni"},
		{"a name below a suffix", sni(Evidence{}, "x.whatsapp.net"), "whatsapp", "meta", "any", 85, "sni"},
		{"an exact name in QUIC", sni(Evidence{Proto: udp}, "web.whatsapp.com"), "whatsapp", "meta", "web", 85, "sni"},
		{"everything agrees", resolved(sni(on(waHost, tcp, 443), "web.whatsapp.com"), "web.whatsapp.com"),
			"whatsapp", "meta", "web", 98.6, "sni dns prefix port"},
		{"SNI over DNS binding", resolved(sni(on(metaShared, tcp, 443), "www.instagram.com"), "web.whatsapp.com"),
			"instagram", "meta", "any", 87.3, "sni prefix"},
		{"SNI over a dedicated prefix", sni(on(waHost, tcp, 443), "www.instagram.com"), "instagram", "meta", "any", 85, "sni"},
		{"certificate over Host", cert(host(Evidence{}, "example.org"), "*.viber.com"), "viber", "viber", "any", 80, "tls_cert"},
		{"Host alone", host(Evidence{}, "www.viber.com"), "viber", "viber", "any", 75, "http_host"},
		{"DNS binding over prefix", resolved(on(waHost, tcp, 443), "www.instagram.com"), "instagram", "meta", "any", 70, "dns"},
		{"DNS binding narrows a shared prefix", resolved(on(metaShared, udp, 443), "mmg.whatsapp.net"),
			"whatsapp", "meta", "media", 75.0, "dns prefix port"},
		{"shared DNS binding", sharedBy(resolved(Evidence{}, "mmg.whatsapp.net")), "whatsapp", "meta", "media", 40, "dns"},
		{"a stranger at the same address", resolved(Evidence{}, "example.org", "discord.com"), "discord", "discord", "any", 40, "dns"},
		{"two services of one family", resolved(on(metaShared, tcp, 9), "www.instagram.com", "mmg.whatsapp.net"),
			"", "meta", "any", 49, "dns prefix"},
		{"which a published host narrows", resolved(on(waHost, tcp, 9), "www.instagram.com", "mmg.whatsapp.net"),
			"whatsapp", "meta", "any", 68.8, "dns prefix"},
		{"two functions of one service", resolved(Evidence{}, "g.whatsapp.net", "mmg.whatsapp.net"), "whatsapp", "meta", "any", 70, "dns"},
		{"two owners at one address", resolved(Evidence{}, "discord.com", "signal.org"), "", "", "", 0, ""},
		{"a certificate of several services", cert(on(metaShared, tcp, 9), "*.facebook.com", "*.whatsapp.net"),
			"", "meta", "any", 83, "tls_cert prefix"},
		{"a certificate with strangers", cert(Evidence{}, "*.discord.com", "example.org"), "", "", "", 0, ""},
		{"an endpoint", on(telegramDC, tcp, 443), "telegram", "telegram", "any", 68.5, "prefix port"},
		{"a dedicated prefix", on(telegramAny, tcp, 9), "telegram", "telegram", "any", 60, "prefix"},
		{"a telling port says the function", on(telegramAny, udp, 598), "telegram", "telegram", "call", 72, "prefix port"},
		{"a likely prefix", on(discordIs, udp, 9), "discord", "discord", "call", 28, "prefix"},
		{"a shared prefix", on(metaShared, tcp, 9), "", "meta", "any", 15, "prefix"},
		{"a shared prefix and a port", on(metaShared, tcp, 5222), "", "meta", "any", 23.5, "prefix port"},
		{"a family prefix and a port stay below 31 %", on(vkCalls, udp, 19302), "", "vk", "call", 30, "prefix port"},
		{"an unverified prefix", on(telegramMay, tcp, 443), "", "", "", 0, ""},
		{"an unverified prefix under its name", sni(on(telegramMay, tcp, 9), "telegram.org"), "telegram", "telegram", "any", 85.6, "sni prefix"},
		{"rented addresses", on(vkRented, tcp, 443), "", "", "", 0, ""},
		{"addresses shared with strangers", on(cloudflare, tcp, 443), "", "", "", 0, ""},
		{"a shared name", sni(on(vkCalls, udp, 23456), "calls.okcdn.ru"), "", "vk", "call_signalling", 91, "sni prefix port"},
		{"a shared name is not narrowed", resolved(sni(on(metaShared, tcp, 9), "static.xx.fbcdn.net"), "www.instagram.com"),
			"", "meta", "cdn", 87.3, "sni prefix"},
		{"a port alone", on(nobody, udp, 599), "", "", "", 10, "port"},
		{"everybody's port", on(nobody, tcp, 443), "", "", "", 0, ""},
		{"push is its own service", sni(on(nobody, tcp, 5228), "mtalk.google.com"), "fcm", "google", "push", 93.6, "sni port"},
		{"push on the port of old WhatsApp lists", on("17.57.144.1", tcp, 5223), "", "apple", "push", 30, "prefix port"},
		{"a cache inside an access network", sni(on(nobody, tcp, 9), "media.fhel3-1.fna.whatsapp.net"), "whatsapp", "meta", "media", 85, "sni"},
		{"another cache of the family", sni(on(nobody, tcp, 9), "scontent.fhel3-1.fna.fbcdn.net"), "", "meta", "cdn", 85, "sni"},
		{"nothing at all", Evidence{}, "", "", "", 0, ""},
	} {
		c.check(t, r)
	}
}

func TestAQueryIsLabelledByTheNameAskedFor(t *testing.T) {
	for _, c := range []labelCase{
		{"a known name", Evidence{QName: "MMG.WhatsApp.net."}, "whatsapp", "meta", "media", 90, "dns_query"},
		{"the resolver says nothing", Evidence{QName: "example.org", Server: netip.MustParseAddr(telegramDC), Port: 53, Proto: udp}, "", "", "", 0, ""},
		{"nor is it out of place", Evidence{QName: "t.me", Server: netip.MustParseAddr(waHost), Port: 53}, "telegram", "telegram", "any", 85, "dns_query"},
		{"a shared name", Evidence{QName: "calls.okcdn.ru"}, "", "vk", "call_signalling", 90, "dns_query"},
	} {
		c.check(t, Default())
	}
}

func TestTheOuterNameOfAnEncryptedHelloIsNoName(t *testing.T) {
	for _, c := range []labelCase{
		{"nothing else", sni(on("104.16.1.1", tcp, 443), "cloudflare-ech.com"), "", "", "", 0, "sni"},
		{"a binding", resolved(sni(on("104.16.1.1", tcp, 443), "Cloudflare-ECH.com"), "discord.com"), "discord", "discord", "any", 70, "dns sni"},
	} {
		c.check(t, Default())
	}
	e := sni(Evidence{}, "cloudflare-ech.com")
	if w := Default().Classify(&e).Why; len(w) != 1 || w[0].Value != "ech:cloudflare" || w[0].Weight != 0 {
		t.Errorf("the front is not told: %+v", w)
	}
}

// TestDecoysAreNeverLabelled holds names that look like a service's, and names
// of one owner on addresses of another.
func TestDecoysAreNeverLabelled(t *testing.T) {
	addrs := []string{nobody, waHost, metaShared, telegramDC, vkFamily, vkRented, "2001:db8::1"}
	for _, name := range []string{
		"notwhatsapp.com", "whatsapp.com.evil.example", "whatsapp-com.example", "xn--whtsapp-cza.com", "wh\u0430tsapp.com", "awhatsapp.net",
		"t.me.example", "at.me", "telegram.org.ru", "whatsapp.com\x00.evil.example", "evil.example\x00.whatsapp.com", "com", "example.org",
	} {
		for _, a := range addrs {
			for _, e := range []Evidence{
				sni(on(a, tcp, 443), name), sni(on(a, udp, 443), name), host(on(a, tcp, 80), name),
				resolved(sni(on(a, tcp, 443), name), "web.whatsapp.com", "telegram.org"),
			} {
				if l := Default().Classify(&e); l.Service != "" {
					t.Errorf("%q at %s is called %s: %+v", name, a, l.Service, l.Why)
				}
			}
		}
	}
}

func TestANameWhereItCannotLiveIsAMismatch(t *testing.T) {
	for _, c := range []struct {
		why, name, addr, family string
	}{
		{"Telegram outside its prefixes", "telegram.org", nobody, ""},
		{"Telegram on VK's", "telegram.org", vkFamily, "vk"},
		{"VK on a rented VK address", "vk.com", vkRented, ""},
		{"MAX at Telegram", "max.ru", telegramDC, "telegram"},
		{"WhatsApp somewhere", "web.whatsapp.com", "2001:db8::1", ""},
		{"a cache of Meta at Telegram", "x.fna.whatsapp.net", telegramDC, "telegram"},
		{"Signal, which lives anywhere, but not at Meta", "chat.signal.org", metaShared, "meta"},
		{"upper case and a dot", "WEB.WhatsApp.COM.", nobody, ""},
	} {
		for _, e := range []Evidence{
			sni(on(c.addr, tcp, 443), c.name), sni(on(c.addr, udp, 443), c.name), host(on(c.addr, tcp, 80), c.name),
			resolved(on(c.addr, tcp, 443), c.name), resolved(sni(on(c.addr, tcp, 443), c.name), c.name),
		} {
			l := Default().Classify(&e)
			if !l.Mismatch || l.Service != "" || l.Function != "" || l.Family != c.family {
				t.Errorf("%s: %+v", c.why, l)
			}
			if l.Confidence > 0.35 || len(l.Why) == 0 {
				t.Errorf("%s: confidence %.2f because of %v", c.why, l.Confidence, l.Why)
			}
		}
		if !Default().Misplaced(c.name, netip.MustParseAddr(c.addr)) {
			t.Errorf("%s: not misplaced", c.why)
		}
	}
}

func TestANameAtHomeIsNoMismatch(t *testing.T) {
	for _, c := range []struct{ name, addr string }{
		{"telegram.org", telegramDC}, {"telegram.org", telegramMay}, {"telegram.org", "::ffff:149.154.167.50"},
		{"telegram.org", "64:ff9b::959a:a732"}, {"web.whatsapp.com", metaShared}, {"g.whatsapp.net", "15.197.206.217"},
		{"max.ru", "155.212.204.143"}, {"vk.com", vkFamily}, {"cdn4.cdn-telegram.org", nobody}, {"discord.com", nobody}, {"example.org", telegramDC},
	} {
		if Default().Misplaced(c.name, netip.MustParseAddr(c.addr)) {
			t.Errorf("%s at %s is called misplaced", c.name, c.addr)
		}
	}
	e := sni(Evidence{}, "telegram.org")
	if l := Default().Classify(&e); l.Mismatch {
		t.Error("an address that is not known cannot be wrong")
	}
}

// TestPortsNeverName tries every port against addresses nobody owns.
func TestPortsNeverName(t *testing.T) {
	for _, proto := range []uint8{tcp, udp, 132} {
		for p := range 65536 {
			e := on(nobody, proto, uint16(p))
			if l := Default().Classify(&e); l.Service != "" || l.Family != "" || l.Function != "" || l.Confidence > 0.10 {
				t.Fatalf("port %d of protocol %d alone: %+v", p, proto, l)
			}
		}
	}
}

// TestSharedPrefixesStayBelow31 tries every port on addresses of families.
func TestSharedPrefixesStayBelow31(t *testing.T) {
	for _, a := range []string{metaShared, vkFamily, vkCalls, "17.57.144.1"} {
		for _, proto := range []uint8{tcp, udp} {
			for p := range 65536 {
				e := on(a, proto, uint16(p))
				if l := Default().Classify(&e); l.Service != "" || l.Family == "" || l.Confidence > 0.30 {
					t.Fatalf("%s port %d: %+v", a, p, l)
				}
			}
		}
	}
}
