package track

import (
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// reopened is a conversation on the ports of another that was cut short, just after it.
func reopened(t *testing.T) (first, second *talk) {
	first = newTalk(t).open()
	first.data(up, 100)
	first.data(down, 3000)
	first.send(up, capture.RST|capture.ACK, nil)
	second = first.bench.talk(40000, 443)
	second.isn = [2]uint32{9_000_000, 8_000_000}
	second.next = second.isn
	return first, second.open()
}

// TestResetOfAnEarlierConversation: what a reset answers that has its number from the
// earlier conversation on the same ports was sent there, and it ends nothing here.
func TestResetOfAnEarlierConversation(t *testing.T) {
	seq := func(n uint32) edit { return with(func(p *capture.Packet) { p.Seq, p.Ack = n, 0 }) }
	for _, c := range []struct {
		name   string
		flags  uint16
		seq    uint32
		wait   time.Duration
		resets int
	}{
		{"a number the server had used there", capture.RST, 501_500, 0, 0},
		{"the last one", capture.RST, 503_001, 0, 0},
		{"one it had not used", capture.RST, 503_900, 0, 1},
		{"the right one here", capture.RST, 8_000_001, 0, 1},
		{"with an acknowledgement", capture.RST | capture.ACK, 501_500, 0, 1},
		{"long after", capture.RST, 501_500, 2 * time.Minute, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, b := reopened(t)
			b.wait(c.wait)
			b.send(down, c.flags, nil, seq(c.seq))
			f := b.facts()
			is(t, "resets", len(f.Resets), c.resets)
			is(t, "belated", b.Sight.Belated, uint64(1-c.resets))
			if c.resets == 0 {
				is(t, "ended", f.End, fact.StillOpen)
				is(t, "packets", f.Sides[down].Packets, 2) // it was there
			}
		})
	}
}

// TestNothingIsLeftWithoutAPredecessor: on fresh ports every reset counts.
func TestNothingIsLeftWithoutAPredecessor(t *testing.T) {
	c := newTalk(t).open()
	c.send(down, capture.RST, nil, with(func(p *capture.Packet) { p.Seq, p.Ack = 3, 0 }))
	is(t, "resets", len(c.facts().Resets), 1)
	is(t, "belated", c.Sight.Belated, 0)
}
