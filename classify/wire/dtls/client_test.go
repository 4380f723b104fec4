package dtls

import (
	"bytes"
	"slices"
	"testing"

	"chokepoint/classify/wire"
	"chokepoint/classify/wire/tls"
)

func TestGoldenHellos(t *testing.T) {
	tests := []struct {
		name, golden string
		version      uint16
		tlsVersion   uint16
		ja4          string
	}{
		{"wolfSSL, DTLS 1.3", wolfSSL, DTLS12, DTLS13, "dd3i270500_991e33d7eb74_06a427f2011b"},
		// The authors of JA4 give this one in issue 110 of their repository.
		{"OpenSSL's own version", openSSL, BadVersion, BadVersion, "d00i270000_fd1a708466c1_000000000000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var c Client
			if st := c.Add(unhex(t, tt.golden)); st != wire.Done || c.Version() != tt.version || c.Retried() || c.Conflict {
				t.Fatalf("%v, version %04x, retried %v", st, c.Version(), c.Retried())
			}
			var h tls.ClientHello
			if st := h.ParseDTLSMessage(c.Hello()); st != wire.Done || h.Version != tt.tlsVersion || h.BadExts || h.SNIRaw != "" {
				t.Fatalf("%v, %+v", st, h)
			}
			if got := h.JA4('d'); got != tt.ja4 {
				t.Errorf("%s, want %s", got, tt.ja4)
			}
		})
	}
}

func TestClient(t *testing.T) {
	body, second := counting(1800), counting(1900)
	two := append(record(Handshake, DTLS10, 0, fragment(clientHello, 0, body, 0, 900)), datagram(0, body, 900, 900)...)
	joined := record(Handshake, DTLS12, 0, append(fragment(clientHello, 0, body, 900, 900), fragment(clientHello, 0, body, 0, 900)...))
	odd := slices.Clone(body)
	odd[1000] ^= 1
	long := make([]byte, MaxHello+1)
	wrong := datagram(0, body, 0, 100)
	wrong[recordHeader+11] = 101 // fragment_length beyond the record
	beyond := datagram(0, body, 1700, 100)
	beyond[recordHeader+7] = 0xff // fragment_offset beyond the message
	const need, done, alien, malformed = wire.NeedMore, wire.Done, wire.Alien, wire.Malformed
	stun := append([]byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, counting(12)...)
	tests := []struct {
		name  string
		in    [][]byte
		st    []wire.Status
		hello []byte
		ok    func(*Client) bool
	}{
		{"one datagram", [][]byte{datagram(0, body, 0, 1800)}, []wire.Status{done}, body, nil},
		{"two datagrams", [][]byte{datagram(0, body, 0, 1000), datagram(0, body, 1000, 800)}, []wire.Status{need, done}, body, nil},
		{"the wrong way round", [][]byte{datagram(0, body, 1000, 800), datagram(0, body, 0, 1000)}, []wire.Status{need, done}, body, nil},
		{"two records in a datagram", [][]byte{two}, []wire.Status{done}, body, func(c *Client) bool { return c.Version() == DTLS10 }},
		{"two fragments in a record", [][]byte{joined}, []wire.Status{done}, body, nil},
		{"a repeat is no contradiction", [][]byte{datagram(0, body, 0, 1000), datagram(0, body, 0, 1000), datagram(0, body, 0, 1800)}, []wire.Status{need, need, done}, body, func(c *Client) bool { return !c.Conflict }},
		{"cut anew after a loss", [][]byte{datagram(0, body, 0, 500), datagram(0, body, 1500, 300), datagram(0, body, 400, 800), datagram(0, body, 1100, 500)}, []wire.Status{need, need, need, done}, body, func(c *Client) bool { return !c.Conflict }},
		{"other content at the same place", [][]byte{datagram(0, body, 0, 1200), datagram(0, odd, 900, 900)}, []wire.Status{need, done}, body, func(c *Client) bool { return c.Conflict }},
		{"one fragment over two older ones", [][]byte{datagram(0, body, 20, 10), datagram(0, body, 10, 10), datagram(0, body, 10, 1790), datagram(0, body, 0, 10)}, []wire.Status{need, need, need, done}, body, func(c *Client) bool { return !c.Conflict }},
		{"of two contents the first stays", [][]byte{datagram(0, body, 995, 10), datagram(0, odd, 10, 1790), datagram(0, odd, 0, 10)}, []wire.Status{need, need, done}, body, func(c *Client) bool { return c.Conflict }},
		{"the version is that of the beginning", [][]byte{datagram(0, body, 900, 900), record(Handshake, DTLS10, 0, fragment(clientHello, 0, body, 0, 900))}, []wire.Status{need, done}, body, func(c *Client) bool { return c.Version() == DTLS10 }},
		{"other content after the end", [][]byte{datagram(0, body, 0, 1800), datagram(0, odd, 0, 1800)}, []wire.Status{done, done}, body, func(c *Client) bool { return c.Conflict }},
		{"the hello after a verify request", [][]byte{datagram(0, body, 0, 1800), datagram(1, second, 0, 1900)}, []wire.Status{done, done}, second, (*Client).Retried},
		{"the first hello after the second", [][]byte{datagram(1, second, 0, 1900), datagram(0, body, 0, 1800)}, []wire.Status{done, done}, second, (*Client).Retried},
		{"half a second hello leaves the first", [][]byte{datagram(0, body, 0, 1800), datagram(1, second, 0, 900)}, []wire.Status{done, done}, body, func(c *Client) bool { return !c.Retried() }},
		{"STUN before and between", [][]byte{stun, datagram(0, body, 0, 1000), stun, datagram(0, body, 1000, 800)}, []wire.Status{alien, need, alien, done}, body, nil},

		{"a server's message", [][]byte{record(Handshake, DTLS12, 0, fragment(2, 0, body, 0, 1800))}, []wire.Status{alien}, nil, nil},
		{"an encrypted handshake", [][]byte{record(Handshake, DTLS12, 1, fragment(clientHello, 0, body, 0, 1800))}, []wire.Status{alien}, nil, nil},
		{"data", [][]byte{record(ApplicationData, DTLS12, 0, fragment(clientHello, 0, body, 0, 1800))}, []wire.Status{alien}, nil, nil},
		{"a third hello", [][]byte{datagram(2, body, 0, 1800)}, []wire.Status{alien}, nil, nil},
		{"an empty fragment", [][]byte{datagram(0, body, 0, 0)}, []wire.Status{alien}, nil, nil},
		{"a hello of no length", [][]byte{datagram(0, nil, 0, 0)}, []wire.Status{alien}, nil, nil},
		{"a datagram cut short", [][]byte{datagram(0, body, 0, 1800)[:1000]}, []wire.Status{malformed}, nil, nil},
		{"a fragment beyond its record", [][]byte{wrong}, []wire.Status{malformed}, nil, nil},
		{"a fragment beyond its message", [][]byte{beyond}, []wire.Status{malformed}, nil, nil},
		{"two lengths", [][]byte{datagram(0, body, 0, 900), datagram(0, second, 900, 1000)}, []wire.Status{need, malformed}, nil, nil},
		{"a hello longer than allowed", [][]byte{datagram(0, long, 0, 900)}, []wire.Status{malformed}, nil, nil},
		{"nothing", [][]byte{nil}, []wire.Status{alien}, nil, nil},
	}
	var used Client
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var fresh Client
			used.Reset()
			for _, c := range []*Client{&fresh, &used} {
				for i, d := range tt.in {
					if st := c.Add(d); st != tt.st[i] {
						t.Fatalf("datagram %d: %v, want %v", i, st, tt.st[i])
					}
				}
				if !bytes.Equal(c.Hello(), tt.hello) || (c.Hello() == nil) != (tt.hello == nil) {
					t.Fatalf("hello of %d bytes, want %d", len(c.Hello()), len(tt.hello))
				}
				if tt.ok != nil && !tt.ok(c) {
					t.Fatalf("version %04x, retried %v, conflict %v", c.Version(), c.Retried(), c.Conflict)
				}
			}
		})
	}
}

