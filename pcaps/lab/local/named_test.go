//go:build linux

package local

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"chokepoint/capture/live"
	"chokepoint/classify/answer"
	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab/mishap"
)

// TestNamed: what never left this host is of the service whose name was resolved
// before.
func TestNamed(t *testing.T) {
	t.Parallel()
	p := pair(t)
	w := begin(t, p.Here, live.TCX)
	resolve(t, p, "chat.signal.org.")
	chat := mishap.Trace{Proto: mishap.TCP, From: netip.AddrPortFrom(mishap.Here, 40501), To: netip.AddrPortFrom(mishap.There, 443)}
	trace := rejectedSYN(chat, "output")(t, p)
	w.end(0)
	w.innocent()
	found := w.about(finding.DropLocal)
	if len(found) != 1 || found[0].Service != "signal" || found[0].Verdict != finding.Confirmed || len(found[0].Flows) != 0 || found[0].Server.IP != trace.To.Addr() {
		t.Fatalf("%+v", found)
	}
	var last answer.Service
	for _, s := range w.services {
		if s.Service == "signal" {
			last = s
		}
	}
	if last.Status != answer.Failing || last.Cause != answer.CauseThisHost {
		t.Errorf("%s by %s: %s", last.Status, last.Cause, last.Sentence)
	}
	t.Log(last.Sentence)
}

// resolve has this host ask the other one for a name, and be told that it is there.
func resolve(t *testing.T, p *mishap.Pair, name string) {
	t.Helper()
	resolver := netip.AddrPortFrom(mishap.There, 53)
	server, err := p.There.ListenPacket("udp", resolver)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	client, err := p.Here.ListenPacket("udp", netip.AddrPortFrom(mishap.Here, 40500))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	n := dnsmessage.MustNewName(name)
	m := dnsmessage.Message{Header: dnsmessage.Header{ID: 7, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: n, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}}}
	pass(t, client, server, net.UDPAddrFromAddrPort(resolver), &m)
	m.Response = true
	m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: n, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET, TTL: 60},
		Body: &dnsmessage.AResource{A: mishap.There.As4()}}}
	pass(t, server, client, client.LocalAddr(), &m)
}

// pass sends a message and waits until it is there.
func pass(t *testing.T, from, to net.PacketConn, at net.Addr, m *dnsmessage.Message) {
	t.Helper()
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := from.WriteTo(b, at); err != nil {
		t.Fatal(err)
	}
	if err := to.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := to.ReadFrom(make([]byte, 512)); err != nil {
		t.Fatal(err)
	}
}
