package track

import (
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// stampedAs puts timestamps on a packet, and takes PSH off.
func stampedAs(val, ecr uint32) edit {
	return with(func(p *capture.Packet) {
		p.Has |= capture.HasTS
		p.TSval, p.TSecr = val, ecr
		p.Flags &^= capture.PSH
	})
}

// clocked has the server send n full segments, each of which is acknowledged at once
// with the millisecond, and answers an acknowledgement rtt later: what the client's tap
// sees of a download. gap lies between two segments.
func (c *talk) clocked(n int, rtt, gap time.Duration, edits ...edit) {
	for range n {
		now := uint32(c.now / int64(time.Millisecond))
		c.data(down, 1388, append([]edit{stampedAs(1, now-uint32(rtt/time.Millisecond))}, edits...)...)
		c.ack(up, stampedAs(now, 1))
		c.wait(gap - 20*time.Microsecond)
	}
}

// sum adds up all bins of what a direction sent.
func (c *talk) sum(d fact.Dir) (fact.Rate, fact.RateBin) {
	c.t.Helper()
	r := c.facts().Rates[d]
	if r == nil {
		c.t.Fatal("no throughput is kept")
	}
	var sum fact.RateBin
	for i := range r.Bins {
		sum.Add(&r.Bins[i])
	}
	return *r, sum
}

func stampedTalk(t testing.TB) *talk {
	return newTalk(t).open(mss(1400), scale(7), stampedAs(1, 1))
}

func TestThroughputIsFollowedFromSomeBytesOn(t *testing.T) {
	c := stampedTalk(t)
	c.clocked(11, 40*time.Millisecond, time.Millisecond)
	is(t, "kept before 16 KiB", c.facts().Rates[down] != nil, false)
	c.clocked(89, 40*time.Millisecond, time.Millisecond)
	r, sum := c.sum(down)
	is(t, "of what the client sends", c.facts().Rates[up] != nil, false)
	is(t, "packets", sum.Packets+uint32(r.Before/1428), 100)
	is(t, "payload", sum.Payload, uint64(sum.Packets)*1388)
	is(t, "in all", r.Bytes, sum.Bytes)
	is(t, "acknowledged in the end", sum.Acked >= sum.Payload-1388 && sum.Acked <= sum.Payload, true)
	is(t, "idle", sum.Idle, 0)
}

// TestRoundTripsAtTheReceiver: the echo of the client's timestamps tells the way to the
// server and back, its acknowledgement the way to the client.
func TestRoundTripsAtTheReceiver(t *testing.T) {
	c := stampedTalk(t)
	c.clocked(400, 40*time.Millisecond, 2*time.Millisecond)
	r, sum := c.sum(down)
	mean := float64(sum.RTT[fact.LegUp]) / float64(sum.RTTs[fact.LegUp])
	if sum.RTTs[fact.LegUp] < 10 || mean < 39_000 || mean > 42_000 {
		t.Errorf("%d round trips to the server of %.0f µs", sum.RTTs[fact.LegUp], mean)
	}
	if sum.RTTs[fact.LegDown] < 10 || sum.RTT[fact.LegDown] > 1000*uint32(sum.RTTs[fact.LegDown]) {
		t.Errorf("%d round trips to the client of %d µs in all", sum.RTTs[fact.LegDown], sum.RTT[fact.LegDown])
	}
	if q := r.Trips.Quantile(0.5); q < 37_000 || q > 43_000 {
		t.Errorf("median %.0f µs", q)
	}
	is(t, "stamped", r.Stamped, true)
}

// TestWhatAnApplicationHoldsBack: who ends in less than a full segment had no more to
// say until the next one.
func TestWhatAnApplicationHoldsBack(t *testing.T) {
	for _, tc := range []struct {
		name string
		send func(c *talk)
		idle bool
	}{
		{"full segments", func(c *talk) { c.clocked(100, 40*time.Millisecond, 20*time.Millisecond) }, false},
		{"N6 short segments 20 ms apart, less than a round trip", func(c *talk) {
			for range 100 {
				c.data(down, 500, stampedAs(1, 1))
				c.ack(up, stampedAs(1, 1))
				c.wait(20 * time.Millisecond)
			}
		}, true},
		{"N6 full segments with PSH 85 ms apart, more than a round trip", func(c *talk) {
			for range 100 {
				c.data(down, 1388)
				c.ack(up)
				c.wait(85 * time.Millisecond)
			}
		}, true},
		{"full segments without PSH as far apart", func(c *talk) { c.clocked(100, 40*time.Millisecond, 85*time.Millisecond) }, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := stampedTalk(t)
			tc.send(c)
			r, sum := c.sum(down)
			share := float64(sum.Idle) * 1000 / float64(r.Last-r.Start)
			if tc.idle && share < 0.9 || !tc.idle && share > 0.05 {
				t.Errorf("idle in %.2f of the time", share)
			}
		})
	}
}

