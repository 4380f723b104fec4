package track

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// TestHelloStreams: the name is found however the hello is cut, and the packet
// that completed it is told.
func TestHelloStreams(t *testing.T) {
	const name = "chat.example"
	hello := tlsHello(name, 3000)
	msg := clientHello(name, 500)
	type part struct {
		from int
		b    []byte
	}
	parts := func(b []byte, at ...int) (out []part) {
		n := 0
		for _, s := range split(b, at...) {
			out = append(out, part{n, s})
			n += len(s)
		}
		return out
	}
	order := func(p []part, by ...int) (out []part) {
		for _, i := range by {
			out = append(out, p[i])
		}
		return out
	}
	for _, tc := range []struct {
		name  string
		parts []part
		whole int // of the hello, bytes
	}{
		{"in one segment", parts(hello), len(hello)},
		{"in two", parts(hello, 1400), len(hello)},
		{"in three", parts(hello, 1400, 2800), len(hello)},
		{"in two, the first of one byte", parts(hello, 1), len(hello)},
		{"in many, the first ones tiny", parts(hello, 1, 2, 3, 4, 5, 6), len(hello)},
		{"in two, the second overtaking", order(parts(hello, 1400), 1, 0), len(hello)},
		{"in three, backwards", order(parts(hello, 1400, 2800), 2, 1, 0), len(hello)},
		{"in two, the first sent twice", order(parts(hello, 1400), 0, 0, 1), len(hello)},
		{"in two records", parts(cat(record(22, msg[:100]), record(22, msg[100:]))), len(msg) + 10},
		{"in two records and three segments, cut in the header of the second", parts(cat(record(22, msg[:100]), record(22, msg[100:])), 50, 107), len(msg) + 10},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newTalk(t).open()
			seen := map[int]bool{}
			var last *capture.Packet
			for _, p := range tc.parts {
				last = c.send(up, pushAck, p.b, rel(1+p.from))
				seen[p.from] = true
			}
			f := c.facts()
			is(t, "name", f.Names.SNI, name)
			is(t, "packet", f.Names.SNIPacket, last.Num)
			is(t, "protocols", fmt.Sprint(f.Names.ALPN), "[h2]")
			is(t, "ECH", f.Names.ECH, "none")
			is(t, "kind", f.Hello.Kind, "tls")
			is(t, "first packet", f.Hello.First.Num, 4)
			is(t, "end", int(f.Hello.End-c.isn[up]), 1+tc.whole)
			is(t, "segments", int(f.Hello.Segs), len(seen))
			is(t, "memory of streams", c.buffered, 0)
		})
	}
}

// TestFastOpen: a hello in the SYN begins after the SYN's own number (RFC 7413).
func TestFastOpen(t *testing.T) {
	hello := tlsHello("chat.example", 2000)
	for _, cut := range []int{len(hello), 1300} {
		c := newTalk(t)
		c.send(up, capture.SYN, hello[:cut])
		c.send(down, synAck, nil)
		if cut < len(hello) {
			c.send(up, pushAck, hello[cut:])
		}
		f := c.facts()
		is(t, "name", f.Names.SNI, "chat.example")
		is(t, "end", int(f.Hello.End-c.isn[up]), 1+len(hello))
	}
}

// TestPartialHello: a hello whose rest never came still has its name, and does
// not lose it when the rest comes.
func TestPartialHello(t *testing.T) {
	msg := cat(clientHello("chat.example", 0))
	hello := record(22, msg[:len(msg)-2]) // cut short in the last extension
	hello[3], hello[4] = byte(len(msg)>>8), byte(len(msg))
	c := newTalk(t).open()
	c.send(up, pushAck, hello)
	f := c.facts()
	is(t, "name", f.Names.SNI, "chat.example")
	is(t, "kind", f.Hello.Kind, "tls")
	is(t, "packet", f.Names.SNIPacket, 4)
	last := c.send(up, pushAck, msg[len(msg)-2:])
	f = c.facts()
	is(t, "name", f.Names.SNI, "chat.example")
	is(t, "packet", f.Names.SNIPacket, last.Num)
}

func TestLateHello(t *testing.T) {
	hello := tlsHello("late.example", 0)
	t.Run("after lines of another protocol", func(t *testing.T) {
		c := newTalk(t).open()
		c.send(down, pushAck, []byte("220 mail.example ready\r\n"))
		c.send(up, pushAck, []byte("EHLO me\r\n"))
		c.send(down, pushAck, []byte("250 STARTTLS\r\n"))
		c.send(up, pushAck, []byte("STARTTLS\r\n"))
		c.send(down, pushAck, []byte("220 go ahead\r\n"))
		last := c.send(up, pushAck, hello)
		f := c.facts()
		is(t, "name", f.Names.SNI, "late.example")
		is(t, "packet", f.Names.SNIPacket, last.Num)
	})
	t.Run("after too many of them", func(t *testing.T) {
		c := newTalk(t).open()
		for range maxTries {
			c.send(up, pushAck, []byte("chatter\r\n"))
		}
		c.send(up, pushAck, hello)
		is(t, "name", c.facts().Names.SNI, "")
	})
	t.Run("after CONNECT", func(t *testing.T) {
		c := newTalk(t).open()
		c.send(up, pushAck, []byte("CONNECT late.example:443 HTTP/1.1\r\nHost: late.example:443\r\n\r\n"))
		c.send(down, pushAck, []byte("HTTP/1.1 200 Connection established\r\n\r\n"))
		c.send(up, pushAck, hello[:60])
		c.send(up, pushAck, hello[60:])
		f := c.facts()
		is(t, "name", f.Names.SNI, "late.example")
		is(t, "host", f.Names.Host, "")
		is(t, "proxied", f.Names.Proxied, true)
		is(t, "more than a name", c.HasMore(&c.Table.At(c.id()).Rec), true)
	})
}

