package track

import (
	"encoding/binary"
	"testing"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/service"
)

// TestMediaOfCalls: whose media are followed, and with what numbers.
func TestMediaOfCalls(t *testing.T) {
	binding := stunMessage(stunBinding, attr(0x0006, []byte("a:b1")))
	lossy := func(c chat, wrap func([]byte) []byte) {
		s := audio()
		for i := range 200 {
			b := s.next()
			c.wait(20 * time.Millisecond)
			if i%10 != 5 {
				if wrap != nil {
					b = wrap(b)
				}
				c.say(down, b)
			}
		}
	}
	for _, tc := range []struct {
		name  string
		send  func(c chat)
		media uint32
		lost  uint32
		late  bool
		none  bool
	}{
		{"after STUN", func(c chat) { c.say(up, binding); lossy(c, nil) }, 180, 20, false, false},
		{"in channels", func(c chat) {
			c.say(up, binding)
			c.say(down, stunMessage(stunAllocated, attr(attrRelayed, xorAddr(7, 5000))))
			lossy(c, channelData)
		}, 180, 20, false, false},
		{"in indications", func(c chat) {
			lossy(c, func(b []byte) []byte {
				return stunMessage(stunData, attr(attrPeer, xorAddr(9, 4000)), attr(attrData, b))
			})
		}, 180, 20, false, false},
		{"alone, as SIP has it", func(c chat) { lossy(c, nil) }, 173, 19, true, false},
		{"noise that nobody arranged", func(c chat) {
			for range 100 {
				c.say(down, make([]byte, 100))
			}
		}, 0, 0, false, true},
		{"noise after STUN", func(c chat) {
			c.say(up, binding)
			for range 100 {
				c.say(down, cat([]byte{0xff}, make([]byte, 100)))
			}
		}, 100, 0, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newChat(t)
			tc.send(c)
			m := c.facts().Call
			if tc.none {
				if m != nil {
					t.Errorf("%+v", m)
				}
				return
			}
			w := m.Ways[fact.Down]
			_, lost, _ := w.Lost()
			if w.Media != tc.media || lost != tc.lost || m.Late != tc.late {
				t.Errorf("%d media, %d lost, late %v; want %d, %d, %v", w.Media, lost, m.Late, tc.media, tc.lost, tc.late)
			}
			if tc.lost > 0 && (len(w.Events) == 0 || len(w.Holes) == 0) {
				t.Error("nothing is kept of what was lost")
			}
			if got := len(c.Streams()); got != min(1, int(tc.lost)) {
				t.Errorf("%d sources were told of", got)
			}
			c.finish()
		})
	}
}

// TestReportsOfReceivers: RTCP in the clear says what the far end misses of what was
// sent to it.
func TestReportsOfReceivers(t *testing.T) {
	c := newChat(t)
	c.say(up, stunMessage(stunBinding))
	s := audio()
	c.play(up, s, 100, nil)
	b := make([]byte, 32) // RFC 3550, section 6.4.2
	b[0], b[1], b[3] = 0x81, 201, 7
	binary.BigEndian.PutUint32(b[8:], s.ssrc)
	b[12], b[15] = 64, 30
	c.say(down, b)
	m := c.facts().Call
	if got := m.Ways[fact.Up].Sources[0].Told; got.Reports != 1 || got.Lost != 30 || got.Fraction != 64 {
		t.Errorf("%+v", got)
	}
	if m.Ways[fact.Down].Media != 0 {
		t.Error("a report counts as media")
	}
}

// TestTripsOfCalls: only what the client asks tells of the path.
func TestTripsOfCalls(t *testing.T) {
	c := newChat(t)
	c.say(up, stunMessage(stunBinding))
	c.play(up, audio(), 2, nil)
	const answer = 0x0101
	for i := range 6 {
		m := stunMessage(stunBinding)
		m[19] = byte(i + 1)
		back := stunMessage(answer)
		copy(back[8:20], m[8:20])
		d, o := up, down
		if i >= 4 {
			d, o = down, up
		}
		c.say(d, m)
		c.wait(30 * time.Millisecond)
		c.say(o, back)
	}
	if got := c.facts().Call.Trips; got.N != 4 || got.Floor < 29*time.Millisecond || got.Floor > 32*time.Millisecond {
		t.Errorf("%+v", got)
	}
}

// TestCallsShareTheirPool: the calls that were silent for longest give way, and all
// memory comes back.
func TestCallsShareTheirPool(t *testing.T) {
	b := newBench(t, 1<<20)
	for i := range 40 {
		c := b.chat(uint16(40000+i), 443)
		c.say(up, stunMessage(stunBinding))
		s := audio()
		for k := range 30 {
			v := s.next()
			if k%7 != 3 {
				c.say(down, v)
			}
		}
	}
	if b.calls.made > max(b.calls.limit, 1) || b.events.made > max(b.events.limit, 1) {
		t.Errorf("%d calls of %d, %d buffers of %d", b.calls.made, b.calls.limit, b.events.made, b.events.limit)
	}
	for b.EndSome(100) {
	}
	if n := len(b.events.free); n != b.events.made {
		t.Errorf("%d of %d buffers are back", n, b.events.made)
	}
}

// TestPassages: what a client's TCP lost is told once, whoever it talked to.
func TestPassages(t *testing.T) {
	b := rulesBench(t, func(_ *service.Payload, out []service.Sign) []service.Sign { return out })
	for port := range uint16(3) {
		c := b.talk(50000+port, 443)
		c.open()
		for i := range 20 {
			if i == 10 || i == 11 {
				c.lose(down, 100)
				continue
			}
			c.data(down, 100)
		}
	}
	got := b.Passages()
	if len(got) != 1 || got[0].Segs != [2]uint32{0, 54} || got[0].Runs[fact.Down] != 3 || got[0].Lost[fact.Down] == 0 {
		t.Errorf("%+v", got)
	}
	if again := b.Passages(); len(again) != 0 {
		t.Errorf("told twice: %+v", again)
	}
}
