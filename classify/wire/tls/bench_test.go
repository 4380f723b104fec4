package tls

import "testing"

func BenchmarkClientHello(b *testing.B) {
	names := [2][]byte{records(chrome("web.whatsapp.com"), 1<<14), records(chrome("edge-chat.signal.org"), 1<<14)}
	var h ClientHello
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if st, _ := h.Parse(names[i&1]); st != Done {
			b.Fatal(st)
		}
	}
}

func BenchmarkClientHelloIncomplete(b *testing.B) {
	stream := records(chrome("web.whatsapp.com"), 1<<14)[:1400]
	var h ClientHello
	b.ReportAllocs()
	for b.Loop() {
		h.Parse(stream)
	}
}

func BenchmarkClientHelloInRecordsOf100(b *testing.B) {
	stream := records(chrome("web.whatsapp.com"), 100)
	var h ClientHello
	b.ReportAllocs()
	for b.Loop() {
		h.Parse(stream)
	}
}

func BenchmarkServerHello13(b *testing.B) {
	stream := records(serverHello(0x0303, counting(32), 0x1301, ext(extKeyShare, share(0x11ec, 1120)), ext(extSupportedVersions, u16s(0x0304))), 1<<14)
	var f ServerFlight
	b.ReportAllocs()
	for b.Loop() {
		f.Parse(stream)
	}
}

func BenchmarkCursor(b *testing.B) {
	stream := record(typeAppData, make([]byte, 16384))
	for len(stream) < 1448*1024 {
		stream = append(stream, stream...)
	}
	var c Cursor
	off := 0
	b.ReportAllocs()
	for b.Loop() {
		if off+1448 > len(stream)/16389*16389 {
			c, off = Cursor{}, 0
		}
		c.Feed(stream[off:off+1448], 1448)
		off += 1448
	}
	if !c.InSync() {
		b.Fatal("lost")
	}
}

func TestClientHelloAllocations(t *testing.T) {
	a, b := records(chrome("web.whatsapp.com"), 1<<14), records(chrome("signal.org"), 1<<14)
	var h ClientHello
	if n := testing.AllocsPerRun(100, func() { h.Parse(a); h.Parse(b) }); n > 2 {
		t.Fatalf("%v allocations for two hellos, want one for each name", n)
	}
	var c Cursor
	if n := testing.AllocsPerRun(100, func() { c.Feed(a, len(a)) }); n != 0 {
		t.Fatalf("cursor: %v allocations", n)
	}
}
