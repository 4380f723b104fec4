package synth

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"chokepoint/classify/wire/dns"
	"chokepoint/classify/wire/tls"
)

func TestHellosAreReadByTheParser(t *testing.T) {
	for _, tt := range []struct {
		name     string
		hello    ClientHello
		min, max int
	}{
		{"padded to 517", ClientHello{Name: "web.whatsapp.com", ALPN: []string{"h2", "http/1.1"}}, 517, 517},
		{"without ALPN", ClientHello{Name: "api.oneme.ru"}, 517, 517},
		{"two segments with a post-quantum share", ClientHello{Name: "chat.signal.org", ALPN: []string{"h2"}, PostQuantum: true}, mss - 12 + 1, 1900},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := tt.hello.Bytes(NewSim(start, 3))
			var h tls.ClientHello
			if st, n := h.Parse(b); st != tls.Done || n != len(b) {
				t.Fatalf("%v after %d of %d", st, n, len(b))
			}
			if h.SNI != tt.hello.Name || !slices.Equal(h.ALPN, tt.hello.ALPN) || h.PostQuantum != tt.hello.PostQuantum || !h.GREASE || h.BadExts || h.Version != 0x304 {
				t.Errorf("%+v", h)
			}
			if len(b) < tt.min || len(b) > tt.max {
				t.Errorf("%d bytes", len(b))
			}
		})
	}
}

func TestServerFlightIsReadByTheParser(t *testing.T) {
	for _, pq := range []bool{false, true} {
		b := serverFlight(NewSim(start, 3), ClientHello{Name: "a", PostQuantum: pq})
		var f tls.ServerFlight
		if st, _ := f.Parse(b); st != tls.Done || !f.HelloSeen || !f.Hello.TLS13() {
			t.Errorf("%v: %+v", st, f)
		}
	}
}

func TestRecordsFillTheStreamExactly(t *testing.T) {
	for _, n := range []int{1, 17, maxRecord + 17, maxRecord + 18, 100_000} {
		b, sum := Records(NewSim(start, 1), n), 0
		for len(b) > 0 {
			k := int(b[3])<<8 | int(b[4])
			if b[0] != recordData || k > maxRecord+256 || 5+k > len(b) {
				t.Fatalf("%d: a record of %d", n, k)
			}
			sum, b = sum+k, b[5+k:]
		}
		if sum != n {
			t.Errorf("%d bytes became %d", n, sum)
		}
	}
}

func TestObfuscatedHeadersLookLikeNothing(t *testing.T) {
	s := NewSim(start, 9)
	for range 2000 {
		b := obfuscated2(s)
		if len(b) != 64 || b[0] == 0xef || string(b[:4]) == "GET " || string(b[4:8]) == "\x00\x00\x00\x00" {
			t.Fatalf("%x", b)
		}
	}
}

func TestNoiseBeginsWithRoutingAndVersion(t *testing.T) {
	b := Noise(NewSim(start, 1))[0].Data
	if string(b[:4]) != "ED\x00\x01" || b[6] != 8 || string(b[15:17]) != "WA" || int(b[19])<<16|int(b[20])<<8|int(b[21]) != len(b)-22 {
		t.Errorf("%x", b)
	}
}

func TestDNSMessagesAreReadByTheParser(t *testing.T) {
	q, err := Query(0xbeef, "web.whatsapp.com")
	if err != nil {
		t.Fatal(err)
	}
	addr := netip.MustParseAddr("157.240.205.60")
	for _, tt := range []struct {
		name    string
		answer  DNSAnswer
		rcode   uint16
		answers int
	}{
		{"an address", DNSAnswer{Addrs: []netip.Addr{addr}, TTL: 60, EDNS: true}, 0, 1},
		{"a proper denial", DNSAnswer{Rcode: 3, SOA: true, EDNS: true}, 3, 0},
		{"a bare denial", DNSAnswer{Rcode: 3, NoRA: true}, 3, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, err := tt.answer.Respond(q)
			if err != nil {
				t.Fatal(err)
			}
			var m dns.Message
			if st := m.ParseUDP(b, len(b)); st != dns.Done {
				t.Fatal(st)
			}
			if !m.Response || m.ID != 0xbeef || m.QName != "web.whatsapp.com" || m.Rcode != tt.rcode || len(m.Answers) != tt.answers ||
				m.HasSOA != tt.answer.SOA || m.HasOPT != tt.answer.EDNS || m.RA == tt.answer.NoRA {
				t.Errorf("%+v", m)
			}
		})
	}
	if _, err := (DNSAnswer{}).Respond([]byte("no query")); err == nil {
		t.Error("answered what is no query")
	}
}

func TestForgerAnswersBesideTheResolver(t *testing.T) {
	for _, swallow := range []bool{false, true} {
		b := newBench("203.0.113.1")
		Resolver(b.path.Server, Zone{"a.example": {near}}, time.Millisecond)
		forger := &DNSForger{Sim: b.Sim, Match: func(n string) bool { return n == "a.example" }, Answer: DNSAnswer{Rcode: 3}, Delay: time.Millisecond, Swallow: swallow, TTL: 60}
		b.path.Stages = []Stage{b.tap, forger, b.link}
		q, _ := Query(1, "a.example")
		var codes []uint16
		Ask(b.path, 53, q, func(p *Packet) {
			rcode, _ := Addresses(p.Payload)
			codes = append(codes, uint16(rcode))
		})
		b.Run(5 * time.Second)
		want := []uint16{3, 0}
		if swallow {
			want = want[:1]
		}
		if !slices.Equal(codes, want) {
			t.Errorf("swallow %v: rcodes %v", swallow, codes)
		}
	}
}
