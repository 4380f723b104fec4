package track

import (
	"strings"
	"testing"
	"time"
)

var (
	mine  = initial{dcid: "mine.dst", scid: "mine.src"}
	decoy = initial{dcid: "decoydst", scid: "decoysrc"}
)

// parts cuts a hello into Initials of one connection.
func (i initial) parts(msg []byte, at ...int) (out [][]byte) {
	from := 0
	for n, b := range split(msg, at...) {
		i.pn = uint32(n)
		out = append(out, i.seal(crypto(from, b)))
		from += len(b)
	}
	return out
}

// TestQUICHello: the name is found however the hello comes, and the packet that
// completed it is told.
func TestQUICHello(t *testing.T) {
	const name = "chat.example"
	msg := clientHello(name, 2000)
	three := mine.parts(msg, 900, 1800)
	back := mine
	back.dcid, back.token = "retried!", "a token"
	v2 := initial{dcid: "other.id", scid: "mine.src", version: quicV2}
	for _, tc := range []struct {
		name  string
		send  func(c chat)
		whole uint64 // packet that completes it
	}{
		{"in one datagram", func(c chat) { c.say(up, mine.hello(name)) }, 1},
		{"in two", func(c chat) {
			for _, b := range mine.parts(msg, 1000) {
				c.say(up, b)
			}
		}, 2},
		{"in three", func(c chat) { c.say(up, three[0]); c.say(up, three[1]); c.say(up, three[2]) }, 3},
		{"in three, backwards", func(c chat) { c.say(up, three[2]); c.say(up, three[1]); c.say(up, three[0]) }, 3},
		{"in three, one of them twice", func(c chat) { c.say(up, three[0]); c.say(up, three[0]); c.say(up, three[2]); c.say(up, three[1]) }, 4},
		{"in three, the server's acknowledgement between them", func(c chat) {
			c.say(up, three[0])
			c.say(down, mine.answer())
			c.say(up, three[1])
			c.say(up, three[2])
		}, 4},
		{"in two, a Retry between them", func(c chat) {
			c.say(up, mine.parts(msg, 1000)[0])
			c.say(down, mine.retryFor("retried!", "a token"))
			for _, b := range back.parts(msg, 1000) {
				c.say(up, b)
			}
		}, 4},
		{"after a Retry, without the first flight's rest", func(c chat) {
			c.say(up, three[1])
			c.say(down, mine.retryFor("retried!", "a token"))
			c.say(up, back.hello(name))
		}, 3},
		{"after version negotiation", func(c chat) {
			c.say(up, three[1])
			c.say(down, mine.negotiation(quicV2))
			c.say(up, v2.hello(name))
		}, 3},
		{"after an Initial that nobody can open", func(c chat) {
			bad := decoy.hello("decoy.example")
			bad[len(bad)-1] ^= 1
			c.say(up, bad)
			c.say(up, mine.hello(name))
		}, 2},
		{"after other bytes", func(c chat) { c.say(up, make([]byte, 620)); c.say(up, mine.hello(name)) }, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newChat(t)
			tc.send(c)
			f := c.facts()
			is(t, "name", f.Names.SNI, name)
			is(t, "packet", f.Names.SNIPacket, tc.whole)
			is(t, "app", f.App, "quic")
			is(t, "decoy", f.Names.Decoy, "")
			is(t, "fingerprint", len(f.Names.JA4) > 0 && f.Names.JA4[0] == 'q', true)
			is(t, "protocol", f.Names.ALPN[0], "h2")
			is(t, "hello", f.Hello.Kind, "quic")
			c.say(down, mine.answer())
			c.say(up, short(100))
			c.say(down, short(100))
			is(t, "memory of hellos once it is answered", c.buffered, 0)
			is(t, "name later", c.facts().Names.SNI, name)
			c.finish()
		})
	}
}

// TestQUICVersion: that of the first hello is told.
func TestQUICVersion(t *testing.T) {
	c := newChat(t)
	v2 := mine
	v2.version = quicV2
	c.say(up, v2.hello("chat.example"))
	is(t, "version", c.facts().QUIC, "v2")
	c.say(down, v2.answer())
	is(t, "version", c.facts().QUIC, "v2")
}

