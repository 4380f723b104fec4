package track

import (
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// count is what a table of the sequence engine looks at, of the client's side.
type count struct {
	retrans, late, holes, dup, zero uint32
	contig                          int // after the ISN
	next                            int
}

func countOf(f *fact.Flow, isn uint32) count {
	s := &f.Sides[up]
	return count{s.Retrans, s.OutOfOrder, s.Holes, f.Sides[down].DupAcks, s.ZeroWindow, int(s.Contig - isn), int(s.NextSeq - isn)}
}

// TestSequence sends segments of 100 bytes: a begins at 1, b at 101, and so on.
func TestSequence(t *testing.T) {
	const slow = 200 * time.Millisecond
	at := func(c *talk, letters string) {
		for _, l := range letters {
			c.data(up, 100, rel(1+100*int(l-'a')))
		}
	}
	for _, tc := range []struct {
		name string
		send func(c *talk)
		want count
	}{
		{"in order", func(c *talk) { at(c, "abc") }, count{contig: 301, next: 301}},
		{"a retransmission", func(c *talk) { at(c, "abb") }, count{retrans: 1, contig: 201, next: 201}},
		{"two overtaken by one", func(c *talk) { at(c, "acb") }, count{late: 1, contig: 301, next: 301}},
		{"a hole filled too late to be reordering", func(c *talk) { at(c, "ac"); c.wait(slow); at(c, "b") }, count{holes: 1, contig: 301, next: 301}},
		{"a hole that stays", func(c *talk) { at(c, "ac") }, count{holes: 1, contig: 101, next: 301}},
		{"what comes after a hole is not in order", func(c *talk) { at(c, "acde") }, count{holes: 1, contig: 101, next: 501}},
		{"the acknowledgement says the hole was filled behind the tap", func(c *talk) { at(c, "ac"); c.ack(down) }, count{holes: 1, contig: 301, next: 301}},
		{"an acknowledgement of what is below the hole says nothing", func(c *talk) { at(c, "ac"); c.ack(down, relAck(101)) }, count{holes: 1, contig: 101, next: 301}},
		{"a repeat of what came after the hole is a retransmission", func(c *talk) { at(c, "ac"); c.wait(slow); at(c, "c") }, count{retrans: 1, holes: 1, contig: 101, next: 301}},
		{"a repeat after the hole is closed", func(c *talk) { at(c, "ac"); c.wait(slow); at(c, "bc") }, count{retrans: 1, holes: 1, contig: 301, next: 301}},
		{"a segment that covers the hole and goes on", func(c *talk) { at(c, "ac"); c.data(up, 300, rel(101)) }, count{holes: 1, contig: 401, next: 401}},
		{"new data after the hole is closed", func(c *talk) { at(c, "ac"); c.wait(slow); at(c, "bd") }, count{holes: 1, contig: 401, next: 401}},
		{"two holes of which one is filled", func(c *talk) { at(c, "ace"); c.wait(slow); at(c, "b") }, count{holes: 2, contig: 201, next: 501}},
		{"a segment too far ahead to be true", func(c *talk) { at(c, "a"); c.data(up, 100, rel(1<<30+500)) }, count{contig: 101, next: 101}},
		{"a keep-alive of one byte", func(c *talk) { at(c, "a"); c.ack(down); c.data(up, 1, rel(100)) }, count{contig: 101, next: 101}},
		{"a keep-alive without one", func(c *talk) { at(c, "a"); c.ack(down); c.ack(up, rel(100)) }, count{contig: 101, next: 101}},
		{"zero windows, but not that of a FIN", func(c *talk) { c.ack(up, win(0)); c.ack(up, win(0)); c.send(up, finAck, nil, win(0)) }, count{zero: 2, contig: 2, next: 2}},
		{"duplicate acknowledgements", func(c *talk) {
			at(c, "ab")
			c.ack(down, relAck(101))
			c.ack(down, relAck(101))
			c.ack(down, relAck(101))
		}, count{dup: 2, contig: 201, next: 201}},
		{"a window update is no duplicate", func(c *talk) { at(c, "ab"); c.ack(down, relAck(101)); c.ack(down, relAck(101), win(600)) }, count{contig: 201, next: 201}},
		{"with nothing outstanding nothing is a duplicate", func(c *talk) { at(c, "a"); c.ack(down); c.ack(down) }, count{contig: 101, next: 101}},
		{"a repeated FIN is no retransmitted payload", func(c *talk) { at(c, "a"); c.send(up, finAck, nil); c.send(up, finAck, nil, rel(101)) }, count{contig: 102, next: 102}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newTalk(t).open()
			tc.send(c)
			is(t, "counts", countOf(c.facts(), c.isn[up]), tc.want)
		})
		t.Run(tc.name+", around the end of the sequence space", func(t *testing.T) {
			c := newTalk(t)
			c.isn = [2]uint32{1<<32 - 150, 1<<32 - 3}
			c.next = c.isn
			tc.send(c.open())
			is(t, "counts", countOf(c.facts(), c.isn[up]), tc.want)
		})
	}
}

