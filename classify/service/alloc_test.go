package service

import (
	"net/netip"
	"testing"
)

func TestLookupsAllocateNothing(t *testing.T) {
	r := Default()
	v4, v6 := netip.MustParseAddr(waHost), netip.MustParseAddr("64:ff9b::959a:a732")
	for name, f := range map[string]func(){
		"exact name":   func() { r.names.find("web.whatsapp.com") },
		"upper case":   func() { r.names.find("WEB.WhatsApp.com.") },
		"glob":         func() { r.names.find("kws2-1.web.telegram.org") },
		"suffix":       func() { r.names.find("a.b.c.d.whatsapp.net") },
		"unknown name": func() { r.names.find("www.example.org") },
		"OwnerOfName":  func() { r.OwnerOfName("mmg.whatsapp.net") },
		"OwnerOfAddr":  func() { r.OwnerOfAddr(v4); r.OwnerOfAddr(v6) },
		"MustExist":    func() { r.MustExist("web.whatsapp.com") },
		"Misplaced":    func() { r.Misplaced("web.whatsapp.com", v4) },
		"resolver":     func() { r.PublicResolver(v4) },
		"unknown flow": func() { r.Classify(&Evidence{Server: netip.MustParseAddr(nobody), Port: 443, Proto: tcp}) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkClassify(b *testing.B) {
	r := Default()
	for _, c := range []struct {
		name string
		e    Evidence
	}{
		{"name", resolved(sni(on(waHost, tcp, 443), "web.whatsapp.com"), "web.whatsapp.com")},
		{"prefix", on(telegramDC, tcp, 443)},
		{"unknown", sni(on(nobody, tcp, 443), "www.example.org")},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.Classify(&c.e)
			}
		})
	}
}

func BenchmarkFindName(b *testing.B) {
	for b.Loop() {
		Default().names.find("media-arn2-1.cdn.whatsapp.net")
	}
}

func BenchmarkFindAddr(b *testing.B) {
	a := netip.MustParseAddr(waHost)
	for b.Loop() {
		Default().addrs.find(a)
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := LoadFiles(); err != nil {
			b.Fatal(err)
		}
	}
}

// strangers are payloads of flows that are nobody's, as most are.
func strangers(t testing.TB) map[string]Payload {
	later := up(udp, 443, padded(t, 1200, "4a"))
	later.Nth = 9
	return map[string]Payload{
		"tls":  up(tcp, 443, padded(t, 517, "16030102000100 01fc0303")),
		"quic": up(udp, 443, padded(t, 1200, "c3 00000001 08 0102030405060708 00 00 449e")),
		"data": later,
		"rtp":  up(udp, 16384, padded(t, 172, "80 00 0001 00000001 00000001")),
		"late": func() Payload { p := later; p.Nth = 17; return p }(),
	}
}

func TestRecognisingNothingAllocatesNothing(t *testing.T) {
	r := Default()
	for name, p := range strangers(t) {
		if n := testing.AllocsPerRun(100, func() { r.Recognise(&p, nil) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
		if got := shows(r, &p); got != "" {
			t.Errorf("%s shows %s", name, got)
		}
	}
}

func BenchmarkRecognise(b *testing.B) {
	r := Default()
	for name, p := range strangers(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.Recognise(&p, nil)
			}
		})
	}
}
