package track

import (
	"fmt"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// query and reply build messages for a name; reply answers with addresses.
func query(t testing.TB, id uint16, name string) []byte { return message(t, id, name, false, 0) }

func reply(t testing.TB, id uint16, name string, addrs ...[4]byte) []byte {
	return message(t, id, name, true, 0, addrs...)
}

func message(t testing.TB, id uint16, name string, response bool, rcode dnsmessage.RCode, addrs ...[4]byte) []byte {
	t.Helper()
	n := dnsmessage.MustNewName(name + ".")
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: id, Response: response, RCode: rcode},
		Questions: []dnsmessage.Question{{Name: n, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}},
	}
	for i, a := range addrs {
		m.Answers = append(m.Answers, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: n, Class: dnsmessage.ClassINET, TTL: uint32(300 - i)},
			Body:   &dnsmessage.AResource{A: a},
		})
	}
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// ask is a conversation with a resolver over UDP.
type ask struct{ *talk }

func newAsk(t testing.TB) *ask {
	c := newTalk(t)
	c.key = keyOf(50000, 53, capture.ProtoUDP)
	return &ask{c}
}

func (c *ask) datagram(d fact.Dir, b []byte, edits ...edit) *capture.Packet {
	p := c.make(d, noFlags, b, edits...)
	p.Has = p.Has&^capture.HasTCP | capture.HasUDP
	p.Seq, p.Ack, p.Window, p.IPLen = 0, 0, 0, 28+uint32(len(b))
	return c.feed(p)
}

var (
	good  = [4]byte{192, 0, 2, 1}
	other = [4]byte{198, 51, 100, 7}
)

func TestDNSExchange(t *testing.T) {
	c := newAsk(t)
	q := c.datagram(up, query(t, 7, "Chat.Example"))
	c.wait(30 * time.Millisecond)
	a := c.datagram(down, reply(t, 7, "Chat.Example", good, other), ipid(99), ttl(60))
	f := c.facts()
	if len(f.DNS) != 1 || len(f.DNS[0].Answers) != 1 {
		t.Fatalf("%+v", f.DNS)
	}
	x := f.DNS[0]
	is(t, "query", x.Query.Num, q.Num)
	is(t, "copies", x.Copies, 1)
	is(t, "name", x.QName, "chat.example")
	is(t, "as it was written", x.QNameRaw, "Chat.Example")
	is(t, "resolver", x.Resolver.String(), "192.0.2.9")
	is(t, "client", x.Client.String(), "10.0.0.1")
	is(t, "over TCP", x.TCP, false)
	r := x.Answers[0]
	is(t, "answer", r.Num, a.Num)
	is(t, "round trip", r.RTT, fact.Some(time.Duration(a.Time-q.Time)))
	is(t, "addresses", fmt.Sprint(r.Addrs), "[192.0.2.1 198.51.100.7]")
	is(t, "smallest TTL", r.MinTTL, 299)
	is(t, "hop limit", r.IPTTL, 60)
	is(t, "IPID", r.IPID, fact.Some(uint16(99)))
	is(t, "to judge", len(c.Dirty), 0)
	is(t, "told to the world", len(c.Out.DNS), 1)
	is(t, "told of", c.Out.DNS[0].Query.QName, "chat.example")
}

func TestDNSOddities(t *testing.T) {
	const name = "a.example"
	for _, tc := range []struct {
		name      string
		send      func(c *ask)
		exchanges int
		copies    int
		answers   int
		more      int
		identical bool
		judged    bool
	}{
		{"a question sent three times", func(c *ask) {
			for range 3 {
				c.datagram(up, query(c.t, 7, name))
				c.wait(time.Second)
			}
		}, 1, 3, 0, 0, false, true},
		{"two answers that differ", func(c *ask) {
			c.datagram(up, query(c.t, 7, name))
			c.datagram(down, reply(c.t, 7, name, other))
			c.datagram(down, reply(c.t, 7, name, good))
		}, 1, 1, 2, 0, false, true},
		{"two answers alike", func(c *ask) {
			c.datagram(up, query(c.t, 7, name))
			c.datagram(down, reply(c.t, 7, name, good))
			c.datagram(down, reply(c.t, 7, name, good))
		}, 1, 1, 2, 0, true, true},
		{"six answers", func(c *ask) {
			for range 6 {
				c.datagram(down, reply(c.t, 7, name, good))
			}
		}, 1, 0, 4, 2, true, true},
		{"an answer that no such name exists", func(c *ask) {
			c.datagram(down, message(c.t, 7, name, true, dnsmessage.RCodeNameError))
		}, 1, 0, 1, 0, false, true},
		{"an address that is nobody's: whose name it is the world knows", func(c *ask) {
			c.datagram(down, reply(c.t, 7, name, [4]byte{10, 1, 2, 3}))
		}, 1, 0, 1, 0, false, false},
		{"an ordinary answer", func(c *ask) { c.datagram(down, reply(c.t, 7, name, good)) }, 1, 0, 1, 0, false, false},
		{"another id is another question", func(c *ask) {
			c.datagram(up, query(c.t, 7, name))
			c.datagram(up, query(c.t, 8, name))
		}, 2, 1, 0, 0, false, false},
		{"noise on the port", func(c *ask) { c.datagram(up, []byte("not a message at all")) }, 0, 0, 0, 0, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newAsk(t)
			tc.send(c)
			f := c.facts()
			is(t, "exchanges", len(f.DNS), tc.exchanges)
			is(t, "to judge", len(c.Dirty) > 0, tc.judged)
			if len(f.DNS) == 0 {
				return
			}
			x := f.DNS[0]
			is(t, "copies", x.Copies, tc.copies)
			is(t, "answers", len(x.Answers), tc.answers)
			is(t, "answers not kept", x.More, tc.more)
			if n := len(x.Answers); n > 0 {
				is(t, "the last like one before", x.Answers[n-1].Identical, tc.identical)
				is(t, "the first like one before", x.Answers[0].Identical, false)
				is(t, "round trip known", x.Answers[0].RTT.Ok, x.Query.Num != 0)
			}
		})
	}
}

