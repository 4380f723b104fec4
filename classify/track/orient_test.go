package track

import (
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

func TestWhoIsTheClient(t *testing.T) {
	const mid = fact.BlindMidstream
	for _, tc := range []struct {
		name     string
		port     uint16
		send     func(c *talk)
		blind    fact.Blindness
		client   uint16
		inferred bool
	}{
		{"who sends the SYN", 443, func(c *talk) { c.send(up, capture.SYN, nil) }, 0, 40000, false},
		{"who is sent the SYN/ACK, if that is seen first", 443, func(c *talk) { c.send(down, synAck, nil) }, 0, 40000, false},
		{"who sends the SYN, whatever the ports", 60000, func(c *talk) { c.send(up, capture.SYN, nil) }, 0, 40000, false},
		{"who talks to the well-known port", 443, func(c *talk) { c.data(down, 10) }, mid, 40000, true},
		{"who talks to the registered port", 5222, func(c *talk) { c.data(down, 10) }, mid, 40000, true},
		{"who speaks first where the ports tell nothing", 50000, func(c *talk) { c.data(down, 10) }, mid, 50000, true},
		{"who is not at the address of a service", 50001, func(c *talk) {
			c.conf.KnownServer = func(a [16]byte) bool { return a == c.key.Dst }
			c.data(down, 10)
		}, mid, 40000, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newBench(t, 8<<20).talk(40000, tc.port)
			tc.send(c)
			f := c.facts()
			is(t, "port of the client", f.Key.SrcPort, tc.client)
			is(t, "inferred", f.ClientInferred, tc.inferred)
			is(t, "midstream", f.Blind&mid, tc.blind)
		})
	}
}

func TestClientOfUDP(t *testing.T) {
	for _, tc := range []struct {
		name     string
		from, to uint16
		client   uint16
		inferred bool
	}{
		{"a question", 50000, 53, 50000, false},
		{"an answer whose question was not seen", 53, 50000, 50000, true},
		{"two ends alike: who speaks first", 50000, 51000, 50000, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(t, 8<<20)
			k := keyOf(tc.from, tc.to, capture.ProtoUDP)
			b.feed(&capture.Packet{Has: capture.Decoded | capture.HasIP | capture.HasPorts | capture.HasUDP, Key: k, PayloadLen: 5, Payload: []byte("hello"), IPLen: 33})
			c := &talk{bench: b, key: k}
			f := c.facts()
			is(t, "port of the client", f.Key.SrcPort, tc.client)
			is(t, "inferred", f.ClientInferred, tc.inferred)
		})
	}
}

// TestSYNOvertakenByItsAnswer: with several receive queues the capture may
// show the SYN/ACK first.
func TestSYNOvertakenByItsAnswer(t *testing.T) {
	c := newTalk(t)
	c.next[up] = c.isn[up] + 1
	c.send(down, synAck, nil)
	c.send(up, capture.SYN, nil, rel(0))
	c.ack(up)
	c.data(up, 100)
	f := c.facts()
	is(t, "flows", c.Flows, 1)
	is(t, "handshake", f.Handshake, true)
	is(t, "SYN", f.Sides[up].SYN.Num, 2)
	is(t, "SYN/ACK", f.SYNACK.Num, 1)
	is(t, "round trip to the server", f.Sides[up].RTT.Handshake.Ok, false)
	is(t, "retransmissions", f.Sides[up].Retrans, 0)
}

func TestReuseOfTheFourTuple(t *testing.T) {
	fresh := func(c *talk, d fact.Dir, isn uint32) {
		c.isn[d], c.next[d] = isn, isn
		c.send(d, capture.SYN, nil)
	}
	for _, tc := range []struct {
		name  string
		then  func(c *talk)
		flows uint64
	}{
		{"a retransmitted SYN is the same flow", func(c *talk) { c.send(up, capture.SYN, nil, rel(0)) }, 1},
		{"a SYN with another ISN is a new flow", func(c *talk) { fresh(c, up, 77_000) }, 2},
		{"another ISN that differs by one is a new flow", func(c *talk) { fresh(c, up, c.isn[up]+1) }, 2},
		{"a SYN of the server while both talk is none", func(c *talk) { fresh(c, down, 99) }, 1},
		{"a SYN of the server after a reset is a new flow with the roles changed", func(c *talk) { c.rst(up); fresh(c, down, 99) }, 2},
		{"a SYN with RST is none", func(c *talk) { c.send(up, capture.SYN|capture.RST, nil, rel(9)) }, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newTalk(t).open()
			tc.then(c)
			is(t, "flows", c.Flows, tc.flows)
			is(t, "flows known", c.Table.Len(), 1)
			if tc.flows == 2 {
				is(t, "end of the first", c.ended[0].End, fact.EndReuse)
				is(t, "id of the second", uint64(c.facts().ID), c.num)
			}
		})
	}
	c := newTalk(t)
	c.data(up, 10)
	c.send(up, capture.SYN, nil, rel(9000))
	is(t, "flows when a SYN comes into the middle of one", c.Flows, 2)
}