// TestN5WindowsThatAreFull: what is outstanding reaches what the receiver allowed.
func TestN5WindowsThatAreFull(t *testing.T) {
	for _, tc := range []struct {
		name   string
		window uint16 // in units of 128
		full   bool
	}{{"14 segments, of which 14 are under way", 14 * 1388 / 128, true}, {"500 segments", 5421, false}} {
		t.Run(tc.name, func(t *testing.T) {
			c := newTalk(t).open(mss(1400), scale(7), stampedAs(1, 1))
			for round := range 20 {
				now := uint32(round*100 + 1)
				c.ack(up, stampedAs(now, 1), win(tc.window))
				c.wait(40 * time.Millisecond)
				for range 13 {
					c.data(down, 1388, stampedAs(1, now-1))
				}
				c.data(down, 1388, stampedAs(1, now))
			}
			_, sum := c.sum(down)
			if sum.Windows < 10 || (sum.FullWins == sum.Windows) != tc.full || !tc.full && sum.FullWins > 0 {
				t.Errorf("%d of %d windows full", sum.FullWins, sum.Windows)
			}
		})
	}
}

func TestLossesOfThroughput(t *testing.T) {
	for _, tc := range []struct {
		name string
		lose func(c *talk)
		lost [2]uint32
		fill uint32
	}{
		{"before the tap, and filled", func(c *talk) {
			from := c.next[down]
			c.lose(down, 1388)
			c.data(down, 1388)
			c.wait(80 * time.Millisecond)
			c.data(down, 1388, with(func(p *capture.Packet) { p.Seq = from }))
		}, [2]uint32{fact.LegUp: 1}, 1},
		{"missed by the capture", func(c *talk) { c.lose(down, 1388); c.clocked(1, 40*time.Millisecond, time.Millisecond) }, [2]uint32{fact.LegUp: 1}, 0},
		{"behind the tap", func(c *talk) {
			p := c.data(down, 1388)
			c.data(down, 1388, with(func(q *capture.Packet) { q.Seq = p.Seq }))
		}, [2]uint32{fact.LegDown: 1}, 0},
		{"B12 only overtaken", func(c *talk) {
			from := c.next[down]
			c.lose(down, 1388)
			c.data(down, 1388)
			c.data(down, 1388, with(func(p *capture.Packet) { p.Seq = from }))
		}, [2]uint32{}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := stampedTalk(t)
			c.clocked(50, 40*time.Millisecond, time.Millisecond)
			tc.lose(c)
			c.clocked(20, 40*time.Millisecond, time.Millisecond)
			r, _ := c.sum(down)
			is(t, "lost", r.Lost, tc.lost)
			is(t, "filled", r.Filled, tc.fill)
		})
	}
}

func TestThroughputIsToldAndJudged(t *testing.T) {
	c := stampedTalk(t)
	c.clocked(100, 40*time.Millisecond, time.Millisecond)
	c.TellRates(c.now, false)
	is(t, "told at once", len(c.Out.Rates), 1)
	is(t, "judged after a moment", len(c.Dirty), 0)
	c.TellRates(c.now, false)
	is(t, "told again with nothing new", len(c.Out.Rates), 1)
	c.clocked(10, 40*time.Millisecond, time.Millisecond)
	c.TellRates(c.now, false)
	is(t, "told again with little more", len(c.Out.Rates), 1)
	c.TellRates(c.now+2*sec, false)
	is(t, "told when it rests", len(c.Out.Rates), 2)
	c.clocked(6000, 40*time.Millisecond, time.Millisecond)
	c.TellRates(c.now, false)
	is(t, "told when it grew", len(c.Out.Rates), 3)
	is(t, "judged after six seconds", len(c.Dirty), 1)
	s := c.Out.Rates[2].Series
	is(t, "flow", s.Flow, fact.FlowID(1))
	is(t, "direction", s.Dir, down)
	is(t, "port", s.Port, 443)
	c.clocked(1, 40*time.Millisecond, time.Millisecond)
	c.TellRates(c.now, true)
	is(t, "told at the end of the input", len(c.Out.Rates), 4)
}

