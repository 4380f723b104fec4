package track

import (
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/service"
)

// TestDatagramAllocs: once a conversation is under way a datagram costs no
// allocation, whatever it is.
func TestDatagramAllocs(t *testing.T) {
	voice, picture := audio(), video()
	relay := stunMessage(stunAllocated, attr(attrRelayed, xorAddr(7, 5000)))
	indication := func(b []byte) []byte {
		return stunMessage(stunSend, attr(attrPeer, xorAddr(9, 4000)), attr(attrData, b))
	}
	zeros, record, ping := make([]byte, 200), dtlsRecord(23, make([]byte, 200)), stunMessage(stunBinding, attr(0x0006, []byte("a:b1")))
	for _, tc := range []struct {
		name  string
		setUp func(c chat)
		next  func(i int) []byte
	}{
		{"RTP", func(chat) {}, func(int) []byte { return voice.next() }},
		{"video in a channel", func(c chat) { c.say(down, relay) }, func(int) []byte { return channelData(picture.next()) }},
		{"audio in indications", func(chat) {}, func(int) []byte { return indication(voice.next()) }},
		{"checks", func(chat) {}, func(int) []byte { return ping }},
		{"short headers of QUIC", func(c chat) { c.say(up, mine.hello("chat.example")); c.say(down, mine.answer()) }, func(int) []byte { return short(100) }},
		{"short headers of QUIC whose hello was not all seen", func(c chat) { c.say(up, mine.parts(clientHello("chat.example", 900), 500)[0]) }, func(int) []byte { return short(100) }},
		{"short headers of QUIC whose beginning was not seen", func(chat) {}, func(int) []byte { return short(100) }},
		{"what nobody knows", func(chat) {}, func(int) []byte { return zeros }},
		{"records of DTLS", func(c chat) { c.say(up, dtlsHello("chat.example")) }, func(int) []byte { return record }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := rulesBench(t, func(_ *service.Payload, out []service.Sign) []service.Sign {
				return append(out, service.Sign{Rule: "always"})
			})
			c := b.chat(40000, 443)
			tc.setUp(c)
			const n, few = 10_000, 4 + 3 // a name that is kept when the search ends, and the first throughput there is
			var packets []*capture.Packet
			for i := range n {
				packets = append(packets, c.datagram(fact.Dir(i%2), tc.next(i)))
			}
			send := func(list []*capture.Packet) {
				for _, p := range list {
					c.wait(10 * time.Millisecond)
					c.feed(p)
					b.Out.Reset() // as a tick does: the lists keep their memory
				}
			}
			// The sum of all, not a mean, which would hide what is rare. The first
			// call is not counted.
			lists := [][]*capture.Packet{packets[:12], packets[12:]}
			sum := testing.AllocsPerRun(1, func() { send(lists[0]); lists = lists[1:] })
			if sum > few {
				t.Errorf("%v allocations for %d datagrams", sum, n)
			}
			for b.EndSome(100) {
			}
		})
	}
}
