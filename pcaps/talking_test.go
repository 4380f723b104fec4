package pcaps

import (
	"encoding/binary"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/wire"
	"chokepoint/classify/wire/quic"
	"chokepoint/classify/wire/stun"
	"chokepoint/classify/wire/tls"
	"chokepoint/classify/wire/wireguard"
)

// quicInitial is about what one Initial packet of 1250 bytes holds.
const quicInitial = 1200

// talk is the datagrams with one port of a server, both ways.
func talk(t *testing.T, name, addr string, port uint16) (out []capture.Packet) {
	t.Helper()
	for _, p := range packets(t, caseNamed(t, name), "client.pcapng") {
		k := &p.Key
		if k.Proto == capture.ProtoTCP {
			continue
		}
		if k.DstAddr().String() == addr && k.DstPort == port || k.SrcAddr().String() == addr && k.SrcPort == port {
			out = append(out, p)
		}
	}
	if len(out) < 2 {
		t.Fatalf("%s: %d datagrams with %s:%d", name, len(out), addr, port)
	}
	return out
}

func TestTheCallBetweenHomesIsFromTheRelaysSocket(t *testing.T) {
	relay, home := talk(t, "calls-and-chats", "157.240.205.62", 3478), talk(t, "calls-and-chats", "198.51.100.61", 50342)
	if relay[0].Key.SrcPort != home[0].Key.SrcPort || relay[0].Key.Src != home[0].Key.Src {
		t.Errorf("from port %d, then %d", relay[0].Key.SrcPort, home[0].Key.SrcPort)
	}
	var m stun.Message
	for i, p := range home[:6] {
		if st := m.Parse(p.Payload, len(p.Payload)); st != wire.Done || m.Has(0x4000) || m.Realm != "" {
			t.Errorf("packet %d: %v: something says whose it is", i, st)
		}
	}
	for _, way := range [][]capture.Packet{relay, home} {
		if n := len(way); n < 250 || way[n-1].Time-way[0].Time < 2500*ms {
			t.Errorf("%d packets in %d ms", n, (way[n-1].Time-way[0].Time)/ms)
		}
	}
}

func TestTheSplitHelloComesInTheWrongOrder(t *testing.T) {
	ps := talk(t, "quic-and-tunnels", "157.240.205.60", 443)
	var c quic.Client
	if st := c.Add(ps[0].Payload); st != wire.NeedMore || len(c.Partial()) != 0 {
		t.Errorf("%v after the first datagram, which has %d bytes of the beginning", st, len(c.Partial()))
	}
	if st := c.Add(ps[1].Payload); st != wire.Done || len(c.Hello()) < quicInitial {
		t.Errorf("%v, %d bytes", st, len(c.Hello()))
	}
	if v := binary.BigEndian.Uint32(talk(t, "quic-and-tunnels", "93.184.215.14", 443)[0].Payload[1:]); quic.Version(v).Known() {
		t.Errorf("version %x is known", v)
	}
}

func TestDecoysComeFirstAndDieOnTheWay(t *testing.T) {
	c := connsTo(t, "decoys-and-probes", "client.pcapng", "93.184.216.34")[0]
	var names []string
	var at [2]capture.Packet
	for _, p := range c.all {
		var h tls.ClientHello
		if st, _ := h.Parse(p.Payload); st == tls.Done && c.up(&p) && len(names) < 2 {
			at[len(names)] = p
			names = append(names, h.SNI)
		}
	}
	if len(names) != 2 || names[0] != "max.ru" || names[1] != "www.example.org" || at[0].Seq != at[1].Seq || at[0].TTL >= 10 || at[1].TTL != 64 {
		t.Errorf("%v, TTL %d and %d", names, at[0].TTL, at[1].TTL)
	}
	names = nil
	for i, p := range talk(t, "decoys-and-probes", "93.184.215.14", 443)[:2] {
		var q quic.Client
		var h tls.ClientHello
		q.Add(p.Payload)
		h.ParseMessage(q.Hello())
		names = append(names, h.SNI)
		if low := p.TTL < 10; low != (i == 0) {
			t.Errorf("datagram %d has TTL %d", i, p.TTL)
		}
	}
	if names[0] != "max.ru" || names[1] != "www.example.com" {
		t.Error(names)
	}
	voice := talk(t, "decoys-and-probes", "66.22.243.77", 50012)
	for i, p := range voice[:8] {
		if decoy := wireguard.Kind(p.Payload, len(p.Payload)) != wireguard.None; decoy != (i == 0) || decoy != (p.TTL < 10) {
			t.Errorf("datagram %d: WireGuard %v, TTL %d", i, decoy, p.TTL)
		}
	}
}

func TestTouchesAreShortAndCloseTogether(t *testing.T) {
	var first, last int64
	for _, addr := range []string{"157.240.205.53", "149.154.167.99", "213.59.254.7", "162.159.135.234"} {
		for _, c := range connsTo(t, "decoys-and-probes", "client.pcapng", addr) {
			if c.server.Port() != 80 {
				continue
			}
			end := c.all[len(c.all)-1].Time
			if c.received() > 400 || end-c.all[0].Time > 1000*ms {
				t.Errorf("%v gave %d bytes", c.server, c.received())
			}
			if first == 0 || c.all[0].Time < first {
				first = c.all[0].Time
			}
			last = max(last, end)
		}
	}
	if last-first > 10_000*ms {
		t.Errorf("they take %d ms", (last-first)/ms)
	}
}
