package track

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// after what a table looks at.
type afterwards struct {
	newData, repeats, guarded, peer uint32
	acksLater, tsLater              bool
	synack, challenge               uint64
}

func afterwardsOf(a *fact.After) afterwards {
	return afterwards{a.NewData, a.Repeats, a.Guarded, a.PeerData, a.AcksLater, a.TSLater, a.SYNACK.Num, a.ChallengeAck.Num}
}

// TestLifeAfterAReset: the reset is the seventh packet, the guard is a quarter
// of the 22 ms round trip.
func TestLifeAfterAReset(t *testing.T) {
	const later = 100 * time.Millisecond
	for _, tc := range []struct {
		name string
		send func(c *talk)
		want afterwards
	}{
		{"silence", func(c *talk) {}, afterwards{}},
		{"more data", func(c *talk) { c.wait(later); c.data(down, 100); c.data(down, 100) }, afterwards{newData: 2}},
		{"more data so soon that the reset may have overtaken it", func(c *talk) { c.wait(4 * time.Millisecond); c.data(down, 100) }, afterwards{guarded: 1}},
		{"after the guard the rest of the flight is new", func(c *talk) {
			c.data(down, 100)
			c.wait(6 * time.Millisecond)
			c.data(down, 100)
		}, afterwards{guarded: 1, newData: 1}},
		{"a retransmission", func(c *talk) { c.wait(later); c.data(down, 500, rel(1)) }, afterwards{repeats: 1}},
		{"a pure acknowledgement", func(c *talk) { c.wait(later); c.ack(down) }, afterwards{repeats: 1}},
		{"a SYN/ACK", func(c *talk) { c.wait(later); c.send(down, synAck, nil, rel(0)) }, afterwards{synack: 8}},
		{"data of the other side", func(c *talk) { c.wait(later); c.data(up, 100) }, afterwards{peer: 1}},
		{"an acknowledgement of what was sent after it", func(c *talk) { c.wait(later); c.data(up, 100); c.data(down, 10) }, afterwards{peer: 1, newData: 1, acksLater: true}},
		{"an acknowledgement of what was sent before it", func(c *talk) { c.wait(later); c.data(up, 100); c.data(down, 10, relAck(301)) }, afterwards{peer: 1, newData: 1}},
		{"a clock that went on", func(c *talk) { c.wait(later); c.data(down, 100, stamp(1000+110)) }, afterwards{newData: 1, tsLater: true}},
		{"a clock that stood", func(c *talk) { c.wait(later); c.data(down, 100, stamp(1001)) }, afterwards{newData: 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newTalk(t).open()
			c.data(up, 300)
			c.wait(serverLeg)
			c.data(down, 500, stamp(1000))
			c.wait(clientLeg)
			c.ack(up)
			c.rst(down)
			tc.send(c)
			f := c.facts()
			is(t, "after", afterwardsOf(&f.AfterReset[down]), tc.want)
			is(t, "after a reset that was not", afterwardsOf(&f.AfterReset[up]), afterwards{})
		})
	}
}

func TestNewDataIsNamed(t *testing.T) {
	c := greeted(t)
	c.rst(down)
	c.wait(time.Second)
	for range 6 {
		c.data(down, 100)
	}
	a := c.facts().AfterReset[down]
	is(t, "packets", fmt.Sprint(a.NewPackets), "[8 9 10 11]")
	is(t, "first", a.FirstNew.Num, 8)
	is(t, "last", a.LastNew.Num, 13)
	is(t, "end of the last", a.LastNew.SeqEnd, c.next[down])
}

// TestChallenge: RFC 5961 answers a reset in the window that is not exact.
func TestChallenge(t *testing.T) {
	for _, tc := range []struct {
		name string
		at   edit
		send func(c *talk)
		want uint64
	}{
		{"a reset in the window", rel(501 + 100), func(c *talk) { c.ack(up) }, 8},
		{"an exact reset is obeyed", rel(501), func(c *talk) { c.ack(up) }, 0},
		{"a reset outside the window", rel(501 + 501), func(c *talk) { c.ack(up) }, 0},
		{"data is no challenge", rel(501 + 100), func(c *talk) { c.data(up, 10) }, 0},
		{"a FIN is none", rel(501 + 100), func(c *talk) { c.send(up, finAck, nil) }, 0},
		{"nor what comes a second later", rel(501 + 100), func(c *talk) { c.wait(time.Second); c.ack(up) }, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := greeted(t)
			c.rst(down, tc.at)
			tc.send(c)
			is(t, "challenge", c.facts().AfterReset[down].ChallengeAck.Num, tc.want)
		})
	}
}

