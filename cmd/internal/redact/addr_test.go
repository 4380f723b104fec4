package redact

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
)

// TestAddressesAreReplacedOneToOne: in their block, the same each time, up to the
// number that is told apart; beyond it the state does not grow.
func TestAddressesAreReplacedOneToOne(t *testing.T) {
	r := fixed()
	block, seen := netip.MustParsePrefix("198.18.0.0/15"), map[netip.Addr]netip.Addr{}
	for i := range uint32(maxV4 + 1000) {
		var raw [4]byte
		binary.BigEndian.PutUint32(raw[:], 10<<24|i)
		a := netip.AddrFrom4(raw)
		out := r.Addr(a)
		if was, twice := seen[out]; !block.Contains(out) || twice && i < maxV4 {
			t.Fatalf("%v became %v, as %v did", a, out, was)
		}
		if seen[out] = a; r.Addr(a) != out {
			t.Fatalf("%v became %v, and then %v", a, out, r.Addr(a))
		}
	}
	if len(r.v4.of) != maxV4 {
		t.Errorf("%d are remembered", len(r.v4.of))
	}
}

// TestTheOrderHardlyMatters: but where two fall together, what stands for an address
// does not depend on what was seen before.
func TestTheOrderHardlyMatters(t *testing.T) {
	forth, back, other := fixed(), fixed(), 0
	var all []netip.Addr
	for i := range 200 {
		all = append(all, netip.AddrFrom4([4]byte{10, 1, byte(i), 7}))
	}
	for i := range all {
		forth.Addr(all[i])
		back.Addr(all[len(all)-1-i])
	}
	for _, a := range all {
		if forth.Addr(a) != back.Addr(a) {
			other++
		}
	}
	if other > 4 {
		t.Errorf("%d of %d hang on the order", other, len(all))
	}
}

// TestWhatTheRulesKnowStays: and what is nobody's; a client's goes, as do zones.
func TestWhatTheRulesKnowStays(t *testing.T) {
	r := fixed()
	for _, s := range []string{"149.154.167.51", "2a03:2880:f25f:c6:face:b00c:9df0:cd35", "8.8.8.8", "64:ff9b::959a:a733", "::ffff:149.154.167.51", "0.0.0.0", "::", "127.0.0.1", "ff02::fb", "224.0.0.251"} {
		if a := netip.MustParseAddr(s); r.Addr(a) != a {
			t.Errorf("%v became %v", a, r.Addr(a))
		}
	}
	six := netip.MustParsePrefix("2001:db8::/32")
	for _, s := range []string{"fe80::1%eth0", "fd00::2", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2002:a00:2::1", "ff02::1:ff00:2", "64:ff9b::a00:2"} {
		if a := netip.MustParseAddr(s); !six.Contains(r.Addr(a)) || r.Addr(a) != r.Addr(a.WithZone("")) {
			t.Errorf("%v became %v", a, r.Addr(a))
		}
	}
	if a := netip.MustParseAddr("149.154.167.51"); r.Addr(a) == a {
		r.client(a)
		if r.Addr(a) == a {
			t.Error("a client is shown as it is")
		}
	}
	if r.Addr(netip.Addr{}).IsValid() {
		t.Error("no address became one")
	}
}

// TestPortsAreRenumberedOneToOne: system ports among themselves.
func TestPortsAreRenumberedOneToOne(t *testing.T) {
	r, seen, same := fixed(), map[uint16]bool{}, 0
	for p := range 1 << 16 {
		out := r.Port(uint16(p))
		if seen[out] || (out < lowPorts) != (p < lowPorts) {
			t.Fatalf("%d became %d", p, out)
		}
		if seen[out] = true; int(out) == p {
			same++
		}
	}
	if r.Port(0) != 0 || same > 20 {
		t.Errorf("0 became %d, %d stay", r.Port(0), same)
	}
}

// TestNames: what the rules know stays but for what tells of the client.
func TestNames(t *testing.T) {
	r := fixed()
	for _, s := range []string{"", "web.whatsapp.com", "Web.WhatsApp.com.", "dns.google", "cloudflare-ech.com", "rotterdam4271.discord.media", "*.whatsapp.net", "web.telegram.org:443", "8.8.8.8", "8.8.8.8.in-addr.arpa", "[2001:4860:4860::8888]:53"} {
		if got := r.Name(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
	for _, s := range []string{"10-0-0-2.whatsapp.net", "x0a000002.y.c0a80117.whatsapp.net", "scontent.fhel3-1.fna.fbcdn.net", "u-4f9d2c61e0aa4b7d8c.whatsapp.net", "u4f9d2c61e0xx4b7d8c9y1.whatsapp.net"} {
		got := r.Name(s)
		tail := s[strings.LastIndex(s[:strings.LastIndexByte(s, '.')], ".")+1:]
		if got == s || !strings.HasSuffix(got, "."+tail) || strings.HasSuffix(got, madeUp) {
			t.Errorf("%q became %q", s, got)
		}
	}
	for _, s := range []string{"wpad", "nas.fritz.box", "whatsapp.com.evil.example", "notwhatsapp.com", "a b", "1.168.192.in-addr.arpa", "x..y", "é.example", "*", "10.0.0.2.nip.io"} {
		if got := r.Name(s); !strings.HasSuffix(got, madeUp) || got != r.Name(strings.ToUpper(s)) && s != "é.example" {
			t.Errorf("%q became %q", s, got)
		}
	}
	for in, want := range map[string]string{"10.0.0.2": r.Addr(netip.MustParseAddr("10.0.0.2")).String(), "10.0.0.2:8080": r.Addr(netip.MustParseAddr("10.0.0.2")).String() + ":8080"} {
		if got := r.Name(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	six := netip.MustParseAddr("fd00::2")
	if got := r.Name(toArpa(six)); got != toArpa(r.Addr(six)) {
		t.Errorf("%q became %q", toArpa(six), got)
	}
}
