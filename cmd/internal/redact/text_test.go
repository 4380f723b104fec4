package redact

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"chokepoint/classify/finding"
	"chokepoint/classify/service"
)

// fixed returns a redactor whose replacements are the same each time.
func fixed() *Redactor { return New(service.Default(), Options{Key: [32]byte{1}}) }

// TestTextKeepsItsOwnWords: what is no address and no name of others stays.
func TestTextKeepsItsOwnWords(t *testing.T) {
	for _, s := range []string{
		"", "TLS 1.3 hello of 517 bytes", "0.5", "18.2 Mbit/s", "1.4e-21 by chance (2.3e-05)", "after 3.2 ms", "1,050 packets.",
		"media from 149.154.167.0/24 held to 1.5 Mbit/s", "149.154.160.0/20", "2a03:2880::/32", "8.8.8.8 and 8.8.4.4, then 0.0.0.0",
		`NXDOMAIN "from" 8.8.8.8 for web.whatsapp.com, which exists`, `names denied "from 8.8.4.4, 8.8.8.8"`,
		"frame.number==9||frame.number==11", "tcp.flags.reset==1", "reset.injected, drop.hello and host.allowlist", "client.pcapng.zst",
		"linux 6.12", "v1.2.3", "5.15.0-generic", "HTTP/1.1", "R1..R13", "e.g. a NAT", "since 20:22:10", "00:58:11.123", "2026-11-20", "1:2", "12:34:56: late",
		"RFC 9293 section 3.10.7.4", "0.12 µs", "udp/50000-50100", "tg-obfuscated dc203 media", "1–2 — 3 × 4", "kernel-5.15.0", "libssl.so.3", "150 µs…", "5×10⁻³",
		"https and dns, tls1.3", "loss=0.38", "cdn2.signal.org: 3.1 s", "127.0.0.1", "[::1]:443", "ff02::fb",
	} {
		if got := fixed().Text(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
}

// TestTextReplacesWhatIsOfOthers: in all forms that sentences may have.
func TestTextReplacesWhatIsOfOthers(t *testing.T) {
	r := fixed()
	v4, v6 := r.Addr(netip.MustParseAddr("10.0.0.2")).String(), r.Addr(netip.MustParseAddr("2001:db8:1::7")).String()
	name, port := r.Name("nas.fritz.box"), strconv.Itoa(int(r.Port(51334)))
	for _, tt := range []struct{ name, in, want string }{
		{"alone", "10.0.0.2", v4},
		{"with punctuation", "(10.0.0.2), 10.0.0.2: 10.0.0.2. 10.0.0.2; 10.0.0.2!", strings.ReplaceAll("(A), A: A. A; A!", "A", v4)},
		{"with a client's port", "10.0.0.2:51334 asked", v4 + ":" + port + " asked"},
		{"with a system port", "10.0.0.2:443", v4 + ":443"},
		{"a known server's port stays", "149.154.167.51:40000", "149.154.167.51:40000"},
		{"a range", "10.0.0.2-10.0.0.2", v4 + "-" + v4},
		{"a block", "10.0.0.2/24", v4 + "/24"},
		{"in an expression", "ip.addr==10.0.0.2&&tcp.port==51334&&tcp.port==443", "ip.addr==" + v4 + "&&tcp.port==" + port + "&&tcp.port==443"},
		{"zeros before", "010.000.000.002", v4},
		{"version 6", "from 2001:db8:1::7: late", "from " + v6 + ": late"},
		{"version 6 in capitals and full", "2001:0DB8:0001:0:0:0:0:0007", v6},
		{"version 6 with a port", "[2001:db8:1::7]:51334", "[" + v6 + "]:" + port},
		{"version 6 with a zone", "2001:db8:1::7%eth0 spoke", v6 + " spoke"},
		{"a block of version 6", "2001:db8:1::7/64", v6 + "/64"},
		{"mapped", "::ffff:10.0.0.2", netip.AddrFrom16(netip.MustParseAddr(v4).As16()).String()},
		{"mapped in hex", "::ffff:a00:2", netip.AddrFrom16(netip.MustParseAddr(v4).As16()).String()},
		{"a MAC", "aa:bb:cc:dd:ee:0f AA-BB-CC-DD-EE-0F aabb.ccdd.ee0f", "[removed] [removed] [removed]"},
		{"a name", "nas.fritz.box, NAS.Fritz.box: nas.fritz.box.", name + ", " + name + ": " + name + "."},
		{"a name with a port", "nas.fritz.box:8080", name + ":8080"},
		{"a name of letters beyond ASCII", "пример.рф", r.Name("пример.рф")},
		{"a name that was cut", "nas.frit… asked", r.Name("nas.frit") + "… asked"},
		{"a name with digits at its end", "db.k8s, a.nas.10", r.Name("db.k8s") + ", " + r.Name("a.nas.10")},
		{"names between typographic marks", "“nas.fritz.box”→nas.fritz.box", "“" + name + "”→" + name},
		{"one with an address in it", "ip-10-0-0-2.example.com", r.Name("ip-10-0-0-2.example.com")},
		{"an address joined by dashes", "host 10-0-0-2", "host [removed]"},
		{"an address as a name", "2.0.0.10.in-addr.arpa", r.Name("2.0.0.10.in-addr.arpa")},
		{"a community id", "(1:yN5OIqne9a6/XxCR2/dl1n2Tp5c=)", "([removed])"},
		{"a reason in plain text", `It carries a reason: "Go away, 10.0.0.2\x00"`, `It carries a reason: "[removed]"`},
		{"a quoted word", `a 302 to "wpad"`, `a 302 to "` + r.Name("wpad") + `"`},
		{"a quotation that does not end", `it said "10.0.0.2`, `it said "` + v4},
		{"a version that may be one", "v10.0.0.2", "[removed]"},
		{"a tail too long", "10.0.0.2999", "[removed]"},
		{"five numbers", "1.10.0.0.2", "[removed]"},
	} {
		if got := r.Text(tt.in); got != tt.want {
			t.Errorf("%s: %q became %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
	if r.Name("2.0.0.10.in-addr.arpa") != toArpa(netip.MustParseAddr(v4)) {
		t.Error("an address as a name is not that of its replacement")
	}
}

// TestNamesOfAFindingGoFromItsSentences: whatever they look like.
func TestNamesOfAFindingGoFromItsSentences(t *testing.T) {
	for _, odd := range []string{"wpad", "my printer", "a b.c\\032d", "_x._tcp.7", "backup.json", "host.5", "..", "a:b"} {
		f := &finding.Finding{
			Name: odd, Summary: odd + " is denied, " + odd + ": and (" + odd + "), “" + odd + "…”, " + odd + ":8080. " + odd + ".", Filter: "frame.number==3",
			Client: &finding.Endpoint{IP: netip.MustParseAddr("10.0.0.2"), Port: 50000}, Server: &finding.Endpoint{IP: netip.MustParseAddr("10.9.0.1"), Port: 8443}, Proto: "tcp",
			For: []finding.Evidence{{Text: "10.0.0.2:50000 asked 10.9.0.1:8443 for " + odd, Got: odd}},
		}
		r := fixed()
		out := r.Finding(f)
		for _, s := range []string{out.Name, out.Summary, out.For[0].Text, out.For[0].Got} {
			if strings.Contains(s, odd) {
				t.Errorf("%q stays in %q", odd, s)
			}
		}
		if got := out.For[0].Text; !strings.Contains(got, ":"+strconv.Itoa(int(r.Port(50000)))+" ") || !strings.Contains(got, ":8443 ") {
			t.Errorf("ports of %q", got)
		}
		if s := r.Text("at " + odd + " it ended"); len(odd) >= shortOdd && strings.Contains(s, odd) {
			t.Errorf("another sentence says %q", s)
		}
		if s := "the server sent a reset to the client"; r.Finding(&finding.Finding{Name: "Server.", Summary: s}).Summary != s || r.Text(s) != s {
			t.Error("a name that is an ordinary word takes the word away")
		}
		if f.Name != odd || f.For[0].Got != odd || out.Filter != f.Filter {
			t.Error("the original was changed, or the filter")
		}
	}
}

// TestQuotationsAreTakenAsTheyWereMade: a name between them does not make what is
// between two of them one.
func TestQuotationsAreTakenAsTheyWereMade(t *testing.T) {
	r := fixed()
	name, other := r.Name("nas.fritz.box"), r.Name("wpad")
	for in, want := range map[string]string{
		`for "nas.fritz.box", is sent on to "wpad"`:        `for "` + name + `", is sent on to "` + other + `"`,
		`nas.fritz.box "from" 8.8.8.8 and "wpad"`:          name + ` "from" 8.8.8.8 and "` + other + `"`,
		`"nas.fritz.box" and nas.fritz.box, not "10.0.0.2`: `"` + name + `" and ` + name + `, not "` + r.Name("10.0.0.2"),
		`a "\"nas.fritz.box\"" of it`:                      `a "[removed]" of it`,
	} {
		if got := r.Finding(&finding.Finding{Name: "nas.fritz.box", Summary: in}).Summary; got != want {
			t.Errorf("%s became %s, want %s", in, got, want)
		}
	}
	odd := `a"b`
	if got := r.Finding(&finding.Finding{Name: odd, Summary: odd + ` asked "wpad"`}).Summary; got != r.Name(odd)+` asked "`+other+`"` {
		t.Errorf("got %s", got)
	}
}