// TestABusyTimeBeginsAnew: after a long rest that was told of the bins begin again, and
// not before it was.
func TestABusyTimeBeginsAnew(t *testing.T) {
	c := stampedTalk(t)
	c.clocked(200, 40*time.Millisecond, time.Millisecond)
	first, _ := c.sum(down)
	c.wait(20 * time.Second)
	c.clocked(1, 40*time.Millisecond, time.Millisecond)
	if r, _ := c.sum(down); r.Start != first.Start {
		t.Error("it began again before it was told of")
	}
	c.wait(20 * time.Second)
	c.TellRates(c.now, false)
	c.clocked(1, 40*time.Millisecond, time.Millisecond)
	r, sum := c.sum(down)
	is(t, "packets of the new time", sum.Packets, 1)
	is(t, "bytes before it", r.Before, 201*1428+40)
}

func TestThroughputOfDatagrams(t *testing.T) {
	c := newBench(t, 8<<20).chat(40000, 443)
	c.say(up, mine.hello("chat.example"))
	for range 100 {
		c.wait(10 * time.Millisecond)
		c.say(down, short(1200))
	}
	for range 100 {
		c.wait(10 * time.Millisecond)
		c.say(down, short(300))
	}
	r, sum := c.sum(down)
	is(t, "datagram", r.Datagram, true)
	is(t, "kept packets", sum.Packets > 170, true)
	share := float64(sum.Idle) * 1000 / float64(r.Last-r.Start)
	if share < 0.4 || share > 0.6 {
		t.Errorf("idle in %.2f of the time, of which half had short datagrams", share)
	}
}

// TestThroughputsKeepToTheirShare: a full pool gives nothing to newcomers while the old
// ones move, and the one that rests longest loses its place.
func TestThroughputsKeepToTheirShare(t *testing.T) {
	b := newBench(t, 2<<20)
	limit := max(b.rates.limit, 1)
	var all []*talk
	for i := range limit + 1 {
		c := b.talk(uint16(1000+i), 443).open(mss(1400))
		c.download(30, nil)
		all = append(all, c)
	}
	is(t, "made", b.rates.made, limit)
	is(t, "kept of the newcomer", all[limit].facts().Rates[down] != nil, false)
	b.wait(time.Minute)
	for _, c := range all[1:] {
		c.download(5, nil)
	}
	is(t, "kept of the first", all[0].facts().Rates[down] != nil, false)
	is(t, "kept of the newcomer", all[limit].facts().Rates[down] != nil, true)
	for b.EndSome(1000) {
	}
	n := 0
	for slot := b.rates.oldest; slot != 0; slot = b.rates.links[slot].newer {
		n++
	}
	is(t, "in use at the end", n, 0)
}

func TestThroughputAllocatesNothing(t *testing.T) {
	c := stampedTalk(t)
	c.clocked(100, 40*time.Millisecond, time.Millisecond)
	data, ack := c.make(down, capture.ACK, make([]byte, 1388), stampedAs(1, 1)), c.make(up, capture.ACK, nil, stampedAs(1, 1))
	f, id := &c.Table.At(c.id()).Rec, c.id()
	n := testing.AllocsPerRun(1000, func() {
		data.Time += 1_000_000_000
		data.Seq += 1388
		ack.Time, ack.Ack, ack.TSval = data.Time, data.Seq, ack.TSval+1
		data.TSecr = ack.TSval - 1
		c.rateData(id, f, down, data, fresh, apart(data, 1400))
		c.rateAck(f, down, ack)
	})
	if n > 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

func BenchmarkThroughput(b *testing.B) {
	c := stampedTalk(b)
	c.clocked(100, 40*time.Millisecond, time.Millisecond)
	data, ack := c.make(down, capture.ACK, make([]byte, 1388), stampedAs(1, 1)), c.make(up, capture.ACK, nil, stampedAs(1, 1))
	f, id := &c.Table.At(c.id()).Rec, c.id()
	m := apart(data, 1400)
	b.ReportAllocs()
	for b.Loop() {
		data.Time += 1_000_000
		data.Seq += 1388
		ack.Time, ack.Ack, ack.TSval = data.Time, data.Seq, ack.TSval+1
		data.TSecr = ack.TSval - 1
		c.rateData(id, f, down, data, fresh, m)
		c.rateAck(f, down, ack)
	}
}