// TestLeaps: holes that sum to more than sequence numbers compare over are given
// up.
func TestLeaps(t *testing.T) {
	c := newTalk(t).open()
	c.data(up, 10)
	for n := 1; n <= 3; n++ {
		c.data(up, 10, rel(1+n*(maxLeap-100)))
		s := c.side(up)
		if ahead := int32(s.NextSeq - s.Contig); ahead < 0 {
			t.Errorf("leap %d: in order up to %d, seen up to %d", n, s.Contig, s.NextSeq)
		}
	}
}

// TestWireSegments: frames that a card merged count as what they were.
func TestWireSegments(t *testing.T) {
	c := newTalk(t).open(mss(1000))
	c.data(up, 5000)          // five by the MSS
	c.data(up, 5000, segs(3)) // three, says the capture
	c.data(up, 400)
	c.data(up, 5000, rel(1)) // all again
	c.lose(up, 2500)
	c.data(up, 10)
	s := c.side(up)
	is(t, "packets", s.Packets, 2+5+3+1+5+1)
	is(t, "retransmissions", s.Retrans, 5)
	is(t, "holes", s.Holes, 3)
	is(t, "payload, retransmissions included", s.Payload, 15410)
	is(t, "IP bytes, headers once for each segment", s.IPBytes, 15410+17*40)

	c = newTalk(t).open(mss(1000))
	c.lose(up, 3000)
	c.data(up, 10)
	is(t, "holes", c.side(up).Holes, 3)
	c.data(up, 3000, rel(1))
	is(t, "holes once what was overtaken is there", c.side(up).Holes, 0)
	is(t, "segments overtaken", c.side(up).OutOfOrder, 3)
}