// TestManyQuestions: 32 are kept, those that were answered plainly go first.
func TestManyQuestions(t *testing.T) {
	c := newAsk(t)
	for i := range uint16(40) {
		c.datagram(up, query(t, i, "a.example"))
		if i%2 == 0 {
			c.datagram(down, reply(t, i, "a.example", good))
		}
	}
	f := c.facts()
	is(t, "kept", len(f.DNS), 32)
	is(t, "not kept", f.DNSMore, 8)
	unanswered := 0
	for _, x := range f.DNS {
		if len(x.Answers) == 0 {
			unanswered++
		}
	}
	is(t, "unanswered", unanswered, 20)
	is(t, "the latest", f.DNS[31].ID, 39)
}

// TestMemoryOfAnswers: what answers hold is accounted.
func TestMemoryOfAnswers(t *testing.T) {
	held := func(addrs ...[4]byte) int {
		c := newAsk(t)
		for i := range uint16(50) {
			c.datagram(up, query(t, i, "a.example"))
			c.datagram(down, reply(t, i, "a.example", addrs...))
			c.datagram(down, reply(t, i, "a.example", addrs...))
		}
		return c.Tracker.side
	}
	one, many := held(good), held(make([][4]byte, 16)...)
	if want := 32 * 2 * 15 * 24; many-one < want {
		t.Errorf("%d bytes more for 15 addresses more in 64 answers, they take %d", many-one, want)
	}
}

func TestDNSOverTCP(t *testing.T) {
	framed := func(b []byte) []byte { return cat(u16(len(b)), b) }
	q1, q2 := framed(query(t, 1, "a.example")), framed(query(t, 2, "b.example"))
	a1, a2 := framed(reply(t, 1, "a.example", good)), framed(reply(t, 2, "b.example", other))
	for _, tc := range []struct {
		name string
		send func(c *talk)
	}{
		{"a segment a message", func(c *talk) {
			c.send(up, pushAck, q1)
			c.send(down, pushAck, a1)
			c.send(up, pushAck, q2)
			c.send(down, pushAck, a2)
		}},
		{"two messages in a segment", func(c *talk) { c.send(up, pushAck, cat(q1, q2)); c.send(down, pushAck, cat(a1, a2)) }},
		{"the length alone", func(c *talk) {
			c.send(up, pushAck, q1[:2])
			c.send(up, pushAck, cat(q1[2:], q2))
			c.send(down, pushAck, a1[:1])
			c.send(down, pushAck, cat(a1[1:], a2))
		}},
		{"messages over segments", func(c *talk) {
			both := cat(q1, q2)
			c.send(up, pushAck, both[:10])
			c.send(up, pushAck, both[10:len(q1)+5])
			c.send(up, pushAck, both[len(q1)+5:])
			c.send(down, pushAck, cat(a1, a2[:7]))
			c.send(down, pushAck, a2[7:])
		}},
		{"segments out of order", func(c *talk) {
			c.send(up, pushAck, q1[10:], rel(11))
			c.send(up, pushAck, q1[:10], rel(1))
			c.send(up, pushAck, q2)
			c.send(down, pushAck, cat(a1, a2))
		}},
		{"a retransmission is no second answer", func(c *talk) {
			c.send(up, pushAck, q1)
			c.send(up, pushAck, q1, rel(1))
			c.send(up, pushAck, q2)
			c.send(down, pushAck, a1)
			c.send(down, pushAck, a1, rel(1))
			c.send(down, pushAck, a2)
			c.send(down, pushAck, a2, rel(1+len(a1)))
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newBench(t, 8<<20).talk(40000, 53)
			tc.send(c.open())
			f := c.facts()
			var got []string
			for _, x := range f.DNS {
				for _, a := range x.Answers {
					got = append(got, fmt.Sprintf("%s %d %v %d %v", x.QName, x.Copies, x.TCP, len(x.Answers), a.Addrs[0]))
				}
			}
			is(t, "exchanges", fmt.Sprint(got), "[a.example 1 true 1 192.0.2.1 b.example 1 true 1 198.51.100.7]")
			is(t, "memory of streams", c.buffered, 0)
		})
	}
}

func TestAlienOnThePortOfDNS(t *testing.T) {
	c := newBench(t, 8<<20).talk(40000, 53).open()
	c.send(up, pushAck, []byte("\x00\x05hello and more"))
	c.send(up, pushAck, []byte("and more"))
	is(t, "exchanges", len(c.facts().DNS), 0)
	is(t, "memory of streams", c.buffered, 0)
}
