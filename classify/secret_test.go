package classify

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/answer"
	"chokepoint/classify/service"
)

func TestEncryptedDNSIsKnown(t *testing.T) {
	const tcp, udp = capture.ProtoTCP, capture.ProtoUDP
	for _, c := range []struct {
		why           string
		proto         uint8
		server, sni   string
		resolver, how string
	}{
		{"by name", tcp, "198.51.100.7:443", "dns.google", "google", answer.OverHTTPS},
		{"over HTTP/3", udp, "198.51.100.7:443", "dns.google", "google", answer.OverHTTPS},
		{"by address, without a name", tcp, "8.8.8.8:443", "", "google", answer.OverHTTPS},
		{"behind NAT64", tcp, "[64:ff9b::808:808]:443", "", "google", answer.OverHTTPS},
		{"a web site at the address", tcp, "8.8.8.8:443", "www.example.org", "", ""},
		{"a name like it", tcp, "198.51.100.7:443", "notdns.google", "", ""},
		{"a web site", tcp, "198.51.100.7:443", "www.example.org", "", ""},
		{"nothing known", tcp, "198.51.100.7:443", "", "", ""},
		{"by port", tcp, "198.51.100.7:853", "", answer.UnknownResolver, answer.OverTLS},
		{"by port and name", tcp, "198.51.100.7:853", "dns.google", "google", answer.OverTLS},
		{"by port and address", tcp, "8.8.8.8:853", "", "google", answer.OverTLS},
		{"a name beats the address", tcp, "8.8.8.8:853", "cloudflare-dns.com", "cloudflare", answer.OverTLS},
		{"QUIC", udp, "8.8.8.8:853", "", "google", answer.OverQUIC},
		{"QUIC before it had a port", udp, "198.51.100.7:784", "dns.google", "google", answer.OverQUIC},
		{"and another", udp, "198.51.100.7:8853", "dns.google", "google", answer.OverQUIC},
		{"datagrams to anybody", udp, "198.51.100.7:853", "", "", ""},
		{"an early port over TCP", tcp, "8.8.8.8:784", "", "", ""},
		{"plain questions", udp, "8.8.8.8:53", "", "", ""},
	} {
		f := flowOf(1, c.proto, phone, c.server, 1, 2)
		resolver, how := over(service.Default(), &f.Key, c.sni)
		if resolver != c.resolver || how != c.how {
			t.Errorf("%s: %q over %q, want %q over %q", c.why, resolver, how, c.resolver, c.how)
		}
	}
}

// TestEncryptedDNSInAnyOrder: flows end in an order that depends on how they are
// dealt out; what is told does not.
func TestEncryptedDNSInAnyOrder(t *testing.T) {
	var all []secretSeen
	for i := range 40 {
		all = append(all, secretSeen{
			resolver: []string{"google", "unknown", "quad9"}[i%3], over: []string{answer.OverTLS, answer.OverHTTPS}[i%2],
			name: fmt.Sprintf("n%d.example", i%7), start: int64(100 - i/4),
		})
	}
	tell := func() []answer.EncryptedDNS {
		s := secretDNS{}
		for i := range all {
			s.count(&all[i])
		}
		return s.list()
	}
	want := tell()
	if len(want) != 6 || !want[0].First.Before(want[5].First) && want[0].First != want[5].First {
		t.Fatalf("%d resolvers: %+v", len(want), want)
	}
	flows := 0
	for _, x := range want {
		flows += x.Flows
	}
	if flows != len(all) {
		t.Errorf("%d flows of %d", flows, len(all))
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		r.Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
		if got := tell(); !reflect.DeepEqual(got, want) {
			t.Fatalf("another order tells %+v, want %+v", got, want)
		}
	}
}
