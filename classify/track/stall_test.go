package track

import (
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// TestStall: what counts as getting further, and what as trying in vain.
func TestStall(t *testing.T) {
	type want struct {
		at                  uint64 // packet with which the server got further
		up, down            uint64 // segments of each side by then
		deaf, asked, probed uint32
		open                bool
	}
	talked := func(c *talk) { c.data(up, 100); c.data(down, 1000); c.ack(up) } // packets 4 to 6
	for _, tc := range []struct {
		name string
		send func(c *talk)
		want want
	}{
		{"it answers", func(c *talk) {}, want{at: 5, up: 3, down: 2}},
		{"it acknowledges", func(c *talk) { c.data(up, 50); c.ack(down) }, want{at: 8, up: 5, down: 3}},
		{"an acknowledgement twice", func(c *talk) { c.ack(down) }, want{at: 5, up: 3, down: 2}},
		{"the client asks again", func(c *talk) { c.data(up, 50); c.data(up, 50, rel(101)); c.data(up, 50, rel(101)) },
			want{at: 5, up: 3, down: 2, asked: 2}},
		{"the client says good-bye again", func(c *talk) {
			c.send(up, finAck, nil)
			c.send(up, finAck, nil, rel(101))
			c.send(up, finAck, nil, rel(101))
		}, want{at: 5, up: 3, down: 2, asked: 2}},
		{"the client asks whether anybody is there", func(c *talk) { c.ack(up, rel(100)); c.ack(up, rel(100)) }, want{at: 5, up: 3, down: 2, probed: 2}},
		{"the same with a byte", func(c *talk) { c.data(up, 1, rel(100)) }, want{at: 5, up: 3, down: 2, probed: 1}},
		{"it repeats what was acknowledged", func(c *talk) { c.data(down, 1000, rel(1)); c.data(down, 1000, rel(1)) }, want{at: 5, up: 3, down: 2, deaf: 2}},
		{"it repeats, then goes on", func(c *talk) { c.data(down, 1000, rel(1)); c.data(down, 10) }, want{at: 8, up: 4, down: 4}},
		{"it breaks off after a full segment", func(c *talk) { c.send(down, capture.ACK, make([]byte, 1400)) }, want{at: 7, up: 4, down: 3, open: true}},
		{"it ends with a full segment", func(c *talk) { c.data(down, 1400) }, want{at: 7, up: 4, down: 3}},
		{"a short segment without PSH is no sign", func(c *talk) { c.send(down, capture.ACK, make([]byte, 300)) }, want{at: 7, up: 4, down: 3}},
		{"B16: merged: two full ones without PSH", func(c *talk) { c.send(down, capture.ACK, make([]byte, 2800), segs(2)) }, want{at: 7, up: 4, down: 4, open: true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newTalk(t).open(mss(1400))
			talked(c)
			tc.send(c)
			k := c.facts().Stall[fact.Down]
			is(t, "stall", want{k.At.Num, k.Packets[up], k.Packets[down], k.Deaf.Count, k.Asked.Count, k.Probed.Count, k.Open}, tc.want)
		})
	}
}

// TestStallIsLookedAt: who tries in vain for long is judged, and again when it goes on.
func TestStallIsLookedAt(t *testing.T) {
	c := newTalk(t).open()
	c.data(up, 100)
	c.data(down, 1000)
	c.data(up, 50)
	for n := range 4 {
		is(t, "due", len(c.Dirty) > 0, false)
		c.wait(time.Duration(n+1) * time.Second) // 1, 3, 6, 10 s
		c.data(up, 50, rel(101))
		if n == 2 {
			break
		}
	}
	is(t, "due after three in six seconds", len(c.Dirty) > 0, true)
	f := &c.Table.At(c.id()).Rec
	f.Due()
	c.Dirty = c.Dirty[:0]
	c.ack(down)
	is(t, "due when it goes on", len(c.Dirty) > 0, true)
}

// TestProgressOfOneDirection: where only the client was captured, what it acknowledges
// tells that the server answers.
func TestProgressOfOneDirection(t *testing.T) {
	c := newTalk(t)
	c.send(up, capture.SYN, nil)
	c.ack(up, relAck(1))
	c.data(up, 100, relAck(1))
	is(t, "progress", len(c.Out.Controls), 0)
	c.ack(up, relAck(1001))
	if is(t, "progress", len(c.Out.Controls), 1); len(c.Out.Controls) == 1 {
		k := c.Out.Controls[0].Control
		is(t, "unseen", k.Unseen, true)
		is(t, "bytes", k.Bytes, 1000)
	}
}
