package tls

import (
	"slices"
	"strings"
	"testing"
)

func TestClientHelloOfChrome(t *testing.T) {
	msg := chrome("web.whatsapp.com")
	stream := records(msg, 1<<14)
	var h ClientHello
	st, n := h.Parse(stream)
	if st != Done || n != len(stream) {
		t.Fatalf("Parse = %v, %d; want done, %d", st, n, len(stream))
	}
	if h.SNI != "web.whatsapp.com" || h.SNIRaw != h.SNI || h.BadSNI {
		t.Errorf("SNI %q raw %q bad %v", h.SNI, h.SNIRaw, h.BadSNI)
	}
	if !slices.Equal(h.ALPN, []string{"h2", "http/1.1"}) {
		t.Errorf("ALPN %q", h.ALPN)
	}
	if h.Version != 0x0304 || h.LegacyVersion != 0x0303 || h.RecordVersion != 0x0303 || !slices.Equal(h.Versions, []uint16{0x8a8a, 0x0304, 0x0303}) {
		t.Errorf("versions %x %x %x %x", h.Version, h.LegacyVersion, h.RecordVersion, h.Versions)
	}
	if string(h.Random[:]) != string(counting(32)) || h.SessionIDLen != 32 {
		t.Errorf("random %x, session id of %d", h.Random, h.SessionIDLen)
	}
	if len(h.CipherSuites) != 16 || len(h.Extensions) != 18 || len(h.SigAlgs) != 8 || len(h.Groups) != 5 {
		t.Errorf("suites %d, extensions %d, signature algorithms %d, groups %d", len(h.CipherSuites), len(h.Extensions), len(h.SigAlgs), len(h.Groups))
	}
	if !slices.Equal(h.KeyShareGroups, []uint16{0x6a6a, 0x11ec, 29}) || !slices.Equal(h.PointFormats, []uint8{0}) {
		t.Errorf("key shares %x, point formats %x", h.KeyShareGroups, h.PointFormats)
	}
	if !h.GREASE || !h.PostQuantum || h.ECH != ECHOuter || h.ECHConfigID != 0x7b || h.PSK || h.EarlyData || h.BadExts {
		t.Errorf("flags of %+v", h)
	}
	if h.Records != 1 || h.Length != len(msg)-4 {
		t.Errorf("%d records, length %d", h.Records, h.Length)
	}
}

func TestClientHelloServerNames(t *testing.T) {
	long := strings.Repeat("a.", 126) + "aa"
	tests := []struct {
		name     string
		ext      []byte
		sni, raw string
		bad      bool
		badExts  bool
	}{
		{"upper case and a trailing dot are normalised", sni("Web.WhatsApp.com."), "web.whatsapp.com", "Web.WhatsApp.com.", false, false},
		{"an address literal is kept raw only", sni("192.0.2.1"), "", "192.0.2.1", true, false},
		{"control bytes are kept raw only", sni("a\x1b[2J"), "", "a\x1b[2J", true, false},
		{"an over-long name is kept raw only", sni(long), "", long, true, false},
		{"a name cut by its list is refused", ext(extServerName, u16s(9), []byte{0}, u16s(50), []byte("sixsix")), "", "", false, true},
		{"another name type is passed over", ext(extServerName, vec16([]byte{7}, vec16([]byte("x")), []byte{0}, vec16([]byte("signal.org")))), "signal.org", "signal.org", false, false},
		{"of two extensions the first counts", cat(sni("first.example"), sni("second.example")), "first.example", "first.example", false, false},
		{"an empty extension names nobody", ext(extServerName), "", "", false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var h ClientHello
			if st, _ := h.Parse(records(hello(0x0303, []uint16{0x1301}, tt.ext), 1<<14)); st != Done {
				t.Fatalf("status %v", st)
			}
			if h.SNI != tt.sni || h.SNIRaw != tt.raw || h.BadSNI != tt.bad || h.BadExts != tt.badExts {
				t.Fatalf("SNI %q raw %q bad %v, bad extensions %v", h.SNI, h.SNIRaw, h.BadSNI, h.BadExts)
			}
		})
	}
}

func TestClientHelloExtensions(t *testing.T) {
	tests := []struct {
		name string
		ext  []byte
		ok   func(*ClientHello) bool
	}{
		{"pre_shared_key and early_data are noticed", cat(ext(extEarlyData), ext(extPreSharedKey, counting(9))), func(h *ClientHello) bool { return h.PSK && h.EarlyData }},
		{"an inner ECH is told apart", ext(extECH, []byte{1}), func(h *ClientHello) bool { return h.ECH == ECHInner }},
		{"an ECH cut short is outer and bad", ext(extECH, []byte{0, 0}), func(h *ClientHello) bool { return h.ECH == ECHOuter && h.BadExts }},
		{"ESNI of the old drafts is told apart", ext(extESNI, counting(9)), func(h *ClientHello) bool { return h.ECH == ESNI && h.ECH.String() == "esni" }},
		{"the Kyber draft counts as post-quantum", ext(extSupportedGroups, vec16(u16s(0x6399, 29))), func(h *ClientHello) bool { return h.PostQuantum && !h.GREASE }},
		{"a list with half a number is bad", ext(extSupportedGroups, vec16([]byte{0, 29, 0})), func(h *ClientHello) bool { return h.BadExts && len(h.Groups) == 1 }},
		{"an empty list of versions leaves the legacy one", ext(extSupportedVersions, vec8()), func(h *ClientHello) bool { return h.Version == 0x0303 }},
		{"an unusual protocol name is kept", alpn("xmpp-client"), func(h *ClientHello) bool { return len(h.ALPN) == 1 && h.ALPN[0] == "xmpp-client" }},
		{"a share longer than its list is bad", ext(extKeyShare, vec16(u16s(29, 99))), func(h *ClientHello) bool { return h.BadExts && len(h.KeyShareGroups) == 1 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var h ClientHello
			if st, _ := h.Parse(records(hello(0x0303, []uint16{0x1301}, tt.ext), 1<<14)); st != Done || !tt.ok(&h) {
				t.Fatalf("%v, %+v", st, h)
			}
		})
	}
}
