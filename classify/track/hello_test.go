package track

import (
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

func TestWhatBecomesOfTheHello(t *testing.T) {
	hello := tlsHello("chat.example", 2000)
	greet := func(c *talk) { c.send(up, pushAck, hello[:1400]); c.send(up, pushAck, hello[1400:]) }
	again := func(c *talk) { c.send(up, pushAck, hello[:1400], rel(1)) }
	type fate struct {
		count, retrans int
		acked, head    bool
		answer, data   uint64
	}
	for _, tc := range []struct {
		name string
		send func(c *talk)
		want fate
	}{
		{"nothing comes back", func(c *talk) { greet(c) }, fate{}},
		{"it is acknowledged", func(c *talk) { greet(c); c.ack(down) }, fate{acked: true, answer: 6}},
		{"it is answered", func(c *talk) { greet(c); c.data(down, 10) }, fate{acked: true, answer: 6, data: 6}},
		{"its head is acknowledged", func(c *talk) { greet(c); c.ack(down, relAck(1401)) }, fate{head: true, answer: 6}},
		{"its head first, then all of it", func(c *talk) { greet(c); c.ack(down, relAck(1401)); c.ack(down) }, fate{acked: true, answer: 6}},
		{"its head before its tail was sent", func(c *talk) { c.send(up, pushAck, hello[:1400]); c.ack(down); c.send(up, pushAck, hello[1400:]) }, fate{head: true, answer: 5}},
		{"something that acknowledges nothing", func(c *talk) { greet(c); c.ack(down, relAck(1)) }, fate{answer: 6}},
		{"a reset", func(c *talk) { greet(c); c.rst(down, relAck(1)) }, fate{answer: 6}},
		{"the SYN/ACK again: the server defers accepting", func(c *talk) { greet(c); c.send(down, synAck, nil, rel(0), relAck(1)) }, fate{}},
		{"it is sent again", func(c *talk) { greet(c); again(c); again(c) }, fate{count: 2, retrans: 2}},
		{"it is sent again and again", func(c *talk) {
			greet(c)
			for range 11 {
				again(c)
			}
		}, fate{count: 11, retrans: 8}},
		{"a keep-alive of the server is no payload", func(c *talk) {
			c.data(down, 10)
			c.ack(up)
			greet(c)
			c.data(down, 1, rel(10), relAck(1))
		}, fate{answer: 8}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newTalk(t).open()
			tc.send(c)
			h := c.facts().Hello
			is(t, "fate", fate{int(h.Count), len(h.Retrans), h.Acked.Ok, h.HeadAck, h.Answer.Num, h.Data.Num}, tc.want)
			is(t, "segments", h.Segs, 2)
			is(t, "end", int(h.End-c.isn[up]), 1+len(hello))
		})
	}
}

// TestHelloIsLookedAt: three copies without an answer are worth a judgement.
func TestHelloIsLookedAt(t *testing.T) {
	c := newTalk(t).open()
	first := c.send(up, pushAck, tlsHello("chat.example", 0))
	for n := 1; n <= 3; n++ {
		is(t, "due", len(c.Dirty) > 0, false)
		c.wait(time.Second)
		c.send(up, pushAck, first.Payload, rel(1))
	}
	is(t, "due", len(c.Dirty) > 0, true)
	h := c.facts().Hello
	is(t, "first", h.First, fact.Mark{Num: 4, Time: first.Time, SeqEnd: first.SeqEnd()})
	is(t, "third copy", h.Retrans[2].Num, 7)
}

// TestLaterDataIsNoHello: what comes after the hello does not make it longer,
// and its repeats are not the hello's.
func TestLaterDataIsNoHello(t *testing.T) {
	hello := tlsHello("chat.example", 0)
	c := newTalk(t).open()
	c.send(up, pushAck, hello)
	c.data(up, 700)
	c.data(up, 700, rel(1+len(hello)))
	h := c.facts().Hello
	is(t, "segments", h.Segs, 1)
	is(t, "copies", h.Count, 0)
	is(t, "end", int(h.End-c.isn[up]), 1+len(hello))
}

func TestHelloOfMergedFrames(t *testing.T) {
	c := newTalk(t).open(mss(1000))
	c.send(up, pushAck, tlsHello("chat.example", 2500))
	is(t, "segments", c.facts().Hello.Segs, 3)
	c.ack(down, relAck(1))
	is(t, "nothing acknowledged", c.facts().Hello.HeadAck, false)
	c.ack(down, relAck(1001))
	is(t, "its first segment acknowledged", c.facts().Hello.HeadAck, true)
	c.ack(down)
	is(t, "all acknowledged", c.facts().Hello.HeadAck, false)
}

func TestRetransmittedSYNs(t *testing.T) {
	c := newTalk(t)
	for n := range 12 {
		is(t, "due", len(c.Dirty) > 0, n > 3)
		c.send(up, capture.SYN, nil, rel(0))
		c.wait(time.Second)
	}
	f := c.facts()
	is(t, "SYNs", f.Sides[up].SYNCount, 12)
	is(t, "named", len(f.Hello.SYNRetr), 8)
	is(t, "first repeat", f.Hello.SYNRetr[0].Num, 2)
	is(t, "payload repeated", f.Sides[up].Retrans, 0)
}

// TestFloodOfSYNs: a SYN costs its record and no more.
func TestFloodOfSYNs(t *testing.T) {
	b := newBench(t, 64<<20)
	for i := range uint16(5000) {
		c := b.talk(1000+i, 443)
		c.send(up, capture.SYN, nil)
		c.send(down, synAck, nil)
	}
	is(t, "flows", b.Table.Len(), 5000)
	is(t, "works", b.works.made, 0)
	is(t, "extras", len(b.extras)-1, 0)
	is(t, "bytes beside the records", b.side, 0)
}

// TestStrayBytesAreNoHello: what cannot be of the stream names nobody.
func TestStrayBytesAreNoHello(t *testing.T) {
	c := newTalk(t).open()
	c.send(up, pushAck, tlsHello("stray.example", 0), rel(1<<30+99))
	f := c.facts()
	is(t, "name", f.Names.SNI, "")
	is(t, "hello", f.Hello.First.Num, 0)
}
