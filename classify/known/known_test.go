package known

import (
	"net/netip"
	"strings"
	"testing"
)

const head = "name,scope,other_names,location_found,pattern_type,pattern,confidence_no_fp,expected_countries,source,exp_url,notes\n"

func TestReadIPs(t *testing.T) {
	l, err := ReadIPs("dns.csv", strings.NewReader(head+
		"nat.ir_page,nat,,dns,full,10.10.34.35,10,IR,,,\n"+
		"isp.xx,isp,,dns,full,198.51.100.9,5,\"RU,KZ\",,,\"a note,\nof two lines\"\n"+
		"prod.forti,prod,,dns,full,208.91.112.55,10,,,,\n"+
		"fp.cdn,fp,,dns,full,198.51.100.10,0,,,,\n"+
		"isp.name,isp,,dns,contains,block.example,5,,,,\n"+
		"isp.six,isp,,dns,full,2001:db8::1,5,,,,\n"+
		"again,prod,,dns,full,10.10.34.35,1,,,,\n"))
	if err != nil || l.Len() != 4 {
		t.Fatalf("%v, %d addresses", err, l.Len())
	}
	for addr, want := range map[string]string{
		"10.10.34.35": "nat nat.ir_page", "::ffff:198.51.100.9": "isp isp.xx", "208.91.112.55": "prod prod.forti",
		"2001:db8::1": "isp isp.six", "198.51.100.10": "", "192.0.2.1": "",
	} {
		ip, ok := l.Lookup(netip.MustParseAddr(addr))
		if got := ip.Scope + " " + ip.Name; ok != (want != "") || ok && got != want {
			t.Errorf("%s: %q, want %q", addr, got, want)
		}
	}
	if none := (*IPs)(nil); none.Len() != 0 {
		t.Error("no list is an empty list")
	}
	if _, ok := (*IPs)(nil).Lookup(netip.MustParseAddr("10.10.34.35")); ok {
		t.Error("no list knows an address")
	}
}

func TestReadIPsNamesTheLine(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "dns.csv:1: the file is empty"},
		{"no such columns", "name,scope\n", `dns.csv:1: there is no column "pattern"`},
		{"no address", head + "a,nat,,dns,full,10.10.34.35,,,,,\nb,nat,,dns,full,10.10.34,,,,,\n", `dns.csv:3: pattern "10.10.34" is no address`},
		{"no name", head + ",nat,,dns,full,10.10.34.35,,,,,\n", "dns.csv:2: a fingerprint without a name"},
		{"a quote that does not end", head + "\"a,nat\n", `dns.csv:2: extraneous or missing " in quoted-field`},
		{"after a field of two lines", head + "a,nat,,dns,full,10.10.34.35,,,,,\"x\ny\"\nb,nat,,dns,full,no,,,,,\n", `dns.csv:4: pattern "no" is no address`},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := ReadIPs("dns.csv", strings.NewReader(c.text))
			if l != nil || err == nil || err.Error() != c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

func FuzzReadIPs(f *testing.F) {
	f.Add(head + "nat.ir_page,nat,,dns,full,10.10.34.35,10,IR,,,\n")
	f.Add("name,pattern\nx,\"1.2.3.4\n")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := ReadIPs("x", strings.NewReader(text))
		if (l == nil) != (err != nil) || err != nil && !strings.HasPrefix(err.Error(), "x:") {
			t.Fatalf("%v, %v", l, err)
		}
	})
}
