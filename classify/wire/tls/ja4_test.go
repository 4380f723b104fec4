package tls

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// foxSuites, foxExts and foxAlgs are the example of JA4.md, in its order.
var (
	foxSuites = []uint16{0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x9c, 0x9d, 0x2f, 0x35}
	foxExts   = []uint16{0x1b, 0, 0x33, 0x10, 0x4469, 0x17, 0x2d, 0xd, 5, 0x23, 0x12, 0x2b, 0xff01, 0xb, 0xa, 0x15}
	foxAlgs   = []uint16{0x403, 0x804, 0x401, 0x503, 0x805, 0x501, 0x806, 0x601}
)

// chromium152 is the hello of sigalg-grease.pcapng of the JA4 repository: GREASE
// among the signature algorithms.
var (
	chromium152Exts = []uint16{0xfe0d, 0x10, 0x17, 0x33, 0x44cd, 0xff01, 0xa, 0xd, 0x23, 0x2b, 0xb, 0xca34, 0x2d, 0, 5, 0x1b, 0x12}
	chromium152Algs = []uint16{0x904, 0x905, 0x906, 0x403, 0x804, 0x401, 0x503, 0x805, 0x501, 0x806, 0x601}
)

// ja4Of parses a hello with the extensions of types, filled where JA4 looks into
// them, and returns its fingerprint.
func ja4Of(t *testing.T, legacy uint16, suites, types, algs []uint16, protocol string, versions ...uint16) string {
	t.Helper()
	var exts [][]byte
	for _, typ := range types {
		switch typ {
		case extServerName:
			exts = append(exts, sni("example.org"))
		case extALPN:
			exts = append(exts, alpn(protocol, "zz"))
		case extSigAlgs:
			exts = append(exts, ext(typ, vec16(u16s(algs...))))
		case extSupportedVersions:
			exts = append(exts, ext(typ, vec8(u16s(versions...))))
		default:
			exts = append(exts, ext(typ))
		}
	}
	var h ClientHello
	if st, _ := h.Parse(records(hello(legacy, suites, exts...), 1<<14)); st != Done {
		t.Fatal(st)
	}
	return h.JA4('t')
}

func TestJA4(t *testing.T) {
	grease := func(list []uint16) []uint16 { return append(append([]uint16{0x2a2a}, list...), 0xfafa) }
	var many []uint16
	for i := range uint16(200) {
		many = append(many, 0x4000+i)
	}
	const none = "000000000000"
	tests := []struct {
		name, got, want string
	}{
		{"the example of JA4.md", ja4Of(t, 0x303, foxSuites, foxExts, foxAlgs, "h2", 0x304, 0x303), "t13d1516h2_8daaf6152771_e5627efa2ab1"},
		{"GREASE changes nothing", ja4Of(t, 0x303, grease(foxSuites), grease(foxExts), grease(foxAlgs), "h2", 0x8a8a, 0x303, 0x304), "t13d1516h2_8daaf6152771_e5627efa2ab1"},
		{"Chromium 152, of sigalg-grease.pcapng", ja4Of(t, 0x303, grease(foxSuites), grease(chromium152Exts), grease(chromium152Algs), "h2", 0x304), "t13d1517h2_8daaf6152771_cb7bf5808d99"},
		{"without signature algorithms", ja4Of(t, 0x303, foxSuites, foxExts, nil, "h2", 0x304), "t13d1516h2_8daaf6152771_6d807ffa2a79"},
		{"a name alone leaves no extensions to hash", ja4Of(t, 0x301, foxSuites, []uint16{0}, nil, ""), "t10d150100_8daaf6152771_" + none},
		{"no extensions at all", ja4Of(t, 0x302, foxSuites, nil, nil, ""), "t11i150000_8daaf6152771_" + none},
		{"no suites", ja4Of(t, 0x300, nil, nil, nil, ""), "ts3i000000_" + none + "_" + none},
		{"only GREASE", ja4Of(t, 0x303, grease(nil), grease(nil), nil, ""), "t12i000000_" + none + "_" + none},
		{"versions of GREASE alone are unknown", ja4Of(t, 0x303, foxSuites, []uint16{0x2b}, nil, "", 0x0a0a)[:10], "t00i150100"},
		{"an unknown version", ja4Of(t, 0x305, foxSuites, nil, nil, "")[:10], "t00i150000"},
		{"counts end at 99", ja4Of(t, 0x303, many, many, nil, "")[:10], "t12i999900"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, tt.got, tt.want)
		}
	}
}

// TestJA4OfProtocols has the examples of JA4.md, "ALPN Extension Value".
func TestJA4OfProtocols(t *testing.T) {
	for protocol, want := range map[string]string{
		"h2": "h2", "http/1.1": "h1", "h": "hh", "xmpp-client": "xt", "Zz": "Zz",
		"\xab": "ab", "\xab\xcd": "ad", "0\xab": "3b", "01\xab\xcd": "3d", "0\xab\xcd1": "01",
		" ": "20", "a ": "60", "\x0a\x0a": "0a",
	} {
		if got := ja4Of(t, 0x303, foxSuites, []uint16{0x10}, nil, protocol)[8:10]; got != want {
			t.Errorf("%q: %q, want %q", protocol, got, want)
		}
	}
}

