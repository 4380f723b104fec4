package wire

import (
	"strings"
	"testing"
)

func TestHostname(t *testing.T) {
	label := strings.Repeat("a", 63)
	tests := []struct {
		name, raw, want string
		ok              bool
	}{
		{"a plain name stays as it is", "web.whatsapp.com", "web.whatsapp.com", true},
		{"upper case is lowered", "Web.WhatsApp.COM", "web.whatsapp.com", true},
		{"one trailing dot is dropped", "signal.org.", "signal.org", true},
		{"two trailing dots are refused", "signal.org..", "", false},
		{"underscores are allowed", "_dmarc.example.org", "_dmarc.example.org", true},
		{"a single label is a name", "localhost", "localhost", true},
		{"inner hyphens are allowed", "r3---sn-n4v7knl6.googlevideo.com", "r3---sn-n4v7knl6.googlevideo.com", true},
		{"a label may start with digits", "2ip.ru", "2ip.ru", true},
		{"the empty name is refused", "", "", false},
		{"a lone dot is refused", ".", "", false},
		{"an empty label is refused", "a..b", "", false},
		{"a leading dot is refused", ".a", "", false},
		{"an IPv4 literal is refused", "192.0.2.1", "", false},
		{"an IPv6 literal is refused", "2001:db8::1", "", false},
		{"control bytes are refused", "a\x1b[31m.com", "", false},
		{"high bytes are refused", "b\xc3\xbccher.example", "", false},
		{"a port is refused", "example.org:443", "", false},
		{"a label of 63 is allowed", label + ".org", label + ".org", true},
		{"a label of 64 is refused", label + "a.org", "", false},
		{"a name of 253 is allowed", strings.Repeat("a.", 126) + "a", strings.Repeat("a.", 126) + "a", true},
		{"a name of 254 is refused", strings.Repeat("a.", 126) + "aa", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := Hostname(tt.raw)
			if got != tt.want || ok != tt.ok {
				t.Fatalf("Hostname(%q) = %q, %v; want %q, %v", tt.raw, got, ok, tt.want, tt.ok)
			}
		})
	}
}

func FuzzHostname(f *testing.F) {
	f.Add("Web.WhatsApp.com.")
	f.Add("192.0.2.1")
	f.Fuzz(func(t *testing.T, raw string) {
		name, ok := Hostname(raw)
		if !ok {
			if name != "" {
				t.Fatalf("refused %q but returned %q", raw, name)
			}
			return
		}
		if len(name) > 253 {
			t.Fatalf("name of %d bytes", len(name))
		}
		// Idempotent: a name that was accepted is accepted unchanged.
		if again, ok := Hostname(name); !ok || again != name {
			t.Fatalf("Hostname(%q) = %q, %v the second time", name, again, ok)
		}
	})
}

func TestHostnameDoesNotAllocateForLowerCase(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { Hostname("web.whatsapp.com.") }); n != 0 {
		t.Fatalf("%v allocations, want 0", n)
	}
}

func TestStatusNames(t *testing.T) {
	for s, want := range map[Status]string{NeedMore: "need more", Done: "done", Alien: "alien", Malformed: "malformed", 9: "invalid status"} {
		if got := s.String(); got != want {
			t.Errorf("Status(%d).String() = %q, want %q", s, got, want)
		}
	}
}
