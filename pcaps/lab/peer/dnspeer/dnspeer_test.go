package dnspeer

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/miekg/dns"
	"go.uber.org/goleak"

	"chokepoint/classify/wire"
	wiredns "chokepoint/classify/wire/dns"
	"chokepoint/pcaps/lab/peer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	v4 = netip.MustParseAddr("157.240.205.60")
	v6 = netip.MustParseAddr("2a03:2880:f36f:120:face:b00c:0:167")
)

func zone() map[string][]netip.Addr {
	return map[string][]netip.Addr{"web.whatsapp.com": {v4, v6}, "old.whatsapp.com": {v4}}
}

// serving runs a resolver on all addresses of the host and returns one of them.
func serving(t *testing.T, s *Server) netip.AddrPort {
	t.Helper()
	pc, l, err := Listen(peer.Host{}, netip.MustParseAddrPort("0.0.0.0:0"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.ServeOn(ctx, pc, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.2"), uint16(pc.LocalAddr().(*net.UDPAddr).Port))
}

func ask(t *testing.T, at netip.AddrPort, q Question) Reply {
	t.Helper()
	r, err := Ask(t.Context(), peer.Host{}, at, q)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestAConnectedStubHearsAWildcardResolver works only if answers come from the
// address that was asked: the kernel drops others on a connected socket.
func TestAConnectedStubHearsAWildcardResolver(t *testing.T) {
	at := serving(t, &Server{Zone: zone()})
	for _, addr := range []string{"127.0.0.2", "127.0.0.3"} {
		at = netip.AddrPortFrom(netip.MustParseAddr(addr), at.Port())
		for _, q := range []Question{{}, {TCP: true}, {EDNS: true}} {
			q.Name = "web.whatsapp.com"
			r := ask(t, at, q)
			if !slices.Equal(r.Addrs(), []netip.Addr{v4}) || r.Tries != 1 || r.RTT <= 0 {
				t.Errorf("%s, %+v: %+v", addr, q, r)
			}
			if (r.Msgs[0].IsEdns0() != nil) != q.EDNS {
				t.Errorf("EDNS asked %t, answered %t", q.EDNS, !q.EDNS)
			}
		}
	}
}

func TestTypes(t *testing.T) {
	at := serving(t, &Server{Zone: zone(), ALPN: map[string][]string{"web.whatsapp.com": {"h3", "h2"}}})
	for _, tt := range []struct {
		name    string
		typ     uint16
		rcode   int
		answers int
		soa     string
	}{
		{"web.whatsapp.com", dns.TypeA, dns.RcodeSuccess, 1, ""},
		{"WEB.whatsapp.com", dns.TypeAAAA, dns.RcodeSuccess, 1, ""},
		{"web.whatsapp.com", dns.TypeHTTPS, dns.RcodeSuccess, 1, ""},
		{"old.whatsapp.com", dns.TypeAAAA, dns.RcodeSuccess, 0, "whatsapp.com."},
		{"old.whatsapp.com", dns.TypeHTTPS, dns.RcodeSuccess, 0, "whatsapp.com."},
		{"no.whatsapp.com", dns.TypeA, dns.RcodeNameError, 0, "whatsapp.com."},
		{"nowhere.example", dns.TypeA, dns.RcodeNameError, 0, "example."},
	} {
		m := ask(t, at, Question{Name: tt.name, Type: tt.typ}).Msgs[0]
		owner := ""
		if len(m.Ns) == 1 {
			owner = m.Ns[0].Header().Name
		}
		if m.Rcode != tt.rcode || len(m.Answer) != tt.answers || owner != tt.soa || !m.RecursionAvailable || m.Authoritative {
			t.Errorf("%s %d: %v", tt.name, tt.typ, m)
		}
	}
}

func TestWhatAScenarioWants(t *testing.T) {
	name := Question{Name: "web.whatsapp.com", EDNS: true}
	for _, tt := range []struct {
		what string
		s    *Server
		ok   func(*dns.Msg) bool
	}{
		{"all fail", &Server{Rcode: map[string]int{"*": dns.RcodeServerFailure}}, func(m *dns.Msg) bool { return m.Rcode == dns.RcodeServerFailure && len(m.Ns) == 0 }},
		{"one is gone", &Server{Rcode: map[string]int{"web.whatsapp.com": dns.RcodeNameError}}, func(m *dns.Msg) bool { return m.Rcode == dns.RcodeNameError && len(m.Ns) == 1 }},
		{"gone without a word", &Server{NoSOA: true, Rcode: map[string]int{"*": dns.RcodeNameError}}, func(m *dns.Msg) bool { return m.Rcode == dns.RcodeNameError && len(m.Ns) == 0 }},
		{"policy", &Server{Sink: map[string]bool{"web.whatsapp.com": true}}, func(m *dns.Msg) bool { return m.Answer[0].(*dns.A).A.IsUnspecified() }},
		{"authority", &Server{Authority: true}, func(m *dns.Msg) bool { return m.Authoritative && !m.RecursionAvailable }},
		{"no EDNS", &Server{NoEDNS: true}, func(m *dns.Msg) bool { return m.IsEdns0() == nil }},
		{"TTL", &Server{TTL: 300}, func(m *dns.Msg) bool { return m.Answer[0].Header().Ttl == 300 }},
		{"edit", &Server{Edit: func(_ dns.Question, m *dns.Msg) { m.Answer = nil }}, func(m *dns.Msg) bool { return len(m.Answer) == 0 }},
	} {
		tt.s.Zone = zone()
		if m := ask(t, serving(t, tt.s), name).Msgs[0]; !tt.ok(m) {
			t.Errorf("%s: %v", tt.what, m)
		}
	}
}

func TestACDNAnswersOtherwiseEachTime(t *testing.T) {
	a := func(n byte) netip.Addr { return netip.AddrFrom4([4]byte{203, 0, 113, n}) }
	at := serving(t, &Server{Rotate: 2, Zone: map[string][]netip.Addr{"c.example": {a(1), a(2), a(3)}}})
	for _, want := range [][]netip.Addr{{a(1), a(2)}, {a(3), a(1)}, {a(2), a(3)}} {
		if got := ask(t, at, Question{Name: "c.example"}).Addrs(); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

func TestATruncatedAnswerIsFetchedByTCP(t *testing.T) {
	at := serving(t, &Server{Zone: zone(), Truncate: true})
	r := ask(t, at, Question{Name: "web.whatsapp.com"})
	if len(r.Msgs) != 2 || !r.Msgs[0].Truncated || !slices.Equal(r.Addrs(), []netip.Addr{v4}) {
		t.Errorf("%+v", r)
	}
}

// hands returns a socket that does with each query what do says.
func hands(t *testing.T, do func(n int, query []byte, back func([]byte))) netip.AddrPort {
	t.Helper()
	pc, err := peer.Host{}.ListenPacket("udp", netip.MustParseAddrPort("127.0.0.3:0"))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 1500)
		for n := 0; ; n++ {
			size, from, err := pc.ReadFrom(b)
			if err != nil {
				return
			}
			do(n, b[:size], func(b []byte) { pc.WriteTo(b, from) })
		}
	}()
	t.Cleanup(func() { pc.Close(); <-done })
	return pc.LocalAddr().(*net.UDPAddr).AddrPort()
}

func TestRetriesAndWhatOurParserReadsOfThem(t *testing.T) {
	for _, same := range []bool{false, true} {
		seen := make(chan uint16, 4)
		at := hands(t, func(n int, query []byte, back func([]byte)) {
			var m wiredns.Message
			if s := m.ParseUDP(query, len(query)); s != wire.Done || m.Response || m.QName != "g.whatsapp.net" || m.QType != dns.TypeAAAA || !m.HasOPT {
				t.Errorf("try %d: %v, %+v", n, s, m)
			}
			if seen <- m.ID; n == 2 {
				query[2] |= 0x80
				back(query)
			}
		})
		r, err := Ask(t.Context(), peer.Host{}, at, Question{Name: "g.whatsapp.net", Type: dns.TypeAAAA, EDNS: true, ID: 7, Tries: 4, SameID: same, Timeout: 20 * time.Millisecond})
		if first, second := <-seen, <-seen; err != nil || r.Tries != 3 || first != 7 || (second == 7) != same {
			t.Errorf("same id %t: %v, %d tries, ids %d, %d", same, err, r.Tries, first, second)
		}
	}
}

// TestAForgerIsFirst lets the stub hear both answers, and what is none.
func TestAForgerIsFirst(t *testing.T) {
	at := hands(t, func(_ int, query []byte, back func([]byte)) {
		q := new(dns.Msg)
		q.Unpack(query)
		back([]byte{1, 2, 3})
		for _, ip := range []string{"192.0.2.1", "192.0.2.2"} {
			a := new(dns.Msg).SetReply(q)
			a.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.ParseIP(ip)}}
			b, _ := a.Pack()
			back(b)
		}
	})
	r := ask(t, at, Question{Name: "a.example", Listen: 50 * time.Millisecond})
	if len(r.Msgs) != 2 || r.Addrs()[0] != netip.MustParseAddr("192.0.2.1") {
		t.Errorf("%+v", r.Msgs)
	}
	if r = ask(t, at, Question{Name: "a.example"}); len(r.Msgs) != 1 {
		t.Errorf("a stub that closes its port heard %d answers", len(r.Msgs))
	}
}

func TestSilenceRefusalAndCancel(t *testing.T) {
	silent := hands(t, func(int, []byte, func([]byte)) {})
	_, err := Ask(t.Context(), peer.Host{}, silent, Question{Name: "a.example", Timeout: 10 * time.Millisecond})
	if !errors.Is(err, ErrSilent) {
		t.Error(err)
	}
	closed := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.4"), silent.Port())
	begun := time.Now()
	if _, err := Ask(t.Context(), peer.Host{}, closed, Question{Name: "a.example"}); err == nil || errors.Is(err, ErrSilent) || time.Since(begun) > time.Second {
		t.Errorf("a closed port: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := Ask(ctx, peer.Host{}, silent, Question{Name: "a.example", Tries: 9}); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) > 2*time.Second {
		t.Errorf("cancelled: %v", err)
	}
}
