package tls

import "testing"

// dtlsHello builds the body of a DTLS ClientHello with a cookie of 20 bytes.
func dtlsHello(legacy uint16, suites, versions []uint16, exts ...[]byte) []byte {
	body := cat(u16s(legacy), counting(32), vec8(nil), vec8(counting(20)), vec16(u16s(suites...)), vec8([]byte{0}))
	if versions != nil {
		exts = append(exts, ext(extSupportedVersions, vec8(u16s(versions...))))
	}
	if exts != nil {
		body = cat(body, vec16(exts...))
	}
	return body
}

func TestParseDTLSMessage(t *testing.T) {
	srtp := ext(extUseSRTP, vec16(u16s(1, 7)), vec8(nil))
	tests := []struct {
		name string
		body []byte
		st   Status
		ok   func(*ClientHello) bool
	}{
		{"a cookie is passed over and noted", dtlsHello(dtls12, []uint16{0xc02b}, nil, sni("turn.example"), srtp), Done,
			func(h *ClientHello) bool {
				return h.SNI == "turn.example" && h.CookieLen == 20 && h.SRTP && h.DTLS && h.Version == dtls12 && len(h.CipherSuites) == 1
			}},
		{"of the versions the newest counts", dtlsHello(dtls12, []uint16{0x1301}, []uint16{dtls12, dtls13, dtls10}), Done,
			func(h *ClientHello) bool { return h.Version == dtls13 && h.LegacyVersion == dtls12 }},
		{"OpenSSL's own version", dtlsHello(dtlsBad, []uint16{0x2f}, nil), Done, func(h *ClientHello) bool { return h.Version == dtlsBad }},
		{"TLS is not DTLS", dtlsHello(0x0303, []uint16{0x2f}, nil), NotTLS, func(h *ClientHello) bool { return h.Length == 0 && !h.DTLS }},
		{"nothing is malformed", nil, Malformed, nil},
		{"a cut cookie is malformed", cat(u16s(dtls12), counting(32), vec8(nil), []byte{9, 1}), Malformed, nil},
		{"cut extensions are malformed", dtlsHello(dtls12, []uint16{0x2f}, nil, u16s(0, 9, 1)), Malformed, nil},
		{"a body without a cookie field is malformed", cat(u16s(dtls12), counting(32), vec8(nil), vec16(u16s(0xc02b)), vec8([]byte{0})), Malformed, nil},
	}
	var h ClientHello
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if st := h.ParseDTLSMessage(tt.body); st != tt.st || tt.ok != nil && !tt.ok(&h) {
				t.Fatalf("%v, %+v", st, h)
			}
		})
	}
	if h.Parse(records(chrome("t.me"), 1<<14)); h.DTLS || h.CookieLen != 0 || h.SRTP {
		t.Errorf("a TLS hello read after it: %+v", h)
	}
}

// TestDTLSPrefixes: a body that ends early never passes for a whole one, except
// where its extensions may be left out.
func TestDTLSPrefixes(t *testing.T) {
	body := dtlsHello(dtls12, []uint16{0xc02b, 0xc02f}, []uint16{dtls12}, sni("turn.example"))
	bare := len(dtlsHello(dtls12, []uint16{0xc02b, 0xc02f}, nil))
	var h ClientHello
	for i := range body {
		if st := h.ParseDTLSMessage(body[:i]); (st == Done) != (i == bare) {
			t.Errorf("%d of %d bytes: %v", i, len(body), st)
		}
	}
}

func FuzzDTLSMessage(f *testing.F) {
	f.Add(dtlsHello(dtlsBad, []uint16{0x39, 0x2f}, nil))
	f.Add(dtlsHello(dtls12, []uint16{0xc02b}, []uint16{dtls13}, sni("turn.example")))
	f.Fuzz(func(t *testing.T, body []byte) {
		var fresh, used ClientHello
		st := fresh.ParseDTLSMessage(body)
		used.Parse(records(chrome("other.example"), 100))
		ust := used.ParseDTLSMessage(body)
		if a, b := show(ust, 0, &used), show(st, 0, &fresh); a != b {
			t.Fatalf("reused:\n%s\nfresh:\n%s", a, b)
		}
		if st == NeedMore || st == Done && (!isDTLS(fresh.LegacyVersion) || len(fresh.JA4('d')) != ja4Len) {
			t.Fatalf("%v, %+v", st, fresh)
		}
	})
}
