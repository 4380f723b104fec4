package track

import (
	"testing"

	"chokepoint/classify/service"
)

// bareHello is a hello with no extension but the name, and another cipher.
func bareHello(name string) []byte {
	return record(22, handshakeMsg(1, cat([]byte{3, 3}, make([]byte, 32), []byte{0}, vec16(u16(0x1302)), []byte{1, 0},
		vec16(cat(u16(0), vec16(vec16(cat([]byte{0}, vec16([]byte(name))))))))))
}

// TestTLSDecoy: of two hellos for the same bytes, that counts which came as the
// client's packets come; where both did, neither.
func TestTLSDecoy(t *testing.T) {
	const right, wrong = "chat.example", "decoy.example"
	mine, decoy := tlsHello(right, 0), bareHello(wrong)
	long := tlsHello(right, 900)
	ja4 := map[string]bool{}
	for _, hello := range [][]byte{mine, long} {
		alone := newTalk(t).open()
		alone.send(up, pushAck, hello)
		ja4[alone.facts().Names.JA4] = true
	}
	type want struct {
		sni, decoy string
		packet     uint64
	}
	for _, tc := range []struct {
		name string
		send func(c *talk)
		want want
	}{
		{"before, with another hop limit", func(c *talk) { c.send(up, pushAck, decoy, ttl(5)); c.send(up, pushAck, mine, rel(1)) }, want{right, "", 5}},
		{"after, with another hop limit", func(c *talk) { c.send(up, pushAck, mine); c.send(up, pushAck, decoy, rel(1), ttl(5)) }, want{right, "", 4}},
		{"before, alike", func(c *talk) { c.send(up, pushAck, decoy); c.send(up, pushAck, mine, rel(1)) }, want{wrong, right, 4}},
		{"after, alike", func(c *talk) { c.send(up, pushAck, mine); c.send(up, pushAck, decoy, rel(1)) }, want{right, wrong, 4}},
		{"with the same name", func(c *talk) { c.send(up, pushAck, mine); c.send(up, pushAck, mine, rel(1), ttl(5)) }, want{right, "", 4}},
		{"after the answer", func(c *talk) {
			c.send(up, pushAck, mine)
			c.send(down, pushAck, record(22, serverHello()))
			c.send(up, pushAck, decoy, rel(1), ttl(5))
		}, want{right, "", 4}},
		{"before one of two segments, with another hop limit", func(c *talk) {
			c.send(up, pushAck, decoy, ttl(5))
			c.send(up, pushAck, long[:60], rel(1))
			c.send(up, pushAck, long[60:], rel(61))
		}, want{right, "", 6}},
		{"before one of two segments, and again between them", func(c *talk) {
			c.send(up, pushAck, decoy, ttl(5))
			c.send(up, pushAck, long[:3], rel(1))
			c.send(up, pushAck, long[:60], rel(1))
			c.send(up, pushAck, decoy, ttl(5), rel(1))
			c.send(up, pushAck, long[60:], rel(61))
		}, want{right, "", 8}},
		{"before one of two segments, of which the second overtakes", func(c *talk) {
			c.send(up, pushAck, decoy, ttl(5))
			c.send(up, pushAck, long[60:], rel(61))
			c.send(up, pushAck, long[:60], rel(1))
		}, want{right, "", 6}},
		{"before one of which only half came, with another hop limit", func(c *talk) {
			c.send(up, pushAck, decoy, ttl(5))
			c.send(up, pushAck, long[:60], rel(1))
		}, want{"", "", 0}},
		{"before one of which only half came, alike", func(c *talk) {
			c.send(up, pushAck, decoy)
			c.send(up, pushAck, long[:60], rel(1))
		}, want{"", wrong, 4}},
		{"that is a part sent again", func(c *talk) {
			c.send(up, pushAck, long)
			c.send(up, pushAck, long[:60], rel(1))
			c.send(up, pushAck, long[60:], rel(61))
		}, want{right, "", 4}},
		{"after the answer, in two segments", func(c *talk) {
			c.send(up, pushAck, mine)
			c.send(down, pushAck, record(22, serverHello()))
			c.send(up, pushAck, decoy[:50], rel(1))
		}, want{right, "", 4}},
		{"before one that is answered while half of it came", func(c *talk) {
			c.send(up, pushAck, decoy, ttl(5))
			c.send(up, pushAck, long[:60], rel(1))
			is(c.t, "memory of half a hello", c.buffered > 0, true)
			c.send(down, pushAck, record(22, serverHello()))
			c.send(up, pushAck, long[60:], rel(61))
			is(c.t, "memory of hellos", c.buffered, 0)
		}, want{"", "", 0}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newTalk(t).open()
			tc.send(c)
			f := c.facts()
			got := want{f.Names.SNI, f.Names.Decoy, f.Names.SNIPacket}
			is(t, "names", got, tc.want)
			if got.sni == right {
				is(t, "fingerprint is the client's", ja4[f.Names.JA4], true)
				is(t, "protocols", len(f.Names.ALPN), 1)
			}
			c.finish()
		})
	}
}

// TestReaderOfFactsIsNotMoved: lists of a snapshot stay as they were while the
// flow goes on.
func TestReaderOfFactsIsNotMoved(t *testing.T) {
	n := 0
	b := rulesBench(t, func(_ *service.Payload, out []service.Sign) []service.Sign {
		n++
		return append(out, service.Sign{Rule: string(rune('a' + n)), Value: "v"})
	})
	c := b.chat(40000, 9000)
	c.say(up, stunMessage(stunBinding))
	c.play(up, audio(), 80, nil)
	f := c.facts()
	signs, media := f.Signs, f.Media
	is(t, "signs", len(signs), maxSigns)
	is(t, "media", len(media), 1)
	told := b.Out.Arranged[0].Signs
	first, firstTold := signs[0], told[0]
	c.play(down, video(), 400, nil)
	b.finish()
	other := b.chat(40001, 9000) // the same memory
	other.say(up, stunMessage(stunBinding))
	is(t, "sign", signs[0], first)
	is(t, "media", media[0], "audio")
	is(t, "sign told", told[0], firstTold)
	is(t, "signs told", len(told), 1)
}