// TestClientMemory: neither many fragments nor wide ones hold more than the
// package says.
func TestClientMemory(t *testing.T) {
	body := counting(MaxHello)
	for _, width := range []int{1, 100, 1000} {
		var c Client
		refused := false
		for seq := range uint16(hellos) {
			for off := MaxHello - width; off > 0; off -= width/2 + 1 {
				refused = c.Add(datagram(seq, body, off, width)) == wire.Malformed || refused
			}
		}
		if n := held(&c); n > 68<<10 {
			t.Errorf("width %d: %d bytes held", width, n)
		}
		if pieces := MaxHello / (width/2 + 1); refused != (pieces > maxPieces) {
			t.Errorf("width %d: refused %v with %d pieces", width, refused, pieces)
		}
	}
}

// held returns the bytes of memory behind a client.
func held(c *Client) (n int) {
	for i := range c.messages {
		m := &c.messages[i]
		n += cap(m.body) + cap(m.stored) + 24*cap(m.pieces)
	}
	return n
}

func TestClientAllocations(t *testing.T) {
	body := counting(1800)
	whole, a, b := datagram(0, body, 0, 1800), datagram(0, body, 0, 1000), datagram(0, body, 1000, 800)
	data := record(ApplicationData, DTLS12, 1, counting(900))
	var c Client
	if n := testing.AllocsPerRun(100, func() { c.Reset(); c.Add(data); c.Add(whole) }); n != 0 {
		t.Errorf("one datagram: %v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() { c.Reset(); c.Add(b); c.Add(a) }); n != 0 {
		t.Errorf("two datagrams: %v allocations", n)
	}
}