// TestQUICDecoy: of two hellos on the same ports, that counts which the server
// answers; where it does not tell, neither.
func TestQUICDecoy(t *testing.T) {
	noMine, noDecoy := mine, decoy
	noMine.scid, noDecoy.scid = "", ""
	const right, wrong = "chat.example", "a-much-longer-decoy.example"
	type want struct {
		sni, decoy string
		packet     uint64
	}
	cut := mine.parts(clientHello(right, 2000), 1000)
	for _, tc := range []struct {
		name string
		send func(c chat)
		want want
	}{
		{"before", func(c chat) { c.say(up, decoy.hello(wrong)); c.say(up, mine.hello(right)); c.say(down, mine.answer()) }, want{right, "", 2}},
		{"after", func(c chat) { c.say(up, mine.hello(right)); c.say(up, decoy.hello(wrong)); c.say(down, mine.answer()) }, want{right, "", 1}},
		{"before, of two datagrams", func(c chat) {
			c.say(up, decoy.hello(wrong))
			c.say(up, cut[0])
			c.say(up, cut[1])
			c.say(down, mine.answer())
		}, want{right, "", 3}},
		{"before, and answered after half of the true one", func(c chat) {
			c.say(up, decoy.hello(wrong))
			c.say(up, cut[0])
			c.say(down, mine.answer())
			c.say(up, cut[1])
		}, want{right, "", 4}},
		{"amid two datagrams", func(c chat) {
			c.say(up, cut[0])
			c.say(up, decoy.hello(wrong))
			c.say(up, cut[1])
			c.say(down, mine.answer())
		}, want{right, "", 3}},
		{"before, half of it", func(c chat) {
			c.say(up, decoy.parts(clientHello(wrong, 2000), 1000)[1])
			c.say(up, mine.hello(right))
			c.say(down, mine.answer())
		}, want{right, "", 2}},
		{"before, with a Retry for the true one", func(c chat) {
			back := mine
			back.dcid, back.token = "retried!", "a token"
			c.say(up, decoy.hello(wrong))
			c.say(up, mine.hello(right))
			c.say(down, mine.retryFor("retried!", "a token"))
			c.say(up, back.hello(right))
			c.say(down, back.answer())
		}, want{right, "", 2}},
		{"not answered yet", func(c chat) { c.say(up, mine.hello(right)); c.say(up, decoy.hello(wrong)) }, want{right, wrong, 1}},
		{"with the same name", func(c chat) { c.say(up, mine.hello(right)); c.say(up, decoy.hello(right)) }, want{right, "", 1}},
		{"with the same name, amid two datagrams", func(c chat) { c.say(up, cut[0]); c.say(up, decoy.hello(right)); c.say(up, cut[1]) }, want{right, "", 3}},
		{"of clients without an id", func(c chat) {
			c.say(up, noMine.hello(right))
			c.say(up, noDecoy.hello(wrong))
			c.say(down, noMine.answer())
		}, want{right, "", 1}},
		{"before, of clients without an id", func(c chat) {
			c.say(up, noDecoy.hello(wrong))
			c.say(up, noMine.hello(right))
			c.say(down, noMine.answer())
			c.say(up, short(100))
		}, want{right, "", 2}},
		{"after, which dies on the way", func(c chat) { c.say(up, noMine.hello(right)); c.say(up, noDecoy.hello(wrong), ttl(4)) }, want{right, "", 1}},
		{"before, and answered after half of the true one, whose rest never came", func(c chat) {
			c.say(up, decoy.hello(wrong))
			c.say(up, cut[1])
			c.say(down, mine.answer())
		}, want{"", "", 0}},
		{"and an answer to neither", func(c chat) {
			c.say(up, mine.hello(right))
			c.say(up, decoy.hello(wrong))
			c.say(down, initial{dcid: "somebody", scid: "somebody"}.answer())
		}, want{right, wrong, 1}},
		{"after the answer to half of it", func(c chat) {
			c.say(up, cut[0])
			c.say(down, mine.answer())
			c.say(up, decoy.hello(wrong))
			c.say(up, cut[1])
		}, want{right, "", 4}},
		{"after the answer", func(c chat) { c.say(up, mine.hello(right)); c.say(down, mine.answer()); c.say(up, decoy.hello(wrong)) }, want{right, "", 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newChat(t)
			tc.send(c)
			f := c.facts()
			is(t, "names", want{f.Names.SNI, f.Names.Decoy, f.Names.SNIPacket}, tc.want)
			// By the hop limit it is told only in the end.
			early := tc.want.decoy == "" && tc.want.sni != "" && !strings.Contains(tc.name, "dies on the way")
			is(t, "name for those who ask early", c.Name(&c.Table.At(c.id()).Rec) == right, early)
			is(t, "protocol", len(f.Names.ALPN) == 1, tc.want.sni != "")
			c.finish()
			is(t, "decoy at the end", c.ended[0].Names.Decoy, tc.want.decoy)
		})
	}
}

