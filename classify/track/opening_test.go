package track

import (
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// hole has the server send one segment more that never comes.
func (c *talk) hole() { c.lose(down, 1388) }

// TestHowFarTheRoundTripStoodWhenPacketsWereLost: above the handshake's 20 ms.
func TestHowFarTheRoundTripStoodWhenPacketsWereLost(t *testing.T) {
	c := stampedTalk(t)
	c.clocked(100, 22*time.Millisecond, time.Millisecond)
	c.hole()
	c.clocked(100, 90*time.Millisecond, time.Millisecond)
	c.hole()
	c.hole() // one run
	c.clocked(100, 90*time.Millisecond, time.Millisecond)
	r, _ := c.sum(down)
	up := r.Rises[fact.LegUp]
	is(t, "runs", r.Runs, 2)
	is(t, "before which it was known", up.N, 2)
	is(t, "risen by more than 60 ms", up.Above(60_000), 1)
	is(t, "by more than 80 ms", up.Above(80_000), 0)
	is(t, "on the other leg", r.Rises[fact.LegDown].N, 0)
	p := c.data(down, 1388, stampedAs(1, 0))
	c.wait(50 * time.Millisecond)
	c.data(down, 1388, stampedAs(1, 0), with(func(q *capture.Packet) { q.Seq = p.Seq }))
	r, _ = c.sum(down)
	is(t, "behind the tap", r.Rises[fact.LegDown].N, 1)
	is(t, "where nothing had risen", r.Rises[fact.LegDown].Above(5_000), 0)
}

// TestRoundTripUnknownWhenPacketsWereLost: without timestamps nothing is known of the
// way to the server.
func TestRoundTripUnknownWhenPacketsWereLost(t *testing.T) {
	c := newTalk(t).open(mss(1400))
	for range 3 {
		c.download(50, nil)
		c.hole()
	}
	c.download(50, nil)
	r, _ := c.sum(down)
	is(t, "runs", r.Runs, 3)
	is(t, "before which it was known", r.Rises[fact.LegUp].N, 0)
}

// TestRatesTellHowTheyBegan: of a connection that was seen from its beginning.
func TestRatesTellHowTheyBegan(t *testing.T) {
	tell := func(c *talk) [2]fact.Opening {
		for ms := range 60 {
			c.clocked(6, time.Duration(22+2*ms)*time.Millisecond, time.Millisecond)
		}
		missing := c.next[down]
		c.hole()
		c.data(down, 1388, stampedAs(1, 0))
		c.wait(200 * time.Millisecond)
		c.data(down, 1388, stampedAs(1, 0), with(func(q *capture.Packet) { q.Seq = missing }))
		c.clocked(100, 20*time.Millisecond, time.Millisecond)
		c.TellRates(c.now, true)
		return c.Out.Rates[len(c.Out.Rates)-1].Series.Openings
	}
	o := tell(stampedTalk(t))[fact.LegUp]
	if o.N < 20 || o.Min > 40_000 || o.Max < 138_000 || o.Max > 142_000 {
		t.Errorf("%+v", o)
	}
	c := newTalk(t)
	c.data(up, 100, stampedAs(1, 1))
	c.data(down, 100, stampedAs(1, 1))
	if o := tell(c); o != ([2]fact.Opening{}) {
		t.Errorf("of one that was not: %+v", o)
	}
}