// TestJA4OfDTLS includes a fingerprint published by the authors (JA4 repository,
// issue 110: version 0x0100 is unknown, no extensions are zeros).
func TestJA4OfDTLS(t *testing.T) {
	old := []uint16{0x39, 0x38, 0x35, 0x16, 0x13, 0xa, 0x33, 0x32, 0x2f, 7, 0x66, 5, 4, 0x63, 0x62, 0x61, 0x15, 0x12, 9, 0x65, 0x64, 0x60, 0x14, 0x11, 8, 6, 3}
	for _, tt := range []struct {
		name     string
		legacy   uint16
		versions []uint16
		want     string
	}{
		{"OpenSSL's own version", dtlsBad, nil, "d00i270000_fd1a708466c1_000000000000"},
		{"DTLS 1.0", dtls10, nil, "dd1i270000_fd1a708466c1_000000000000"},
		{"DTLS 1.2", dtls12, nil, "dd2i270000_fd1a708466c1_000000000000"},
		{"DTLS 1.3 has the lowest number", dtls12, []uint16{0x3a3a, dtls12, dtls13}, "dd3i270100_fd1a708466c1_"},
		{"DTLS 1.2 at most", dtls12, []uint16{dtls10, dtls12}, "dd2i270100_fd1a708466c1_"},
	} {
		var h ClientHello
		if st := h.ParseDTLSMessage(dtlsHello(tt.legacy, old, tt.versions)); st != Done {
			t.Fatal(st)
		}
		if got := h.JA4('d'); !strings.HasPrefix(got, tt.want) || len(got) != 36 {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestJA4OfSSLv2(t *testing.T) {
	stream := cat([]byte{0x80, 28, 1, 0, 2}, u16s(3, 0, 16), []byte{0, 0, 0x2f}, counting(16))
	var h ClientHello
	if st, _ := h.Parse(stream); st != Done || h.JA4('t')[:10] != "ts2i010000" {
		t.Fatal(st, h.JA4('t'))
	}
}

// TestNoJA4OfPartOfAHello: a fingerprint of a part would be another client's.
func TestNoJA4OfPartOfAHello(t *testing.T) {
	stream := records(chrome("signal.org"), 1<<14)
	broken := records(hello(0x0303, []uint16{1}, u16s(0, 9, 1)), 999)
	var h ClientHello
	if h.JA4('t') != "" {
		t.Error("a fingerprint of nothing")
	}
	for cut := range len(stream) {
		h.Parse(stream)
		h.Parse(stream[:cut])
		if got := h.JA4('t'); got != "" {
			t.Fatalf("%d bytes: %s", cut, got)
		}
		if h.ParsePartial(stream[:cut]); h.JA4('t') != "" {
			t.Fatalf("partial of %d bytes: %s", cut, h.JA4('t'))
		}
	}
	if st, _ := h.Parse(broken); st != Malformed || h.JA4('t') != "" {
		t.Errorf("%v: %s", st, h.JA4('t'))
	}
	if got := string(h.AppendJA4([]byte("x"), 't')); got != "x" {
		t.Errorf("appended %q", got)
	}
}

func TestJA4Allocations(t *testing.T) {
	var h ClientHello
	h.Parse(records(chrome("signal.org"), 1<<14))
	dst := make([]byte, 0, 64)
	if n := testing.AllocsPerRun(100, func() { dst = h.AppendJA4(dst[:0], 't') }); n != 0 {
		t.Errorf("AppendJA4: %v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() { h.JA4('t') }); n > 1 {
		t.Errorf("JA4: %v allocations, want that of the string", n)
	}
	if !slices.Contains(h.CipherSuites[:1], 0x2a2a) {
		t.Error("the hello's own lists were changed")
	}
}

// ja4Laws: a fingerprint has one shape, is that of the same bytes read again,
// and does not depend on the order of suites and extensions.
func ja4Laws(t *testing.T, stream []byte) {
	t.Helper()
	var h, again ClientHello
	st, _ := h.Parse(stream)
	got := h.JA4('t')
	if (st == Done) != (got != "") {
		t.Fatalf("%v has %q", st, got)
	}
	if st != Done {
		return
	}
	if len(got) != ja4Len || got[10] != '_' || got[23] != '_' || got[0] != 't' {
		t.Fatalf("shape of %q", got)
	}
	again.Parse(records(chrome("other.example"), 100))
	again.JA4('t')
	again.Parse(stream)
	slices.Reverse(again.CipherSuites)
	slices.Reverse(again.Extensions)
	if other := again.JA4('t'); other != got {
		t.Fatalf("%s, then %s", got, other)
	}
}

func FuzzJA4(f *testing.F) {
	f.Add(records(chrome("web.whatsapp.com"), 200))
	f.Add(records(hello(0x0301, []uint16{0x2f}, sni("t.me")), 1))
	f.Add(cat([]byte{0x80, 28, 1, 3, 1}, u16s(3, 0, 16), counting(19)))
	f.Fuzz(ja4Laws)
}

// BenchmarkJA4 has hellos with extensions in any order, as browsers send them:
// of one hello over and over, the processor learns the order by heart.
func BenchmarkJA4(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	hellos := make([]ClientHello, 256)
	for i := range hellos {
		h := &hellos[i]
		h.Parse(records(chrome("signal.org"), 1<<14))
		r.Shuffle(len(h.Extensions), func(i, j int) { h.Extensions[i], h.Extensions[j] = h.Extensions[j], h.Extensions[i] })
	}
	dst := make([]byte, 0, ja4Len)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		dst = hellos[i%len(hellos)].AppendJA4(dst[:0], 't')
	}
}