// TestQUICDecoysShape: with the name goes what else a hello says.
func TestQUICDecoysShape(t *testing.T) {
	bare := handshakeMsg(1, cat([]byte{3, 3}, make([]byte, 32), []byte{0}, vec16(u16(0x1302)), []byte{1, 0},
		vec16(cat(u16(0), vec16(vec16(cat([]byte{0}, vec16([]byte("decoy.example")))))))))
	alone := newChat(t)
	alone.say(up, mine.hello("chat.example"))
	want := alone.facts().Names
	c := newChat(t)
	c.say(up, decoy.seal(crypto(0, bare)))
	is(t, "protocols of the decoy", len(c.facts().Names.ALPN), 0)
	c.say(up, mine.hello("chat.example"))
	c.say(down, mine.answer())
	f := c.facts()
	is(t, "fingerprint", f.Names.JA4, want.JA4)
	is(t, "protocols", len(f.Names.ALPN), 1)
	c.finish()
}

// TestQUICPartialHello: a hello whose rest never came still has its name, and
// when it comes after all, the rest of it.
func TestQUICPartialHello(t *testing.T) {
	msg := clientHello("chat.example", 0)
	parts := mine.parts(msg, len(msg)-3)
	c := newChat(t)
	c.say(up, parts[0])
	f := c.facts()
	is(t, "name", f.Names.SNI, "chat.example")
	is(t, "fingerprint", f.Names.JA4, "")
	c.say(up, parts[1])
	f = c.facts()
	is(t, "name", f.Names.SNI, "chat.example")
	is(t, "fingerprint", f.Names.JA4 != "", true)
	is(t, "packet", f.Names.SNIPacket, 2)
	c.finish()

	for _, tc := range []struct {
		name string
		end  func(c chat)
	}{
		{"at the end", func(chat) {}},
		{"after much else", func(c chat) {
			for range 100 {
				c.say(up, short(100))
				c.say(down, short(100))
			}
			is(t, "memory of hellos", c.buffered, 0)
		}},
	} {
		c := newChat(t)
		c.say(up, parts[0])
		c.say(down, mine.answer())
		tc.end(c)
		c.finish()
		is(t, "name "+tc.name, c.ended[0].Names.SNI, "chat.example")
	}
}

// TestSpeechIsStolen: when there are too many conversations, the one that was
// silent for longest is listened to no more; what is known of it stays.
func TestSpeechIsStolen(t *testing.T) {
	b := newBench(t, 1<<20)
	msg := clientHello("first.example", 0)
	first := b.chat(999, 443)
	first.say(up, mine.parts(msg, len(msg)-3)[0])
	for i := range uint16(b.speeches.limit) {
		c := b.chat(1000+i, 4000)
		c.wait(2 * time.Second)
		c.say(up, make([]byte, 100))
	}
	is(t, "speeches", b.speeches.made, b.speeches.limit)
	is(t, "stolen", b.Stolen, 1)
	is(t, "memory of hellos", b.buffered, 0)
	f := first.facts()
	is(t, "name", f.Names.SNI, "first.example")
	is(t, "app", f.App, "quic")
	first.say(up, mine.parts(msg, len(msg)-3)[1])
	is(t, "stolen, when it goes on", b.Stolen, 1)
	b.finish()
}