// TestMergedAsApart: frames that a card merged say the same as the segments would.
func TestMergedAsApart(t *testing.T) {
	type sent struct{ at, bytes int }
	for _, tc := range []struct {
		name   string
		merged []sent
		apart  []sent
	}{
		{"in order", []sent{{1, 2500}}, []sent{{1, 1000}, {1001, 1000}, {2001, 500}}},
		{"again, and new ones behind", []sent{{1, 1000}, {1, 3000}}, []sent{{1, 1000}, {1, 1000}, {1001, 1000}, {2001, 1000}}},
		{"two again, of three", []sent{{1, 2000}, {1, 2500}}, []sent{{1, 1000}, {1001, 1000}, {1, 1000}, {1001, 1000}, {2001, 500}}},
		{"a hole filled, and new ones behind", []sent{{1, 1000}, {2001, 1000}, {1001, 3000}},
			[]sent{{1, 1000}, {2001, 1000}, {1001, 1000}, {2001, 1000}, {3001, 1000}}},
		{"a hole filled, and what was behind it again", []sent{{1, 1000}, {2001, 2000}, {1001, 3000}},
			[]sent{{1, 1000}, {2001, 1000}, {3001, 1000}, {1001, 1000}, {2001, 1000}, {3001, 1000}}},
		{"part of a hole filled", []sent{{1, 1000}, {5001, 1000}, {1001, 2000}}, []sent{{1, 1000}, {5001, 1000}, {1001, 1000}, {2001, 1000}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			play := func(all []sent, options uint8) (count, *fact.Side) {
				c := newTalk(t).open(mss(1000 + uint16(options)))
				for _, s := range all {
					c.data(up, s.bytes, rel(s.at), with(func(p *capture.Packet) { p.OptsLen, p.IPLen = options, p.IPLen+uint32(options) }))
				}
				return countOf(c.facts(), c.isn[up]), c.side(up)
			}
			for _, options := range []uint8{0, 12, 36} {
				got, g := play(tc.merged, options)
				want, w := play(tc.apart, options)
				is(t, "counts", got, want)
				is(t, "packets", g.Packets, w.Packets)
				is(t, "payload", g.Payload, w.Payload)
				is(t, "IP bytes", g.IPBytes, w.IPBytes)
				is(t, "most in a second", g.PeakBps, w.PeakBps)
			}
		})
	}
}

// TestMergedRoundTrip: the round trip of the first segment is measured.
func TestMergedRoundTrip(t *testing.T) {
	c := newTalk(t).open(mss(1000))
	c.data(up, 3000)
	c.wait(5 * time.Millisecond)
	c.ack(down, relAck(1001))
	c.wait(time.Second)
	c.ack(down)
	is(t, "samples", c.side(up).RTT.Samples, 1)
	if got := c.side(up).RTT.Min.V; got > 6*time.Millisecond {
		t.Error(got)
	}
	c.data(up, 4000, rel(2001)) // the first of them again: no sample (Karn)
	c.wait(5 * time.Millisecond)
	c.ack(down, relAck(3001))
	is(t, "samples", c.side(up).RTT.Samples, 1)
}

func TestGapOfTheCapture(t *testing.T) {
	c := newTalk(t).open()
	c.data(up, 100)
	is(t, "gap before", c.facts().Blind&fact.BlindGap, 0)
	c.ack(down, relAck(301))
	f := c.facts()
	is(t, "gap", f.Blind&fact.BlindGap, fact.BlindGap)
	is(t, "what the receiver has", f.Sides[up].Contig-c.isn[up], 301)
	is(t, "lost before the tap", f.Sides[up].Holes, 0)
	is(t, "history", f.History, "ShADaG")
	c.data(up, 100, rel(301))
	is(t, "holes", c.side(up).Holes, 0)
	is(t, "in order", c.side(up).Contig-c.isn[up], 401)

	c = newTalk(t).open()
	c.data(up, 100)
	c.ack(down, relAck(1<<30+5000))
	is(t, "gap by an acknowledgement that cannot be", c.facts().Blind&fact.BlindGap, 0)
}

func TestMarksOfASide(t *testing.T) {
	c := newTalk(t).open(mss(1400), scale(7))
	first := c.data(up, 100)
	c.lose(up, 100)
	c.data(up, 100)
	filler := c.data(up, 100, rel(101))
	c.data(up, 100, rel(1))
	s := c.side(up)
	is(t, "SYN", s.SYN.Num, 1)
	is(t, "SYNs", s.SYNCount, 1)
	is(t, "ISN", s.ISN, fact.Some(uint32(1000)))
	is(t, "first payload", s.First.Num, first.Num)
	is(t, "first payload came", s.First.Time, first.Time)
	is(t, "latest new payload", s.Last.Num, filler.Num)
	is(t, "latest packet", s.LastAny, c.now)
	is(t, "MSS", s.MSS, fact.Some(uint16(1400)))
	is(t, "scale", s.WScale, fact.Some(uint8(7)))
	is(t, "window", s.Window, fact.Some(int64(500<<7)))
	is(t, "not acknowledged", s.Unacked, fact.Some(uint32(300)))
	is(t, "SYN/ACK", c.facts().SYNACK.Num, 2)
	is(t, "the server's window, which its SYN/ACK does not scale", c.side(down).Window, fact.Some(int64(500)))
	c.ack(down)
	is(t, "the server's window, scaled", c.side(down).Window, fact.Some(int64(500<<7)))
	is(t, "not acknowledged", c.side(up).Unacked, fact.Some(uint32(0)))
}

