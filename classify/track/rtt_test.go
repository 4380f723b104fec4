package track

import (
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

func TestHandshakeRoundTrips(t *testing.T) {
	f := newTalk(t).open().facts()
	is(t, "server leg", f.Sides[up].RTT.Handshake, fact.Some(serverLeg))
	is(t, "client leg", f.Sides[down].RTT.Handshake, fact.Some(clientLeg))

	for _, tc := range []struct {
		name           string
		send           func(c *talk)
		server, client bool
	}{
		{"a SYN sent twice: the answer may be to either", func(c *talk) {
			c.send(up, capture.SYN, nil)
			c.send(up, capture.SYN, nil, rel(0))
			c.send(down, synAck, nil)
			c.ack(up)
		}, false, true},
		{"a SYN/ACK sent twice", func(c *talk) {
			c.send(up, capture.SYN, nil)
			c.send(down, synAck, nil)
			c.send(down, synAck, nil, rel(0))
			c.ack(up)
		}, true, false},
		{"a SYN/ACK of another SYN", func(c *talk) {
			c.send(up, capture.SYN, nil)
			c.send(down, synAck, nil, relAck(9))
		}, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newTalk(t)
			tc.send(c)
			f := c.facts()
			is(t, "server leg", f.Sides[up].RTT.Handshake.Ok, tc.server)
			is(t, "client leg", f.Sides[down].RTT.Handshake.Ok, tc.client)
		})
	}
}

// TestSamples: which acknowledgements are clean round trips of the server leg.
func TestSamples(t *testing.T) {
	const rtt = 30 * time.Millisecond
	reply := func(c *talk) { c.wait(rtt - 10*time.Microsecond); c.ack(down) }
	for _, tc := range []struct {
		name    string
		send    func(c *talk)
		samples uint32
		least   time.Duration
	}{
		{"data and its acknowledgement", func(c *talk) { c.data(up, 10); reply(c) }, 1, rtt},
		{"an acknowledgement with data", func(c *talk) { c.data(up, 10); c.wait(rtt - 10*time.Microsecond); c.data(down, 10) }, 1, rtt},
		{"one sample a flight, of its first packet", func(c *talk) { c.data(up, 10); c.wait(5 * time.Millisecond); c.data(up, 10); reply(c) }, 1, rtt + 5*time.Millisecond + 10*time.Microsecond},
		{"the smallest of several", func(c *talk) { c.data(up, 10); c.wait(rtt); c.ack(down); c.data(up, 10); reply(c) }, 2, rtt},
		{"never from a retransmitted range (Karn)", func(c *talk) { c.data(up, 10); c.data(up, 10, rel(1)); reply(c) }, 0, 0},
		{"an acknowledgement of less is none", func(c *talk) { c.data(up, 10); c.ack(down, relAck(5)) }, 0, 0},
		{"a FIN is none: who injects it answers before the peer could", func(c *talk) { c.data(up, 10); c.send(down, finAck, nil) }, 0, 0},
		{"a reset is none", func(c *talk) { c.data(up, 10); c.rst(down) }, 0, 0},
		{"an answer after more than a minute is to something else", func(c *talk) { c.data(up, 10); c.wait(61 * time.Second); c.ack(down) }, 0, 0},
		{"a measurement that got stale gives way", func(c *talk) { c.data(up, 10); c.wait(61 * time.Second); c.data(up, 10); reply(c) }, 1, rtt},
		{"hours into the flow", func(c *talk) { c.wait(3 * time.Hour); c.data(up, 10); reply(c) }, 1, rtt},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newTalk(t).open()
			tc.send(c)
			r := c.side(up).RTT
			is(t, "samples", r.Samples, tc.samples)
			is(t, "smallest", r.Min, fact.Opt[time.Duration]{V: tc.least, Ok: tc.samples > 0})
			is(t, "median known", r.P50.Ok, tc.samples > 0)
			if d := r.P50.V - tc.least; r.P50.Ok && tc.samples == 1 && (d > tc.least/3 || -d > tc.least/3) {
				t.Errorf("median %v of a sample of %v", r.P50.V, tc.least)
			}
		})
	}
}

func TestNoRoundTrip(t *testing.T) {
	c := newTalk(t)
	c.data(up, 10)
	is(t, "blind", c.facts().Blind&fact.BlindNoRTT, fact.BlindNoRTT)
	c.wait(time.Millisecond)
	c.ack(down)
	is(t, "blind with a sample", c.facts().Blind&fact.BlindNoRTT, 0)
}

// TestReorderingLateInLife: how late a filler comes is told however old the
// flow is.
func TestReorderingLateInLife(t *testing.T) {
	c := newTalk(t).open()
	c.wait(2 * time.Hour)
	c.data(up, 100)
	c.lose(up, 100)
	c.data(up, 100)
	c.wait(300 * time.Millisecond)
	c.data(up, 100, rel(101))
	s := c.side(up)
	is(t, "overtaken", s.OutOfOrder, 0)
	is(t, "lost before the tap", s.Holes, 1)
}

func TestMedian(t *testing.T) {
	for _, us := range []uint32{33, 70, 150, 1000, 20_000, 333_000, 1_400_000} {
		var h rttHist
		is(t, "median of nothing", h.median(), 0)
		for range 3 {
			h.add(us)
		}
		h.add(10 * us)
		if got := h.median(); got < us*3/4 || got > us*3/2 {
			t.Errorf("median of mostly %d: %d", us, got)
		}
	}
}
