package quic

import (
	"bytes"
	"testing"

	"chokepoint/classify/wire"
)

const first, server, other = "firstdcid", "serverid", "otherdcid"

var (
	hello  = message(1800, 0)
	decoy  = message(1800, 7)
	short  = message(300, 0)
	base   = spec{version: V1, dcid: first, scid: "client"}
	chosen = spec{version: V1, dcid: server, scid: "client", key: first, pn: 5}
)

// with returns a changed copy of a spec.
func (s spec) with(change func(*spec)) spec { change(&s); return s }

func retried(s *spec)   { s.dcid, s.token, s.pn = "retryscid", "token", 1 }
func elsewhere(s *spec) { s.dcid, s.scid = other, "" }

// part is a CRYPTO frame with bytes from to to of m.
func part(m []byte, from, to int) []byte { return crypto(from, m[from:to]) }

var ping = []byte{framePing}

// ack acknowledges with two ranges and, in the second form, ECN counts.
var (
	ack    = cat([]byte{frameACK, 9, 0x40, 5, 1, 0, 2, 3})
	ackECN = cat([]byte{frameACKECN, 9, 0, 0, 0, 1, 2, 3})
	closed = cat([]byte{frameClose, 0x41, 0x28, 6, 3}, []byte("bye"))
)

func TestHelloIsPutTogether(t *testing.T) {
	initial := base.seal
	for _, c := range []struct {
		name      string
		datagrams [][]byte
		want      []byte // nil: never done
		before    wire.Status
	}{
		{"in one packet", [][]byte{initial(part(short, 0, 300))}, short, 0},
		{"split over two datagrams", [][]byte{initial(part(hello, 0, 1100)), initial(part(hello, 1100, 1800))}, hello, wire.NeedMore},
		{"in the other order", [][]byte{initial(part(hello, 1100, 1800)), initial(part(hello, 0, 1100))}, hello, wire.NeedMore},
		{"shuffled frames among PING and PADDING", [][]byte{
			initial(cat(ping, part(hello, 900, 1000), padding(3), part(hello, 0, 3), ping, ping, part(hello, 1200, 1300), part(hello, 400, 900))),
			initial(cat(padding(40), part(hello, 1300, 1800), part(hello, 3, 400), padding(1), part(hello, 1000, 1200), padding(99)))}, hello, wire.NeedMore},
		{"among ACK and CONNECTION_CLOSE", [][]byte{initial(cat(ack, part(short, 100, 300), ackECN, closed, part(short, 0, 100)))}, short, 0},
		{"overlapping alike", [][]byte{initial(cat(part(short, 0, 200), part(short, 50, 250), part(short, 100, 300), part(short, 0, 300)))}, short, 0},
		{"two Initials in one datagram", [][]byte{cat(initial(part(hello, 0, 600)), initial(part(hello, 600, 1800)))}, hello, 0},
		{"behind a 0-RTT packet", [][]byte{cat(base.with(func(s *spec) { s.typ = ZeroRTT }).seal(padding(50)), initial(part(short, 0, 300)))}, short, 0},
		{"before a 0-RTT packet, a handshake packet and zeros", [][]byte{cat(initial(part(short, 0, 300)), base.with(func(s *spec) { s.typ = ZeroRTT }).seal(padding(50)),
			base.with(func(s *spec) { s.typ = Handshake }).seal(padding(50)), padding(300))}, short, 0},
		{"a datagram of 0-RTT first", [][]byte{base.with(func(s *spec) { s.typ = ZeroRTT }).seal(padding(50)), initial(part(short, 0, 300))}, short, wire.NeedMore},
		{"later under the id the server chose", [][]byte{initial(part(hello, 0, 1000)), chosen.seal(part(hello, 1000, 1800))}, hello, wire.NeedMore},
		{"a packet number of one byte, far on", [][]byte{base.with(func(s *spec) { s.pn, s.pnLen = 254, 1 }).seal(part(hello, 0, 1000)),
			base.with(func(s *spec) { s.pn, s.pnLen = 300, 1 }).seal(part(hello, 1000, 1800))}, hello, wire.NeedMore},
		{"continued under version 2", [][]byte{initial(part(hello, 0, 1000)),
			chosen.with(func(s *spec) { s.version = V2 }).seal(part(hello, 1000, 1800))}, hello, wire.NeedMore},
		{"under GREASE with the salt of version 1", [][]byte{base.with(func(s *spec) { s.version, s.under = 0x1a2a3a4a, V1 }).seal(part(short, 0, 300))}, short, 0},
		{"under GREASE with the salt of draft 29", [][]byte{base.with(func(s *spec) { s.version, s.under = 0x1a2a3a4a, Draft29 }).seal(part(short, 0, 300))}, short, 0},
		{"after one that does not open", [][]byte{base.with(func(s *spec) { s.key = "nobody" }).seal(part(decoy, 0, 1000)), base.with(elsewhere).seal(part(short, 0, 300))}, short, wire.Malformed},
		{"after what is no QUIC", [][]byte{[]byte("\x00\x01\x00\x00\x21\x12\xa4\x42"), initial(part(short, 0, 300))}, short, wire.Alien},

		{"a hole remains", [][]byte{initial(part(hello, 0, 800)), initial(part(hello, 801, 1800))}, nil, wire.NeedMore},
		{"a frame that may not be in an Initial ends the packet", [][]byte{initial(cat(part(hello, 0, 100), []byte{0x08, 0}, part(hello, 100, 1000)))}, nil, 0},
		{"a second id in one datagram is ignored", [][]byte{cat(initial(part(hello, 0, 1000)), chosen.seal(part(hello, 1000, 1800)))}, nil, 0},
		{"no ClientHello", [][]byte{initial(crypto(0, cat([]byte{2}, short[1:])))}, nil, 0},
		{"longer than the limit", [][]byte{initial(crypto(0, []byte{1, 0, 0x40, 0, 1, 2, 3}))}, nil, 0},
		{"the end of the stream of numbers", [][]byte{initial(cat([]byte{frameCrypto}, varint(1<<62-1), []byte{4, 1, 2, 3, 4})), initial(cat([]byte{frameCrypto, 0}, varint(1<<62-1)))}, nil, wire.NeedMore},
	} {
		var client Client
		for round := range 2 { // the second with memory that was used
			var st wire.Status
			for i, d := range c.datagrams {
				if i > 0 && i == len(c.datagrams)-1 && st != c.before {
					t.Errorf("%s: %v before the last datagram, want %v", c.name, st, c.before)
				}
				st = client.Add(d)
			}
			if !bytes.Equal(client.Hello(), c.want) || (st == wire.Done) != (c.want != nil) {
				t.Errorf("%s, round %d: %v, %d bytes, want %d", c.name, round, st, len(client.Hello()), len(c.want))
			}
			if client.Conflict() || client.Other() {
				t.Errorf("%s: conflict %v, other %v", c.name, client.Conflict(), client.Other())
			}
			client.Reset()
		}
	}
}

