package track

import (
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// greeted is an open flow whose client said 300 bytes (packet 4) and the
// server 500 (packet 5), which the client acknowledged (packet 6).
func greeted(t *testing.T) *talk {
	c := newTalk(t).open()
	c.wait(time.Second)
	c.data(up, 300)
	c.wait(serverLeg)
	c.data(down, 500)
	c.wait(clientLeg)
	c.ack(up)
	return c
}

func TestResetAgainstItsFlow(t *testing.T) {
	c := greeted(t)
	c.wait(5 * time.Millisecond)
	last := c.now
	p := c.rst(down, ttl(99), ipid(4242), win(77), stamp(5), with(func(p *capture.Packet) {
		p.TOS, p.OptsLen, p.Has = 8, 12, p.Has|capture.HasDF|capture.HasTCPRST
		p.Payload, p.PayloadLen = make([]byte, 50), 60
	}))
	f := c.facts()
	r := f.Resets[0]
	is(t, "resets of the server", f.ResetCount, [2]uint32{0, 1})
	is(t, "packet", r.Num, p.Num)
	is(t, "time", r.Time, p.Time)
	is(t, "direction", r.Dir, down)
	is(t, "flags", r.Flags, rstAck)
	is(t, "acknowledges", r.HasAck, true)
	is(t, "seq", r.Seq, p.Seq)
	is(t, "ack", r.Ack, p.Ack)
	is(t, "window", r.Window, 77)
	is(t, "TTL", r.TTL, 99)
	is(t, "IPID", r.IPID, fact.Some(uint16(4242)))
	is(t, "DF", r.DF, true)
	is(t, "TOS", r.TOS, 8)
	is(t, "options", r.OptsLen, 12)
	is(t, "TSval", r.TSval, fact.Some(uint32(5)))
	is(t, "MP_TCPRST", r.MPTCPRST, true)
	is(t, "payload", r.PayloadLen, 60)
	is(t, "payload kept", len(r.Payload), 32)
	is(t, "in sequence", r.SeqAhead, fact.Some(int32(0)))
	is(t, "acknowledges all", r.AckAhead, fact.Some(int32(0)))
	is(t, "covers", r.Covers.Num, 4)
	is(t, "cover age", r.CoverAge.V, time.Duration(p.Time-r.Covers.Time))
	is(t, "its sender before", r.PrevSame, last-int64(5*time.Millisecond)-int64(clientLeg)-10_000)
	is(t, "the other before", r.PrevOther, last-int64(5*time.Millisecond))
	is(t, "the other's packet", r.PrevOtherNum, 6)
	is(t, "the other's IPID", r.PrevOtherIPID.Ok, true)
	is(t, "the other's TTL", r.PrevOtherTTL, 64)
	is(t, "offenders within 1.5 round trips", r.Offenders, 2)
	is(t, "echoes", r.AckEchoes, true)
	is(t, "segment boundary", r.SegBoundary, true)
	is(t, "FINs before", r.FINBefore, [2]bool{})
	is(t, "resets before", r.RSTBefore, [2]bool{})
	is(t, "handshake", r.HandshakeOK, true)
	is(t, "SYN only", r.SYNOnly, false)
	is(t, "gap", r.GapBefore, false)
	is(t, "bytes up", r.UpBytes, 300)
	is(t, "bytes down", r.DownBytes, 500)
	is(t, "packets up", r.UpPackets, 4)
	is(t, "packets down", r.DownPackets, 2)
	is(t, "state", f.State, "reset")
}

// TestNumbersOfResets: where a reset stands in its side's sequence.
func TestNumbersOfResets(t *testing.T) {
	type stand struct {
		ahead, ackAhead  int32
		echoes, boundary bool
	}
	for _, tc := range []struct {
		name  string
		edits []edit
		want  stand
	}{
		{"in sequence", nil, stand{0, 0, true, true}},
		{"a segment behind: where the last began", []edit{rel(1)}, stand{-500, 0, true, true}},
		{"behind, in the middle of a segment", []edit{rel(200)}, stand{-301, 0, false, false}},
		{"a window ahead", []edit{rel(501 + 1460)}, stand{1460, 0, false, false}},
		{"acknowledging what was never sent", []edit{relAck(301 + 99)}, stand{0, 99, true, true}},
		{"acknowledging less than all", []edit{relAck(1)}, stand{0, -300, true, true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := greeted(t)
			c.rst(down, tc.edits...)
			r := c.facts().Resets[0]
			is(t, "stands", stand{r.SeqAhead.V, r.AckAhead.V, r.AckEchoes, r.SegBoundary}, tc.want)
		})
	}
}

func TestCoverOfAReset(t *testing.T) {
	for _, tc := range []struct {
		name string
		send func(c *talk)
		num  uint64
		aged bool
	}{
		{"the newest payload it acknowledges", func(c *talk) { c.data(up, 10); c.rst(down) }, 7, true},
		{"not the newest payload, if it does not acknowledge that", func(c *talk) { c.data(up, 10); c.rst(down, relAck(301)) }, 4, true},
		{"none, if it acknowledges none", func(c *talk) { c.rst(down, relAck(1)) }, 0, false},
		{"none without ACK", func(c *talk) { c.send(down, capture.RST, nil) }, 0, false},
		{"a repeat has no age: which copy was answered is not known", func(c *talk) { c.data(up, 300, rel(1)); c.rst(down) }, 7, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := greeted(t)
			tc.send(c)
			r := c.facts().Resets[0]
			is(t, "covers", r.Covers.Num, tc.num)
			is(t, "has an age", r.CoverAge.Ok, tc.aged)
		})
	}
}

