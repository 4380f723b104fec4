package service

import (
	"net/netip"
	"slices"
	"testing"
)

func TestMine(t *testing.T) {
	r, err := Default().WithMine([]string{"vpn.example:51820=home", "192.0.2.9:51820=home", "[2001:db8::9]:443=Work.2", "149.154.167.50:8443=proxy"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []labelCase{
		{"by address", on("192.0.2.9", udp, 51820), "home", "home", "any", 95, "mine"},
		{"by IPv6 address", on("2001:db8::9", tcp, 443), "Work.2", "Work.2", "any", 95, "mine"},
		{"another port", on("192.0.2.9", udp, 51821), "", "", "", 0, ""},
		{"by SNI", sni(on(nobody, tcp, 51820), "VPN.example."), "home", "home", "any", 95, "mine"},
		{"by Host", host(on(nobody, tcp, 51820), "vpn.example"), "home", "home", "any", 95, "mine"},
		{"by what was resolved", resolved(on(nobody, udp, 51820), "other.example", "vpn.example"), "home", "home", "any", 95, "mine"},
		{"not under another name", resolved(sni(on(nobody, tcp, 51820), "other.example"), "vpn.example"), "", "", "", 0, ""},
		{"a query", Evidence{QName: "vpn.example"}, "home", "home", "any", 95, "dns_query"},
		{"no name below it", Evidence{QName: "x.vpn.example"}, "", "", "", 0, ""},
		{"over a service's own prefix", on(telegramDC, tcp, 8443), "proxy", "proxy", "any", 95, "mine"},
		{"the rest of that prefix", on(telegramDC, tcp, 9), "telegram", "telegram", "any", 65, "prefix"},
	} {
		c.check(t, r)
	}
	if i, ok := r.Service("home"); !ok || i.Category != "own" || i.Name != "home" {
		t.Errorf("%+v", i)
	}
	if ids := r.IDs(); !slices.IsSorted(ids) || len(ids) != len(Default().IDs())+3 {
		t.Errorf("%v", ids)
	}
	if _, ok := Default().Service("home"); ok || len(Default().mine) != 0 {
		t.Error("the rules it was made from were changed")
	}
	again, err := r.WithMine([]string{"192.0.2.10:1=home"})
	if err != nil || len(again.mine) != 5 || len(r.mine) != 4 {
		t.Errorf("a second time: %v, %d, %d", err, len(again.mine), len(r.mine))
	}
	e := Evidence{Server: netip.Addr{}, Port: 51820}
	if l := r.Classify(&e); l.Service != "" {
		t.Errorf("no address is %s", l.Service)
	}
}

func TestBadMineIsRefused(t *testing.T) {
	for _, e := range []string{
		"", "vpn.example", "vpn.example:443", "vpn.example=x", "vpn.example:443=", "vpn.example:443=a b", "vpn.example:443=a/b", ":443=x",
		"vpn.example:0=x", "192.0.2.1:0=x", "vpn.example:65536=x", "vpn.example:https=x", "2001:db8::9:443=x", "a..b:443=x", "*.a.example:443=x",
		"192.0.2.300:443=x", "vpn.example:443=whatsapp", "vpn.example:443=\x1b[31m",
	} {
		if r, err := Default().WithMine([]string{e}); err == nil || r != nil {
			t.Errorf("%q was taken", e)
		}
	}
}