func TestLifetimes(t *testing.T) {
	const forever = 1 << 40
	for _, tc := range []struct {
		name string
		send func(c *talk)
		life time.Duration
		why  fact.End
	}{
		{"a SYN lives for 130 s", func(c *talk) { c.send(up, capture.SYN, nil) }, 130 * time.Second, fact.EndIdle},
		{"a reset flow lingers for 60 s", func(c *talk) { c.open().rst(down) }, 60 * time.Second, fact.EndReset},
		{"a closed flow lingers for 60 s", func(c *talk) { c.open().send(up, finAck, nil); c.send(down, finAck, nil) }, 60 * time.Second, fact.EndClosed},
		{"a half-closed flow stays", func(c *talk) { c.open().send(up, finAck, nil) }, forever, 0},
		{"an established flow stays", func(c *talk) { c.open() }, forever, 0},
		{"a flow seen from its middle stays", func(c *talk) { c.data(up, 1) }, forever, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newTalk(t)
			tc.send(c)
			last := c.now
			if tc.life == forever {
				c.Tick(last+int64(24*time.Hour), 1000)
				is(t, "flows", c.Table.Len(), 1)
				return
			}
			c.Tick(last+int64(tc.life), 1000)
			is(t, "flows when its time is just up", c.Table.Len(), 1)
			c.Tick(last+int64(tc.life)+2*sec, 1000)
			is(t, "flows when its time is over", c.Table.Len(), 0)
			is(t, "reason", c.ended[0].End, tc.why)
		})
	}
}

// TestPacketsProlongLife: what came within the table's second of slack counts.
func TestPacketsProlongLife(t *testing.T) {
	c := newTalk(t)
	c.send(up, capture.SYN, nil)
	begun := c.now
	c.wait(900 * time.Millisecond)
	c.send(up, capture.SYN, nil, rel(0))
	c.Tick(begun+HalfOpenLife+500*ms, 100)
	is(t, "flows", c.Table.Len(), 1)
	c.Tick(begun+HalfOpenLife+3*sec, 100)
	is(t, "flows", c.Table.Len(), 0)
}

func TestLimitOfATick(t *testing.T) {
	b := newBench(t, 8<<20)
	for i := range uint16(10) {
		b.talk(40000+i, 443).send(up, capture.SYN, nil)
	}
	late := b.now + HalfOpenLife + 5*sec
	is(t, "more", b.Tick(late, 4), true)
	is(t, "flows left", b.Table.Len(), 6)
	is(t, "more", b.Tick(late, 100), false)
	is(t, "flows left", b.Table.Len(), 0)
}

func TestEndOfTheInput(t *testing.T) {
	b := newBench(t, 8<<20)
	b.talk(1, 443).open()
	b.talk(2, 443).open().rst(up)
	c := b.talk(3, 443).open()
	c.send(up, finAck, nil)
	c.send(down, finAck, nil)
	for n := 0; b.EndSome(1); n++ {
		if n > 5 {
			t.Fatal("EndSome does not come to an end")
		}
	}
	why := map[fact.End]int{}
	for _, f := range b.ended {
		why[f.End]++
	}
	is(t, "flows left", b.Table.Len(), 0)
	is(t, "open at the end", why[fact.EndOfCapture], 1)
	is(t, "reset", why[fact.EndReset], 1)
	is(t, "closed", why[fact.EndClosed], 1)
}

// TestSilenceIsLookedAt: only a flow that is owed something is judged when it
// falls silent.
func TestSilenceIsLookedAt(t *testing.T) {
	for _, tc := range []struct {
		name string
		send func(c *talk)
		due  bool
	}{
		{"a hello without an answer", func(c *talk) { c.data(up, 100); c.ack(down) }, true},
		{"bytes not acknowledged", func(c *talk) { c.data(up, 100); c.data(down, 100); c.ack(up); c.data(down, 50) }, true},
		{"all answered and acknowledged", func(c *talk) { c.data(up, 100); c.data(down, 100); c.ack(up) }, false},
		{"nothing but the handshake", func(c *talk) {}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newTalk(t).open()
			tc.send(c)
			c.Tick(c.now+QuietAfter+2*sec, 100)
			events, _ := c.Table.At(c.id()).Rec.Due()
			is(t, "due", events, tc.due)
			is(t, "on the list", len(c.Dirty) == 1, tc.due)
		})
	}
}