func TestOptions(t *testing.T) {
	c := newTalk(t)
	c.send(up, capture.SYN, nil, scale(7), stamp(1), with(func(p *capture.Packet) { p.Has |= capture.HasSACKOK | capture.HasMPTCP }))
	c.send(down, synAck, nil)
	c.ack(up)
	s := c.side(up)
	is(t, "SACK", s.SACKOK, true)
	is(t, "timestamps", s.TSOK, true)
	is(t, "MPTCP", s.MPTCP, true)
	is(t, "window, as the server scales nothing", s.Window, fact.Some(int64(500)))
	is(t, "the server's timestamps", c.side(down).TSOK, false)
}

func TestStateAndBlindness(t *testing.T) {
	for _, tc := range []struct {
		name  string
		send  func(c *talk)
		state string
		blind fact.Blindness
	}{
		{"a SYN", func(c *talk) { c.send(up, capture.SYN, nil) }, "half_open", fact.BlindNoRTT},
		{"an open flow", func(c *talk) { c.open() }, "established", 0},
		{"a flow whose server's half was not captured", func(c *talk) {
			c.send(up, capture.SYN, nil)
			c.ack(up, relAck(1))
		}, "half_open", fact.BlindNoRTT | fact.BlindOneWay},
		{"one FIN", func(c *talk) { c.open().send(up, finAck, nil) }, "half_closed", 0},
		{"two FINs", func(c *talk) { c.open().send(up, finAck, nil); c.send(down, finAck, nil) }, "closed", 0},
		{"a reset", func(c *talk) { c.open().rst(up) }, "reset", 0},
		{"cut payload", func(c *talk) {
			c.open().data(up, 10, with(func(p *capture.Packet) { p.Has |= capture.Clipped; p.Payload = p.Payload[:9] }))
		}, "established", fact.BlindSnaplen},
		{"payload cut as live capture does, late", func(c *talk) {
			c.open()
			for range capture.Live.Payloads {
				c.data(up, 100)
			}
			c.data(up, 100, with(func(p *capture.Packet) { p.Has |= capture.Clipped; p.Payload = p.Payload[:capture.Live.Head] }))
		}, "established", 0},
		{"payload cut shorter, late", func(c *talk) {
			c.open()
			for range capture.Live.Payloads {
				c.data(up, 100)
			}
			c.data(up, 100, with(func(p *capture.Packet) { p.Has |= capture.Clipped; p.Payload = p.Payload[:8] }))
		}, "established", fact.BlindSnaplen},
		{"time runs back", func(c *talk) { c.open(); c.now -= 2 * sec; c.ack(up) }, "established", fact.BlindClockStep},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newTalk(t)
			tc.send(c)
			f := c.facts()
			is(t, "state", f.State, tc.state)
			is(t, "blind", f.Blind, tc.blind)
		})
	}
}

func TestHistory(t *testing.T) {
	c := newTalk(t).open()
	c.data(up, 10)
	c.data(up, 10, rel(1))
	c.ack(down, win(0))
	c.data(down, 10)
	c.send(up, finAck, nil)
	c.rst(down)
	is(t, "history", c.facts().History, "ShADTawdFr")
}

// TestPeak: the most in any one second.
func TestPeak(t *testing.T) {
	c := newTalk(t).open()
	for range 3 {
		c.data(down, 960)
	}
	c.wait(time.Second)
	c.data(down, 960)
	is(t, "bits per second", c.side(down).PeakBps, float64(8*(3*1000+40)))
}