func TestHelloOfAnotherIsNotMixedIn(t *testing.T) {
	for _, c := range []struct {
		name      string
		datagrams [][]byte
		told      string // a Retry is told of before the last datagram
		refused   bool   // so is a version negotiation
		want      []byte
		other     bool
		conflict  bool
	}{
		{name: "decoy between", datagrams: [][]byte{base.seal(part(hello, 0, 1000)), base.with(elsewhere).seal(part(decoy, 900, 1800)), base.seal(part(hello, 1000, 1800))}, want: hello, other: true},
		{name: "decoy after", datagrams: [][]byte{base.seal(part(short, 0, 300)), base.with(elsewhere).seal(part(decoy, 0, 1000))}, want: short, other: true},
		{name: "real one after a whole decoy", datagrams: [][]byte{base.with(elsewhere).seal(part(short, 0, 300)), base.seal(part(hello, 0, 1000)), base.seal(part(hello, 1000, 1800))}, want: short, other: true},
		{name: "decoy with a token", datagrams: [][]byte{base.seal(part(hello, 0, 1000)), base.with(retried).seal(cat(crypto(0, message(900, 3)))), base.seal(part(hello, 1000, 1800))}, want: hello, other: true},
		{name: "decoy of another version", datagrams: [][]byte{base.seal(part(short, 0, 300)), base.with(elsewhere).with(func(s *spec) { s.version = V2 }).seal(part(decoy, 0, 900))}, want: short, other: true},
		{name: "garbage under another id", datagrams: [][]byte{base.seal(part(short, 0, 300)), base.with(elsewhere).with(func(s *spec) { s.key = "x" }).seal(part(decoy, 0, 900))}, want: short},
		{name: "contradiction under the same keys", datagrams: [][]byte{base.seal(part(hello, 0, 1000)), base.seal(part(decoy, 900, 1100)), base.seal(part(hello, 1000, 1800))},
			want: cat(hello[:1000], decoy[1000:1100], hello[1100:]), conflict: true},
		{name: "contradiction after the end", datagrams: [][]byte{base.seal(part(short, 0, 300)), base.seal(crypto(20, decoy[20:60]))}, want: short, conflict: true},
		{name: "retry told, same hello", datagrams: [][]byte{base.seal(part(hello, 0, 1000)), base.with(retried).seal(part(hello, 0, 1800))}, told: "retryscid", want: hello},
		{name: "retry told, new hello", datagrams: [][]byte{base.seal(part(hello, 0, 1000)), base.with(retried).seal(part(decoy, 0, 1800))}, told: "retryscid", want: decoy},
		{name: "retry told, new hello in pieces that do not touch", datagrams: [][]byte{base.seal(part(hello, 0, 1000)), base.with(retried).seal(part(decoy, 1000, 1800))}, told: "retryscid"},
		{name: "retry told, new hello of another length, first one done", datagrams: [][]byte{base.seal(part(short, 0, 300)), base.with(retried).seal(part(decoy, 0, 1800))}, told: "retryscid", want: short},
		{name: "retry guessed, same hello", datagrams: [][]byte{base.seal(part(hello, 0, 1000)), base.with(retried).seal(part(hello, 0, 700)), base.with(retried).seal(part(hello, 700, 1800))}, want: hello},
		{name: "retry guessed, new hello of the same length", datagrams: [][]byte{base.seal(part(hello, 0, 1000)), base.with(retried).seal(part(decoy, 0, 1800))}, want: decoy},
		{name: "retry, then an Initial from before it", datagrams: [][]byte{base.seal(part(hello, 0, 1000)), base.with(retried).seal(part(hello, 0, 700)), base.seal(part(hello, 1000, 1800))}},
		{name: "retry, then the id the server chose", datagrams: [][]byte{base.seal(part(hello, 0, 1000)), base.with(retried).seal(part(hello, 0, 700)),
			base.with(retried).with(func(s *spec) { s.dcid, s.key = server, "retryscid" }).seal(part(hello, 700, 1800))}, want: hello},
		{name: "another version under the same id", datagrams: [][]byte{base.seal(part(hello, 0, 1000)), base.with(func(s *spec) { s.version = Draft29 }).seal(part(decoy, 0, 1800))}, want: decoy},
		{name: "another version after GREASE", datagrams: [][]byte{base.with(func(s *spec) { s.version, s.under = 0x0a0a0a0a, V1 }).seal(part(hello, 0, 1000)), base.with(elsewhere).seal(part(decoy, 0, 1800))}, want: decoy},
		{name: "another version after version negotiation", refused: true, datagrams: [][]byte{base.seal(part(short, 0, 300)),
			base.with(elsewhere).with(func(s *spec) { s.version = V2 }).seal(part(decoy, 0, 900))}, want: short},
	} {
		var client Client
		for i, d := range c.datagrams {
			if i == len(c.datagrams)-1 && c.told != "" {
				client.Retry([]byte(c.told))
			}
			if i == len(c.datagrams)-1 && c.refused {
				client.Renegotiate()
			}
			client.Add(d)
		}
		if !bytes.Equal(client.Hello(), c.want) {
			t.Errorf("%s: a hello of %d bytes, want %d", c.name, len(client.Hello()), len(c.want))
		}
		if client.Other() != c.other || client.Conflict() != c.conflict {
			t.Errorf("%s: other %v, conflict %v", c.name, client.Other(), client.Conflict())
		}
		if c.other && string(client.DCID()) == "" {
			t.Errorf("%s: no id", c.name)
		}
	}
}

