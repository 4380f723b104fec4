package service

import (
	"net/netip"
	"testing"
)

func TestOwnerOfAddr(t *testing.T) {
	for _, c := range []struct{ why, addr, want string }{
		{"a service without a family owns itself", telegramDC, "telegram"},
		{"IPv6", "2001:67c:4e8:f002::a", "telegram"},
		{"IPv4 in IPv6", "::ffff:91.108.4.1", "telegram"},
		{"translated IPv4", "64:ff9b::5b6c:401", "telegram"},
		{"a zone", "2001:67c:4e8::1%eth0", "telegram"},
		{"shared by a family", metaShared, "meta"},
		{"a host inside the family's", waHost, "meta"},
		{"presumed", discordIs, "discord"},
		{"the last address of a prefix", "91.108.7.255", "telegram"},
		{"the one after it", "91.108.24.0", ""},
		{"rented", vkRented, ""},
		{"unverified", telegramMay, ""},
		{"shared with strangers", cloudflare, ""},
		{"nobody", nobody, ""},
	} {
		got, ok := Default().OwnerOfAddr(netip.MustParseAddr(c.addr))
		if got != c.want || ok != (c.want != "") {
			t.Errorf("%s: %s is of %q (%v), want %q", c.why, c.addr, got, ok, c.want)
		}
	}
	if _, ok := Default().OwnerOfAddr(netip.Addr{}); ok {
		t.Error("no address has an owner")
	}
}

func TestOwnerOfName(t *testing.T) {
	for _, c := range []struct {
		name, want string
		ok         bool
	}{
		{"Web.WhatsApp.com.", "meta", true}, {"www.facebook.com", "meta", true}, {"telegram.org", "telegram", true},
		{"calls.okcdn.ru", "vk", true}, {"mmg-fna.whatsapp.net", "meta", false}, {"x.fna.fbcdn.net", "meta", false},
		{"cdn4.cdn-telegram.org", "telegram", false}, {"example.org", "", false}, {"", "", false},
	} {
		if got, ok := Default().OwnerOfName(c.name); got != c.want || ok != c.ok {
			t.Errorf("%q is of %q (%v), want %q (%v)", c.name, got, ok, c.want, c.ok)
		}
	}
}

func TestClosedOwners(t *testing.T) {
	for owner, want := range map[string]bool{"meta": true, "telegram": true, "vk": true, "apple": true, "signal": false, "discord": false, "": false} {
		if Default().ClosedOwner(owner) != want {
			t.Errorf("%q closed is %v", owner, !want)
		}
	}
}

func TestResolvers(t *testing.T) {
	for _, c := range []struct {
		addr, name         string
		national, rewrites bool
	}{
		{"8.8.8.8", "google", false, false}, {"::ffff:1.1.1.1", "cloudflare", false, false}, {"2620:fe::fe", "quad9", false, false},
		{"45.90.28.77", "nextdns", false, false}, {"195.208.4.1", "nsdi", true, false}, {"2a0c:a9c7:9::1", "nsdi", true, false},
		{"193.232.147.53", "nsdi_auth", true, false}, {"111.88.96.50", "xbox_dns", false, true}, {"8.8.8.9", "", false, false},
	} {
		a := netip.MustParseAddr(c.addr)
		if name, ok := Default().PublicResolver(a); name != c.name || ok != (c.name != "") {
			t.Errorf("%s is %q (%v), want %q", c.addr, name, ok, c.name)
		}
		if i, _ := Default().Resolver(a); i.National != c.national || i.Rewrites != c.rewrites {
			t.Errorf("%s: %+v", c.addr, i)
		}
	}
	if _, ok := Default().PublicResolver(netip.Addr{}); ok {
		t.Error("no address is a resolver")
	}
	if i, ok := Default().ResolverHost("DNS.Google."); !ok || i.ID != "google" {
		t.Errorf("dns.google is %+v", i)
	}
}

func TestMustExist(t *testing.T) {
	for name, want := range map[string]bool{
		"whatsapp.com": true, "WEB.whatsapp.com.": true, "t.me": true, "youtube.com": true, "chat.signal.org": true,
		"x.whatsapp.com": false, "notwhatsapp.com": false, "okcdn.ru": false, "": false,
	} {
		if Default().MustExist(name) != want {
			t.Errorf("%q must exist: %v", name, !want)
		}
	}
}
