package track

import (
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

func TestCopies(t *testing.T) {
	twice := func(c *talk, wait time.Duration, flags uint16, n int, edits ...edit) {
		p := *c.make(up, flags, make([]byte, n))
		q := p
		for _, e := range edits {
			e(c, up, &q)
		}
		c.feed(&p)
		c.wait(wait)
		c.feed(&q)
	}
	back := with(func(p *capture.Packet) { p.IPID++ })
	for _, tc := range []struct {
		name   string
		send   func(c *talk)
		copies uint64
	}{
		{"on another interface", func(c *talk) { twice(c, 0, pushAck, 100, iface(1)) }, 1},
		{"on another interface, dated a little earlier", func(c *talk) { twice(c, -20*time.Microsecond, pushAck, 100, iface(1)) }, 1},
		{"behind a router", func(c *talk) { twice(c, 0, pushAck, 100, ttl(63)) }, 1},
		{"too late to be one", func(c *talk) { twice(c, 51*time.Millisecond, pushAck, 100, iface(1)) }, 0},
		{"a retransmission with an IPID of its own", func(c *talk) { twice(c, 0, pushAck, 100, iface(1), back) }, 0},
		{"a retransmission on the same interface", func(c *talk) { twice(c, 0, pushAck, 100) }, 0},
		{"the same reset twice on the same interface", func(c *talk) { twice(c, 0, rstAck, 0) }, 0},
		{"another hop limit, but not one less", func(c *talk) { twice(c, 0, rstAck, 0, ttl(62)) }, 0},
		{"another window", func(c *talk) { twice(c, 0, pushAck, 100, iface(1), win(9)) }, 0},
		{"another acknowledgement", func(c *talk) { twice(c, 0, pushAck, 100, iface(1), relAck(5)) }, 0},
		{"another timestamp", func(c *talk) { twice(c, 0, pushAck, 100, iface(1), stamp(5)) }, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newTalk(t).open()
			before := c.side(up).Packets
			tc.send(c)
			is(t, "copies", c.Copies, tc.copies)
			is(t, "packets", c.side(up).Packets-before, 2-tc.copies)
		})
	}
}

func TestCopiesOfDatagrams(t *testing.T) {
	c := newAsk(t)
	c.key.DstPort = 9999
	c.datagram(up, []byte("sixteen bytes, 1"), ipid(1))
	c.datagram(up, []byte("sixteen bytes, 1"), ipid(1), iface(1))
	c.datagram(up, []byte("sixteen bytes, 2"), ipid(1), iface(1))
	c.datagram(up, []byte("sixteen bytes, 2"), ipid(2), iface(1))
	is(t, "copies", c.Copies, 1)
	is(t, "packets", c.side(fact.Up).Packets, 3)
}

// TestCopiesOfAFlight: a span port that shows a router's both sides has the copies of a
// whole flight come after all of it, and none may pass for a retransmission.
func TestCopiesOfAFlight(t *testing.T) {
	const flight = 24
	c := newTalk(t).open()
	for range 4 {
		var sent []capture.Packet
		for range flight {
			sent = append(sent, *c.data(up, 100))
			c.wait(150 * time.Microsecond)
		}
		for _, p := range sent {
			p.TTL--
			c.feed(&p)
		}
		c.wait(60 * time.Millisecond)
	}
	is(t, "copies", c.Copies, uint64(4*flight))
	is(t, "retransmissions", c.facts().Sides[up].Retrans, 0)
}