func TestResetsAndWhatCameBefore(t *testing.T) {
	c := greeted(t)
	c.send(up, finAck, nil)
	c.rst(down)
	c.rst(up)
	c.ack(down, relAck(5000))
	c.rst(down)
	f := c.facts()
	is(t, "FINs before", f.Resets[0].FINBefore, [2]bool{true, false})
	is(t, "resets before the first", f.Resets[0].RSTBefore, [2]bool{})
	is(t, "resets before the second", f.Resets[1].RSTBefore, [2]bool{false, true})
	is(t, "gap before the second", f.Resets[1].GapBefore, false)
	is(t, "gap before the third", f.Resets[2].GapBefore, true)
	for range 20 {
		c.rst(down)
	}
	f = c.facts()
	is(t, "resets kept", len(f.Resets), 8)
	is(t, "resets counted", f.ResetCount, [2]uint32{1, 22})
}

// TestResetWithoutWork: before there is payload little is remembered, and the
// same is told.
func TestResetWithoutWork(t *testing.T) {
	t.Run("a SYN refused", func(t *testing.T) {
		c := newTalk(t)
		c.send(up, capture.SYN, nil)
		c.send(down, rstAck, nil, with(func(p *capture.Packet) { p.Seq = 0 }))
		r := c.facts().Resets[0]
		is(t, "SYN only", r.SYNOnly, true)
		is(t, "handshake", r.HandshakeOK, false)
		is(t, "sequence known", r.SeqAhead.Ok, false)
		is(t, "acknowledges all", r.AckAhead, fact.Some(int32(0)))
		is(t, "the other's packet", r.PrevOtherNum, 1)
		is(t, "the other's TTL", r.PrevOtherTTL, 64)
		is(t, "offenders", r.Offenders, 1)
		is(t, "echoes", r.AckEchoes, false)
		is(t, "works", c.works.made, 0)
	})
	t.Run("a SYN refused, sent twice", func(t *testing.T) {
		c := newTalk(t)
		c.send(up, capture.SYN, nil)
		c.wait(time.Second)
		c.send(up, capture.SYN, nil, rel(0))
		c.send(down, rstAck, nil, with(func(p *capture.Packet) { p.Seq = 0 }))
		r := c.facts().Resets[0]
		is(t, "offenders", r.Offenders, 1)
		is(t, "echoes, though a SYN acknowledges nothing", r.AckEchoes, false)
		is(t, "the other's packet", r.PrevOtherNum, 2)
	})
	t.Run("an open flow", func(t *testing.T) {
		c := newTalk(t).open()
		c.rst(down)
		r := c.facts().Resets[0]
		is(t, "SYN only", r.SYNOnly, false)
		is(t, "in sequence", r.SeqAhead, fact.Some(int32(0)))
		is(t, "echoes", r.AckEchoes, true)
		is(t, "boundary", r.SegBoundary, true)
		is(t, "the other's packet", r.PrevOtherNum, 3)
	})
	t.Run("long after the other's last packet", func(t *testing.T) {
		c := newTalk(t).open()
		c.wait(10 * time.Second)
		c.rst(down)
		is(t, "offenders", c.facts().Resets[0].Offenders, 0)
	})
	t.Run("of the client that has just greeted", func(t *testing.T) {
		c := newTalk(t).open()
		c.data(up, 300)
		c.rst(up)
		r := c.facts().Resets[0]
		is(t, "the other's packet", r.PrevOtherNum, 2)
		is(t, "offenders", r.Offenders, 1)
	})
	t.Run("of a flow seen from here on", func(t *testing.T) {
		c := newTalk(t)
		c.rst(down)
		r := c.facts().Resets[0]
		is(t, "SYN only", r.SYNOnly, false)
		is(t, "sequence known", r.SeqAhead.Ok, false)
		is(t, "acknowledgement known", r.AckAhead.Ok, false)
		is(t, "offenders", r.Offenders, 0)
		is(t, "the other before", r.PrevOther, 0)
		is(t, "boundary", r.SegBoundary, false)
	})
}

func TestOffendersWithoutARoundTrip(t *testing.T) {
	c := newTalk(t)
	for range 3 {
		c.data(up, 10)
		c.wait(150 * time.Millisecond)
	}
	c.rst(down)
	is(t, "within 200 ms", c.facts().Resets[0].Offenders, 1)
}
