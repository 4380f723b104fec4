package track

import (
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// TestLateReplies: a host without the socket answers long after 1.5 round trips (33
// ms) what it takes its number from.
func TestLateReplies(t *testing.T) {
	type count struct {
		offenders, late uint32
		forgotten       bool
	}
	for _, tc := range []struct {
		name string
		send func(c *talk)
		want count
	}{
		{"packets in time", func(c *talk) { c.ack(up); c.rst(down, rel(501)) }, count{3, 0, false}},
		{"the acknowledgement that it echoes, too late", func(c *talk) { c.wait(time.Second); c.rst(down, rel(501)) }, count{0, 1, false}},
		{"each packet that bore it", func(c *talk) { c.ack(up); c.data(up, 10); c.wait(time.Second); c.rst(down, rel(501)) }, count{0, 3, false}},
		{"a merged frame is as many as it was", func(c *talk) {
			c.data(up, 3*1400, segs(3))
			c.wait(time.Second)
			c.rst(down, rel(501))
		}, count{0, 4, false}},
		{"a number that nobody acknowledged", func(c *talk) { c.wait(time.Second); c.rst(down, rel(1900)) }, count{0, 0, false}},
		{"more than are remembered", func(c *talk) {
			for range recent {
				c.data(up, 10)
			}
			c.wait(time.Second)
			c.rst(down, rel(501))
		}, count{0, recent, true}},
		{"more than are remembered, all below its number", func(c *talk) {
			for range recent {
				c.data(up, 10)
			}
			c.wait(time.Second)
			c.rst(down, rel(502))
		}, count{0, 0, false}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := greeted(t)
			tc.send(c)
			r := c.facts().Resets[0]
			is(t, "counts", count{r.Offenders, r.Late, r.Forgotten}, tc.want)
		})
	}
}

// echo has a packet echo a timestamp.
func echo(n uint32) edit {
	return with(func(p *capture.Packet) { p.TSval, p.TSecr, p.Has = 9, n, p.Has|capture.HasTS })
}

// TestWhatAnEchoTestifies: the client's handshake ends with stamp 100.
func TestWhatAnEchoTestifies(t *testing.T) {
	const shaken, hello = 100, 103
	for _, tc := range []struct {
		name  string
		last  []edit // step of the handshake
		hello uint32
		rst   []edit
		want  uint64
	}{
		{"the hello, which it does not acknowledge", []edit{stamp(shaken)}, hello, []edit{echo(hello), relAck(1)}, 4},
		{"the hello, which it acknowledges", []edit{stamp(shaken)}, hello, []edit{echo(hello)}, 0},
		{"the handshake", []edit{stamp(shaken)}, hello, []edit{echo(shaken), relAck(1)}, 0},
		{"no timestamp", []edit{stamp(shaken)}, hello, []edit{relAck(1)}, 0},
		{"the hello came in the same tick as the handshake", []edit{stamp(shaken)}, shaken, []edit{echo(shaken), relAck(1)}, 0},
		{"the handshake had no timestamp", nil, hello, []edit{echo(hello), relAck(1)}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newTalk(t)
			c.send(up, capture.SYN, nil, stamp(99))
			c.wait(serverLeg)
			c.send(down, synAck, nil, stamp(7000))
			c.ack(up, tc.last...)
			c.wait(5 * time.Millisecond)
			c.data(up, 300, stamp(tc.hello))
			c.wait(serverLeg)
			c.rst(down, tc.rst...)
			is(t, "heard", c.facts().Resets[0].Heard.Num, tc.want)
		})
	}
}

// TestWhereResetsFall: the client has acknowledged 501, its window is 65535.
func TestWhereResetsFall(t *testing.T) {
	for _, tc := range []struct {
		name string
		seq  int
		want fact.Fit
	}{
		{"the next number", 501, fact.FitExact},
		{"in the window", 502, fact.FitInside},
		{"its end", 501 + 65535, fact.FitOutside},
		{"behind it", 500, fact.FitOutside},
	} {
		c := greeted(t)
		c.ack(up, win(65535))
		c.rst(down, rel(tc.seq))
		is(t, tc.name, c.facts().Resets[0].Fit, tc.want)
	}
	c := newTalk(t)
	c.send(up, capture.SYN, nil)
	c.send(down, rstAck, nil, with(func(p *capture.Packet) { p.Seq = 0 }))
	is(t, "a refusal", c.facts().Resets[0].Fit, fact.FitUnknown)
}

// TestChallengesAreNothingElse: what else a pure ACK may answer is no challenge.
func TestChallengesAreNothingElse(t *testing.T) {
	for _, tc := range []struct {
		name string
		send func(c *talk)
		want uint64
	}{
		{"a challenge", func(c *talk) { c.ack(up) }, 8},
		{"a window update", func(c *talk) { c.ack(up, win(777)) }, 0},
		{"a duplicate ACK for data that came since", func(c *talk) { c.data(down, 10); c.ack(up, relAck(501)) }, 0},
	} {
		c := greeted(t)
		c.rst(down, rel(700))
		tc.send(c)
		is(t, tc.name, c.facts().AfterReset[down].ChallengeAck.Num, tc.want)
	}
}