// A FIN that was sent twice draws an answer to the first copy while the second is
// on its way: it is not known how old what is acknowledged is.
func TestARepeatedFINHasNoAge(t *testing.T) {
	for _, repeats := range []int{0, 1} {
		c := greeted(t)
		c.send(up, finAck, nil)
		for range repeats {
			c.wait(300 * time.Millisecond)
			c.send(up, finAck, nil, rel(301))
		}
		c.wait(time.Millisecond)
		c.send(down, finAck, nil, ttl(99))
		f := c.facts()
		at := slices.IndexFunc(f.FINs, func(x fact.FIN) bool { return x.Dir == down })
		if at < 0 {
			t.Fatal("the server's FIN is no fact")
		}
		is(t, "has an age", f.FINs[at].CoverAge.Ok, repeats == 0)
	}
}

func TestFINs(t *testing.T) {
	c := greeted(t)
	c.wait(time.Millisecond)
	p := c.send(down, finAck, []byte("bye"), ttl(99))
	c.send(up, finAck, nil)
	c.send(down, finAck, []byte("bye"), rel(501))
	f := c.facts()
	is(t, "FINs", len(f.FINs), 2)
	x := f.FINs[0]
	is(t, "packet", x.Num, p.Num)
	is(t, "direction", x.Dir, down)
	is(t, "payload", x.PayloadLen, 3)
	is(t, "TTL", x.TTL, 99)
	is(t, "IPID", x.IPID, fact.Some(p.IPID))
	is(t, "in sequence", x.SeqAhead, 0)
	is(t, "covers", x.Covers.Num, 4)
	is(t, "cover age", x.CoverAge.V, time.Duration(p.Time-x.Covers.Time))
	is(t, "first FIN of the server", f.Sides[down].FIN, fact.Mark{Num: p.Num, Time: p.Time, SeqEnd: p.SeqEnd()})
	is(t, "state", f.State, "closed")

	c = greeted(t)
	c.send(down, finAck, nil, rel(501+1460), ttl(99))
	is(t, "ahead of its side", c.facts().FINs[0].SeqAhead, 1460)

	c = newTalk(t)
	c.send(down, finAck, nil, ttl(99))
	c.rst(up)
	is(t, "ahead of nothing", c.facts().FINs[0].SeqAhead, 0)

	c = greeted(t)
	c.send(down, capture.FIN, nil, ttl(99), with(func(p *capture.Packet) { p.Ack = c.next[up] }))
	is(t, "covers without ACK", c.facts().FINs[0].Covers.Num, 0)

	c = greeted(t)
	c.send(up, finAck, nil)
	c.send(down, finAck, nil)
	is(t, "to judge, of an ordinary end", len(c.Dirty), 0)
}

func TestLifeAfterAFIN(t *testing.T) {
	c := greeted(t)
	c.send(down, finAck, nil)
	c.wait(100 * time.Millisecond)
	c.ack(down)
	c.data(up, 10)
	is(t, "to judge while nothing contradicts it", len(c.Dirty), 0)
	for range 2 {
		c.data(down, 100)
		c.send(up, finAck, nil, rel(311))
		c.wait(100 * time.Millisecond)
		c.data(up, 50, rel(312))
	}
	f := c.facts()
	is(t, "new data of the server", f.AfterFIN[down].NewData, 2)
	is(t, "new data of the client", f.AfterFIN[up].NewData, 1)
	is(t, "FINs", len(f.FINs), 2)
	is(t, "the first", f.FINs[0].Dir, down)
}