func TestHTTP(t *testing.T) {
	c := newTalk(t).open()
	c.send(up, pushAck, []byte("GET / HTTP/1.1\r\nHo"))
	is(t, "host, when half of it is there", c.facts().Names.Host, "")
	c.send(up, pushAck, []byte("st: web.example\r\n\r\n"))
	c.send(down, pushAck, []byte("HTTP/1.1 302 Found\r\nLocation: http://block.example/\r\n"))
	c.send(down, pushAck, []byte("\r\n"))
	f := c.facts()
	is(t, "host", f.Names.Host, "web.example")
	is(t, "method", f.Names.Method, "GET")
	is(t, "status", f.Names.Status, 302)
	is(t, "location", f.Names.Location, "http://block.example/")
	is(t, "kind", f.Hello.Kind, "http")
}

// certificate is a certificate message for names.
func certificate(t testing.TB, names ...string) []byte {
	t.Helper()
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names[1:], NotAfter: time.Unix(2_000_000_000, 0)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, pub, key)
	if err != nil {
		t.Fatal(err)
	}
	one := cat([]byte{0}, vec16(der))
	return handshakeMsg(11, cat([]byte{0}, vec16(one)))
}

func TestServerFlight(t *testing.T) {
	for _, tc := range []struct {
		name, sni string
		names     []string
		want      []string
	}{
		{"a certificate names the server where the client did not", "", []string{"cn.example", "a.example", "b.example"}, []string{"a.example", "b.example"}},
		{"the common name, where there is no other", "", []string{"cn.example"}, []string{"cn.example"}},
		{"and is not waited for where it did", "chat.example", []string{"cn.example", "a.example"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newTalk(t).open()
			c.send(up, pushAck, tlsHello(tc.sni, 0))
			c.send(down, pushAck, record(22, serverHello()))
			c.send(down, pushAck, cat(record(22, certificate(t, tc.names...)), record(22, handshakeMsg(14, nil))))
			f := c.facts()
			is(t, "version", f.Names.TLSVersion, 0x0303)
			if !slices.Equal(f.Names.CertNames, tc.want) {
				t.Errorf("names %v, want %v", f.Names.CertNames, tc.want)
			}
			is(t, "memory of streams", c.buffered, 0)
		})
	}
}

func TestAlerts(t *testing.T) {
	alert := func(what byte) []byte { return record(21, []byte{2, what}) }
	c := newTalk(t).open()
	c.send(up, pushAck, tlsHello("chat.example", 0))
	c.send(down, pushAck, record(22, serverHello()))
	c.send(up, pushAck, alert(48))
	f := c.facts()
	is(t, "of the client", f.Names.AlertUp, fact.Some(uint8(48)))
	is(t, "of the server", f.Names.AlertDown.Ok, false)

	c = newTalk(t).open()
	c.send(up, pushAck, tlsHello("chat.example", 0))
	c.send(down, pushAck, alert(112))
	is(t, "of the server instead of a hello", c.facts().Names.AlertDown, fact.Some(uint8(112)))
}

// TestOpenRecord: bytes missing of a record are known.
func TestOpenRecord(t *testing.T) {
	c := newTalk(t).open()
	c.send(up, pushAck, tlsHello("chat.example", 0))
	is(t, "of the client", c.side(up).TLSRemain, fact.Some(0))
	c.send(down, pushAck, cat(record(22, serverHello()), record(20, []byte{1})))
	body := record(23, make([]byte, 1000))
	c.send(down, pushAck, body[:405])
	is(t, "of the server", c.side(down).TLSRemain, fact.Some(600))
	c.send(down, pushAck, body[405:])
	is(t, "of the server at the end of it", c.side(down).TLSRemain, fact.Some(0))
}

// TestStreamsAreGivenUp when all of them together hold too much.
func TestStreamsAreGivenUp(t *testing.T) {
	b := newBench(t, 1<<20)
	hello := tlsHello("chat.example", 14000)
	for i := range uint16(400) {
		b.talk(1000+i, 443).open().send(up, pushAck, hello[:1400])
	}
	if b.buffered > b.conf.Memory/bufferShare+4<<10 {
		t.Errorf("%d bytes in streams", b.buffered)
	}
}
