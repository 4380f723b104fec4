package quic

import (
	"reflect"
	"slices"
	"testing"

	"chokepoint/classify/wire"
)

// TestOpensTheServersAnswerOfTheRFCs: RFC 9001 and RFC 9369, both appendix A.3.
func TestOpensTheServersAnswerOfTheRFCs(t *testing.T) {
	hello := unhex(t, vectorHello)
	for _, v := range vectors {
		id, answer := string(unhex(t, vectorDCID)), unhex(t, v.server)
		var c, decoy Client
		c.Add(spec{version: v.version, dcid: id, pn: 2}.seal(crypto(0, hello)))
		decoy.Add(spec{version: v.version, dcid: "12345678", pn: 2}.seal(crypto(0, hello)))
		if !c.Opens(answer) {
			t.Errorf("%v: the answer is not known", v.version)
		}
		if decoy.Opens(answer) {
			t.Errorf("%v: another connection's answer opens", v.version)
		}
		for i := range answer {
			damaged := slices.Clone(answer)
			damaged[i] ^= 1
			if c.Opens(damaged) || c.Opens(answer[:i]) {
				t.Fatalf("%v: opens with byte %d damaged or missing", v.version, i)
			}
		}
		if c.Opens(unhex(t, v.retry)) {
			t.Errorf("%v: a Retry opens", v.version)
		}
	}
}

// reply is what a server answers to base; its own id is chosen by it.
var reply = spec{version: V1, dcid: "client", scid: server, key: first, side: serverIn, pn: 0}

func TestOpensOnlyTheAnswerToThisClient(t *testing.T) {
	ours := [][]byte{base.seal(part(short, 0, 300))}
	half := [][]byte{base.seal(part(hello, 0, 1000))}
	again := [][]byte{half[0], base.with(retried).seal(part(hello, 0, 1800))}
	garbled := [][]byte{base.with(func(s *spec) { s.key = "x" }).seal(part(short, 0, 300))}
	grease := [][]byte{base.with(func(s *spec) { s.version, s.under = 0x0a0a0a0a, V1 }).seal(part(short, 0, 300))}
	to := func(key string) []byte {
		return reply.with(func(s *spec) { s.key = key }).seal(cat(ack, crypto(0, []byte("\x02hello"))))
	}
	nobodys := reply.with(func(s *spec) { s.dcid, s.key = "", "" }).seal(ack)
	handshake := reply.with(func(s *spec) { s.typ = Handshake }).seal(padding(60))
	for _, c := range []struct {
		name   string
		client [][]byte
		answer []byte
		want   bool
	}{
		{"its own", ours, to(first), true},
		{"its own, before the hello is complete", half, to(first), true},
		{"before a handshake packet", ours, cat(to(first), handshake), true},
		{"behind a handshake packet", ours, cat(handshake, to(first)), true},
		{"an acknowledgement alone, with a packet number of one byte", ours, reply.with(func(s *spec) { s.pn, s.pnLen = 40, 1 }).seal(ack), true},
		{"a server that goes on in version 2", ours, reply.with(func(s *spec) { s.version = V2 }).seal(ack), true},
		{"a server that does not mind GREASE", grease, to(first), true},
		{"after a Retry, the new id's", again, to("retryscid"), true},
		{"to a client whose Initial was damaged", garbled, to(first), true},
		{"larger than any before", half, reply.seal(padding(9000)), true},

		{"another's", ours, to(other), false},
		{"after a Retry, the old id's", again, to(first), false},
		{"of an id the server chose", ours, to(server), false},
		{"the client's own packet", ours, ours[0], false},
		{"under another version's salt", ours, reply.with(func(s *spec) { s.under = V2 }).seal(ack), false},
		{"a handshake packet alone", ours, handshake, false},
		{"version negotiation", ours, long(0x80, 0, 8, 8, versions(1, 0x6b3343cf)), false},
		{"what is no QUIC", ours, []byte("\x00\x01\x00\x00\x21\x12\xa4\x42"), false},
		{"nothing", ours, nil, false},
		{"to a client never seen", nil, to(first), false},
		{"to nobody's empty id", nil, nobodys, false},
	} {
		var client Client
		for _, d := range c.client {
			client.Add(d)
		}
		before, held := client, client.Cap()
		if got := client.Opens(c.answer); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		if before.opener, before.packet = client.opener, client.packet; !reflect.DeepEqual(before, client) || client.Cap() != held {
			t.Errorf("%s: the client is not as it was", c.name)
		}
		client.Reset()
		if client.Opens(c.answer) {
			t.Errorf("%s: still known after Reset", c.name)
		}
	}
}

// TestOpensBetweenDatagrams: asking in between changes nothing of what is read.
func TestOpensBetweenDatagrams(t *testing.T) {
	var c Client
	c.Add(base.seal(part(hello, 0, 1000)))
	if !c.Opens(reply.seal(padding(1200))) || c.Add(base.seal(part(hello, 1000, 1800))) != wire.Done || string(c.Hello()) != string(hello) {
		t.Error("the hello was not put together")
	}
}

func TestOpensAllocations(t *testing.T) {
	var c Client
	c.Add(base.seal(part(short, 0, 300)))
	answer := reply.seal(padding(1100))
	if n := testing.AllocsPerRun(100, func() { c.Opens(answer) }); n > mostKeyAllocs {
		t.Errorf("%v allocations, want those of the keys", n)
	}
	plain := []byte("\x40 a short header, as all but the first packets have")
	if n := testing.AllocsPerRun(100, func() { c.Opens(plain) }); n != 0 {
		t.Errorf("no Initial: %v allocations", n)
	}
}

func BenchmarkOpens(b *testing.B) {
	var c Client
	c.Add(base.seal(part(short, 0, 300)))
	answer := reply.seal(padding(1100))
	b.ReportAllocs()
	for b.Loop() {
		if !c.Opens(answer) {
			b.Fatal("not opened")
		}
	}
}