func TestPartialAndMissing(t *testing.T) {
	var c Client
	if c.Partial() != nil || c.Missing() != 0 || c.Hello() != nil {
		t.Error("something before anything")
	}
	c.Add(base.seal(part(hello, 1200, 1800)))
	if len(c.Partial()) != 0 || c.Missing() != 0 {
		t.Errorf("%d bytes, %d missing, of a hello without its beginning", len(c.Partial()), c.Missing())
	}
	c.Add(base.seal(part(hello, 0, 1000)))
	if !bytes.Equal(c.Partial(), hello[:1000]) || c.Missing() != 800 || c.Hello() != nil || c.Datagrams() != 2 {
		t.Errorf("%d bytes, %d missing", len(c.Partial()), c.Missing())
	}
	// Bytes behind the message are another's, if there are any.
	c.Add(base.seal(crypto(1000, cat(hello[1000:], []byte("more")))))
	if !bytes.Equal(c.Partial(), hello) || !bytes.Equal(c.Hello(), hello) || c.Missing() != 0 {
		t.Errorf("%d bytes, %d missing at the end", len(c.Partial()), c.Missing())
	}
}

func TestBounds(t *testing.T) {
	var c Client
	for i := range MaxDatagrams + 3 {
		want := wire.NeedMore
		if i >= MaxDatagrams-1 {
			want = wire.Malformed
		}
		if st := c.Add(base.seal(part(hello, i, i+1))); st != want {
			t.Fatalf("datagram %d: %v, want %v", i+1, st, want)
		}
	}
	if c.Add(base.seal(part(hello, 0, 1800))) == wire.Done {
		t.Error("done after it was given up")
	}
	// A frame of every second byte: more pieces than are kept.
	c.Reset()
	var frames []byte
	for i := 0; i < 4*maxSpans; i += 2 {
		frames = cat(frames, part(hello, i, i+1))
	}
	c.Add(base.seal(frames))
	if len(c.crypto.spans) != maxSpans {
		t.Errorf("%d pieces kept", len(c.crypto.spans))
	}
	if st := c.Add(base.seal(part(hello, 0, 1800))); st != wire.Done || !bytes.Equal(c.Hello(), hello) {
		t.Errorf("after too many pieces: %v", st)
	}
}
