package expr

import "testing"

// FuzzCompile holds that any text compiles or is refused, never both nor
// neither, and that what compiles obeys the laws of logic on every packet.
func FuzzCompile(f *testing.F) {
	for _, s := range []string{
		"tcp port 443 and (host 192.0.2.1 or 198.51.100.2) or not icmp", "net 10.0.0.0 mask 255.0.0.0", `ip proto \tcp`,
		"src or dst portrange 1-9", "vlan 5 && !(ip6 || udp)", "host (1.2.3.4 and not 5.6.7.8)", "tcp[13] & 4 != 0", "net 2001:db8::/32",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		plain, err := Compile(s)
		if (err == nil) != (plain != nil) {
			t.Fatalf("filter %v with error %v", plain, err)
		}
		if err != nil || len(plain.code) == 0 {
			return
		}
		for i, b := range plain.code {
			if b.yes >= 0 && int(b.yes) <= i || b.no >= 0 && int(b.no) <= i {
				t.Fatalf("%q: branch %d goes back to %d or %d", s, i, b.yes, b.no)
			}
		}
		// These may be refused for their depth or length only.
		negated, err1 := Compile("not (" + s + ")")
		twice, err2 := Compile("(" + s + ") and (" + s + ")")
		if err1 != nil || err2 != nil {
			return
		}
		for name, p := range packets() {
			is := plain.Match(p)
			if negated.Match(p) == is || twice.Match(p) != is {
				t.Fatalf("%q on packet %s: %v, negated %v, twice %v", s, name, is, negated.Match(p), twice.Match(p))
			}
		}
	})
}
