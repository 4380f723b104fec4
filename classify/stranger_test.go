package classify

import (
	"context"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/gopacket/layers"

	"chokepoint/capture"
	"chokepoint/capture/capturetest"
	"chokepoint/classify/service"
)

// TestWhatAHelloOffersIsToldWithoutBeingAskedFor: a flow that is known by its
// protocol alone is a service's, whether strangers are told of or not.
func TestWhatAHelloOffersIsToldWithoutBeingAskedFor(t *testing.T) {
	exts := slices.Concat([]byte{0, 16}, with16(with16([]byte("\x10apns-security-v3"))))
	hello := message(1, slices.Concat([]byte{3, 3}, make([]byte, 32), []byte{0}, with16([]byte{0x13, 1, 0xc0, 0x2f}), []byte{1, 0}, with16(exts)))
	answer := tlsRecord(message(2, slices.Concat([]byte{3, 3}, make([]byte, 32), []byte{0, 0x13, 1, 0}, with16([]byte{0, 43, 0, 2, 3, 4}))))
	for _, all := range []bool{false, true} {
		s := script{t: t, server: netip.MustParseAddr(atApple)}
		s.open()
		s.say(homeTTL, tlsRecord(hello))
		s.answer(answer, len(hello)+5)
		up, down := uint32(homeISN+1+len(hello)+5), uint32(farISN+1+len(answer))
		s.put(false, homeTTL, &layers.TCP{SrcPort: homePort, DstPort: 443, Seq: up, Ack: down, ACK: true, FIN: true, Window: 502}, nil)
		s.put(true, farTTL, &layers.TCP{SrcPort: 443, DstPort: homePort, Seq: down, Ack: up + 1, ACK: true, FIN: true, Window: 501}, nil)
		s.put(false, homeTTL, &layers.TCP{SrcPort: homePort, DstPort: 443, Seq: up + 1, Ack: down + 1, ACK: true, Window: 502}, nil)
		rec := newRecorder()
		if _, err := Run(context.Background(), &capturetest.Source{Packets: s.packets}, rec, Options{All: all}); err != nil {
			t.Fatal(err)
		}
		if len(rec.services) != 1 || rec.services[0].Service != "apns" {
			t.Errorf("all %v: %+v", all, rec.services)
		}
	}
}

// TestPeersBehindNAT64AreNoStrangers: messages name the IPv4 address, packets go
// to the IPv6 one.
func TestPeersBehindNAT64AreNoStrangers(t *testing.T) {
	r := engine()
	l := labelled{client: ap(phone).Addr(), port: 41000, proto: capture.ProtoUDP, start: 1000 * second}
	to := func(server string) bool {
		l.server = netip.MustParseAddr(server)
		return r.stranger(l, &flowOf(9, capture.ProtoUDP, "192.168.1.6:50343", netip.AddrPortFrom(l.server, 41000).String(), 1000, 1010).Key)
	}
	if !to("64:ff9b::198.51.100.61") {
		t.Error("nobody spoke of it yet")
	}
	r.seen.arranged.learn(calls(1, 990, friend), &service.Label{Service: "signal", Confidence: 0.9})
	if to("64:ff9b::198.51.100.61") || to("198.51.100.61") || !to("198.51.100.62") {
		t.Error("a peer is a stranger, or a stranger a peer")
	}
}