// TestMemoryOfHellos: when hellos hold too much, those go that wait for longest,
// with what is known of them; others, and streams, are listened to.
func TestMemoryOfHellos(t *testing.T) {
	b := newBench(t, 1<<20)
	room := b.conf.Memory / bufferShare
	var all []chat
	for i := range uint16(100) {
		c := b.chat(1000+i, 443)
		c.say(up, mine.hello("chat.example"))
		all = append(all, c)
		if b.buffered > room {
			t.Fatalf("%d bytes in hellos of %d flows", b.buffered, i)
		}
	}
	is(t, "taken", b.Stolen > 0, true)
	for i, c := range all {
		is(t, "name", c.facts().Names.SNI, "chat.example")
		if i == 0 || i == 99 {
			is(t, "waits for an answer", b.Table.At(c.id()).Rec.flags&named == 0, i == 99)
		}
	}
	c := b.chat(999, 3478)
	c.say(up, stunMessage(stunBinding))
	c.say(down, stunMessage(stunAllocated, attr(attrRelayed, xorAddr(7, 5000))))
	is(t, "what another speaks", c.facts().App, "turn")
	hello := tlsHello("web.example", 3000)
	var streams []*talk
	for i := range uint16(10) {
		s := b.talk(900+i, 443).open()
		s.send(up, pushAck, hello[:1400])
		s.send(up, pushAck, hello[1400:2800])
		streams = append(streams, s)
	}
	for _, s := range streams {
		s.send(up, pushAck, hello[2800:])
		is(t, "name in a stream", s.facts().Names.SNI, "web.example")
	}
	b.finish()
}

// TestSpareReadersAreEmpty: a reader of hellos that served another flow has
// nothing of it.
func TestSpareReadersAreEmpty(t *testing.T) {
	b := newBench(t, 8<<20)
	msg := clientHello("first.example", 600)
	for _, c := range []chat{b.chat(1000, 443), b.chat(1001, 443)} {
		c.say(up, mine.parts(msg, 300)[0])
		c.say(up, decoy.hello("decoy.example"))
	}
	for b.EndSome(100) {
	}
	if len(b.spareQUIC) == 0 {
		t.Fatal("no reader is spare: the test holds nothing")
	}
	spare := len(b.spareQUIC)
	c := b.chat(1002, 443)
	c.say(up, mine.parts(clientHello("second.example", 600), 300)[1])
	is(t, "spare readers", len(b.spareQUIC), spare-1)
	f := c.facts()
	is(t, "name of half a hello", f.Names.SNI, "")
	is(t, "decoy", f.Names.Decoy, "")
	c.say(up, mine.parts(clientHello("second.example", 600), 300)[0])
	is(t, "name", c.facts().Names.SNI, "second.example")
	is(t, "decoy", c.facts().Names.Decoy, "")
	b.finish()
}

// TestGoogleQUIC: hellos from before TLS have a name, too; newer ones of Google's
// have none that can be read.
func TestGoogleQUIC(t *testing.T) {
	le := func(n int) []byte { return []byte{byte(n), byte(n >> 8), 0, 0} }
	name := "video.example"
	chlo := cat([]byte("CHLO"), le(2), []byte("PAD\x00"), le(100), []byte("SNI\x00"), le(100+len(name)), make([]byte, 100), []byte(name))
	hello := func(flags byte) []byte {
		return cat([]byte{flags}, []byte("12345678"), []byte("Q043"), []byte{1}, make([]byte, 12), []byte{0xa0, 1}, u16(len(chlo)), chlo)
	}
	for _, flags := range []byte{0x09, 0x0d, 0x19} {
		b := hello(flags)
		if flags == 0x19 {
			b = cat(b[:13], []byte{0}, b[13:])
		}
		c := newChat(t)
		c.say(up, b)
		c.say(down, make([]byte, 40))
		f := c.facts()
		is(t, "name", f.Names.SNI, name)
		is(t, "packet", f.Names.SNIPacket, 1)
		is(t, "version", f.QUIC, "gquic-Q043")
		is(t, "app", f.App, "quic")
		c.finish()
	}
	c := newChat(t)
	google := mine
	b := google.hello(name)
	copy(b[1:], "Q050")
	c.say(up, b)
	is(t, "name in a version that hides it", c.facts().Names.SNI, "")
	is(t, "version", c.facts().QUIC, "gquic-Q050")
	c.finish()
}

// TestQUICServerFirst: what the server sends before any hello tells nothing.
func TestQUICServerFirst(t *testing.T) {
	c := newChat(t)
	c.say(up, short(60))
	c.say(down, mine.hello("server.example"))
	f := c.facts()
	is(t, "name", f.Names.SNI, "")
	is(t, "app", f.App, "")
	c.finish()
}