func TestConflicts(t *testing.T) {
	forged := []byte("HTTP/1.1 302 Found\r\nLocation: http://block.example/\r\n\r\n")
	genuine := []byte("HTTP/1.1 200 OK\r\nServer: web\r\nContent-Length: 0\r\nX-Padding: aaaaaaaaaaaaaaaa\r\n\r\n")
	ask := func(c *talk) { c.send(up, pushAck, []byte("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")) }
	t.Run("two answers on the same bytes", func(t *testing.T) {
		c := newTalk(t).open()
		ask(c)
		c.send(down, pushAck, forged, ttl(99))
		c.send(down, pushAck, genuine, rel(1))
		f := c.facts()
		if len(f.Conflicts) != 1 {
			t.Fatalf("%d conflicts", len(f.Conflicts))
		}
		x := f.Conflicts[0]
		is(t, "direction", x.Dir, down)
		is(t, "packets", [2]uint64{x.First, x.Next}, [2]uint64{5, 6})
		is(t, "TTLs", [2]uint8{x.FirstTTL, x.NextTTL}, [2]uint8{99, 52})
		is(t, "where they differ", x.Seq, c.isn[down]+1+9)
		is(t, "bytes compared", int(x.Len), len(forged))
		is(t, "status", f.Names.Status, 302)
		is(t, "to judge", len(c.Dirty) > 0, true)
	})
	t.Run("the same answer twice", func(t *testing.T) {
		c := newTalk(t).open()
		ask(c)
		c.send(down, pushAck, genuine)
		c.send(down, pushAck, genuine, rel(1))
		is(t, "conflicts", len(c.facts().Conflicts), 0)
	})
	t.Run("a lone byte is a keep-alive's", func(t *testing.T) {
		c := newTalk(t).open()
		ask(c)
		c.send(down, pushAck, genuine)
		c.send(down, pushAck, []byte{0}, rel(len(genuine)))
		is(t, "conflicts", len(c.facts().Conflicts), 0)
	})
	t.Run("another hello for the same bytes", func(t *testing.T) {
		c := newTalk(t).open()
		c.send(up, pushAck, tlsHello("decoy.example", 0), ttl(5))
		c.send(up, pushAck, tlsHello("truth.example", 0), rel(1))
		f := c.facts()
		if len(f.Conflicts) != 1 {
			t.Fatalf("%d conflicts", len(f.Conflicts))
		}
		is(t, "packets", [2]uint64{f.Conflicts[0].First, f.Conflicts[0].Next}, [2]uint64{4, 5})
		is(t, "TTLs", [2]uint8{f.Conflicts[0].FirstTTL, f.Conflicts[0].NextTTL}, [2]uint8{5, 64})
	})
	t.Run("the same hello again", func(t *testing.T) {
		c := newTalk(t).open()
		c.send(up, pushAck, tlsHello("truth.example", 0))
		c.send(up, pushAck, tlsHello("truth.example", 0), rel(1))
		is(t, "conflicts", len(c.facts().Conflicts), 0)
	})
	t.Run("no more than four are kept", func(t *testing.T) {
		c := newTalk(t).open()
		ask(c)
		for i := range 9 {
			c.send(down, pushAck, []byte(fmt.Sprintf("HTTP/1.1 20%d OK\r\n\r\n", i)), rel(1))
		}
		is(t, "conflicts", len(c.facts().Conflicts), 4)
	})
}

func TestICMPErrors(t *testing.T) {
	quote := func(c *talk, k capture.Key, proto uint8) bool {
		p := &capture.Packet{Has: capture.Decoded | capture.HasIP | capture.HasICMP | capture.HasQuoted, ICMPType: 3, ICMPCode: 13}
		p.Key.Proto, p.Key.Src[15] = proto, 7
		p.Quoted.Key, p.Quoted.MTU = k, 1300
		c.num++
		p.Num, p.Time = c.num, c.now
		return c.Packet(p)
	}
	c := newTalk(t).open()
	is(t, "about a flow not known", quote(c, keyOf(9, 9, capture.ProtoTCP), capture.ProtoICMP), false)
	is(t, "about the client's packet", quote(c, c.key, capture.ProtoICMP), true)
	is(t, "about the server's packet", quote(c, c.key.Reverse(), capture.ProtoICMPv6), true)
	f := c.facts()
	is(t, "errors", len(f.ICMPs), 2)
	x := f.ICMPs[0]
	is(t, "packet", x.Num, 5)
	is(t, "kind", [2]uint8{x.Type, x.Code}, [2]uint8{3, 13})
	is(t, "from", x.From[15], 7)
	is(t, "MTU", x.MTU, 1300)
	is(t, "direction of the quoted packet", x.Dir, up)
	is(t, "version", x.V6, false)
	is(t, "direction of the quoted packet", f.ICMPs[1].Dir, down)
	is(t, "version", f.ICMPs[1].V6, true)
	is(t, "to judge", len(c.Dirty), 1)
	is(t, "flows", c.Table.Len(), 1)
	for range 9 {
		quote(c, c.key, capture.ProtoICMP)
	}
	is(t, "errors kept", len(c.facts().ICMPs), 4)
}
