package track

import (
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// download has the server send n full segments, acknowledged one by one; those
// that lost says are seen twice, as what is lost behind the tap is.
func (c *talk) download(n int, lost func(i int) bool) {
	for i := range n {
		p := c.data(down, 1400)
		if lost != nil && lost(i) {
			c.wait(50 * time.Millisecond)
			c.data(down, 1400, with(func(q *capture.Packet) { q.Seq = p.Seq }))
		}
		c.wait(time.Millisecond)
		c.ack(up)
	}
}

func TestWhereLogsBegin(t *testing.T) {
	c := newTalk(t).open(mss(1400))
	c.download(8, nil)
	is(t, "log before 12 KiB", c.facts().Bulk[down] != nil, false)
	c.download(3, nil)
	f := c.facts()
	is(t, "log of what the client sends", f.Bulk[up] != nil, false)
	if f.Bulk[down] == nil {
		t.Fatal("no log after 15 kB")
	}
	is(t, "segment size", f.Bulk[down].MSS, 1400)
}

func TestLogsAreJudgedWhenTheyLost(t *testing.T) {
	c := newTalk(t).open(mss(1400))
	c.download(200, nil)
	c.Tick(c.now, 100)
	is(t, "judged without a loss", len(c.Dirty), 0)
	c.download(400, func(i int) bool { return i%10 == 0 })
	c.Tick(c.now, 100)
	if len(c.Dirty) != 1 {
		t.Fatalf("%d flows to judge after 40 losses", len(c.Dirty))
	}
	events, bulk := c.Table.At(c.id()).Rec.Due()
	is(t, "for its logs", bulk, true)
	is(t, "for its events", events, false)
	c.Dirty = c.Dirty[:0]
	c.download(1, nil)
	c.Tick(c.now, 100)
	is(t, "judged again with nothing more lost", len(c.Dirty), 0)
}

// TestLogsAreGivenUp: the flow without suspicion that was silent for longest
// loses its log, and no other is begun for it.
func TestLogsAreGivenUp(t *testing.T) {
	b := newBench(t, 64<<20)
	var all []*talk
	for i := range uint16(maxLogs + 1) {
		c := b.talk(1000+i, 443).open(mss(1400))
		c.download(30, nil)
		all = append(all, c)
	}
	is(t, "logs", len(b.bulks.logs), maxLogs)
	is(t, "log of the first flow", all[0].facts().Bulk[down] != nil, false)
	is(t, "log of the last flow", all[maxLogs].facts().Bulk[down] != nil, true)
	all[0].download(3, nil)
	is(t, "log of the first flow once it has gone on", all[0].facts().Bulk[down] != nil, false)
	for b.EndSome(1000) {
	}
	is(t, "logs at the end", len(b.bulks.logs), 0)
}

func TestBudgetOfLogs(t *testing.T) {
	b := newBench(t, 1<<20)
	for i := range uint16(8) {
		b.talk(1000+i, 443).open(mss(1400)).download(900, func(i int) bool { return i%7 == 0 })
	}
	b.Tick(b.now, 100)
	if b.bulks.bytes > b.bulks.limit {
		t.Errorf("%d bytes of logs, %d are allowed", b.bulks.bytes, b.bulks.limit)
	}
}

// TestProgress: a flow says at its first answer, and every five seconds, that
// it gets somewhere.
func TestProgress(t *testing.T) {
	c := newTalk(t).open()
	c.data(up, 100)
	is(t, "told before an answer", len(c.Out.Controls), 0)
	c.download(20, nil)
	is(t, "told after some", len(c.Out.Controls), 1)
	x := c.Out.Controls[0].Control
	is(t, "since", x.First, c.facts().Start)
	is(t, "flow", x.Flow, fact.FlowID(1))
	is(t, "port", x.Port, 443)
	c.wait(6 * time.Second)
	c.data(down, 1400, rel(1))
	is(t, "told after a retransmission", len(c.Out.Controls), 1)
	c.data(down, 100)
	is(t, "told after five seconds", len(c.Out.Controls), 2)
	c.Out.Reset()
	is(t, "told after a tick", len(c.Out.Controls), 0)
}

func TestVotes(t *testing.T) {
	c := newTalk(t).open()
	if len(c.Out.Votes) != 1 {
		t.Fatalf("%d votes", len(c.Out.Votes))
	}
	v := c.Out.Votes[0]
	is(t, "server leg", time.Duration(v.ServerLeg), serverLeg)
	is(t, "client leg", time.Duration(v.ClientLeg), clientLeg)
	is(t, "server's hop limit", v.ServerTTL, 52)
}

func TestBrief(t *testing.T) {
	c := newTalk(t).open()
	c.send(up, pushAck, tlsHello("chat.example", 0))
	c.data(down, 10)
	b := c.Brief(c.id())
	is(t, "name", b.Name, "chat.example")
	is(t, "worked", b.Worked, true)
	is(t, "opens in", time.Duration(b.OpensNs), serverLeg)
	is(t, "more to label by", c.HasMore(&c.Table.At(c.id()).Rec), false)
}
