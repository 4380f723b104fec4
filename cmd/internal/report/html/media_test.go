package html

import (
	"encoding/binary"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report/packets"
)

// speech feeds a call's media: a packet of a source each 20 ms, down.
func speech(t *mediaTrace, from, n int, skip func(i int) bool, delay func(i int) int64, relayed bool) {
	for i := from; i < from+n; i++ {
		if skip(i) {
			continue
		}
		b := make([]byte, 12, 172)
		b[0], b[1] = 0x80, 0x60
		binary.BigEndian.PutUint16(b[2:], uint16(65500+i))
		binary.BigEndian.PutUint32(b[4:], uint32(i)*960)
		binary.BigEndian.PutUint32(b[8:], 7)
		b = append(b, make([]byte, 160)...)
		if relayed {
			b = append([]byte{0x40, 0, 0, byte(len(b))}, b...)
		}
		t.Add(&capture.Packet{Num: uint64(i + 1), Time: int64(i)*20*ms + delay(i), Key: t.Key.Reverse(), Payload: b, PayloadLen: uint32(len(b)), IPLen: uint32(len(b)) + 28})
	}
}

func newSpeech() *mediaTrace {
	return newMediaTrace(packets.Wanted{ID: 1, Key: keyOf(1), Known: true}, map[uint32]uint32{7: 48000})
}

func TestMediaOverTime(t *testing.T) {
	none, even := func(int) bool { return false }, func(int) int64 { return 0 }
	for _, relayed := range []bool{false, true} {
		m := newSpeech()
		speech(m, 0, 100, none, even, relayed)
		speech(m, 100, 100, func(i int) bool { return i%4 == 0 }, even, relayed)              // every fourth is lost
		speech(m, 200, 100, none, func(i int) int64 { return int64(i%2) * 10 * ms }, relayed) // every second is late
		speech(m, 300, 50, func(i int) bool { return i < 320 }, even, relayed)
		var sum mediaSpan
		for i := range m.ways[fact.Down].list {
			sum.add(&m.ways[fact.Down].list[i])
		}
		if sum.expected != 350 || sum.lost != 25+20 || sum.packets != 350-45 {
			t.Errorf("relayed %v: %d packets, %d of %d lost", relayed, sum.packets, sum.lost, sum.expected)
		}
		if sum.jitter.max < 8 || sum.jitter.max > 11 || sum.jitter.min != 0 {
			t.Errorf("relayed %v: jitter from %.1f to %.1f ms", relayed, sum.jitter.min, sum.jitter.max)
		}
		if sum.gap < 400 || sum.gap > 430 {
			t.Errorf("relayed %v: the longest gap is %.0f ms", relayed, sum.gap)
		}
		if m.ways[fact.Up].width != 0 {
			t.Error("something went up")
		}
	}
}

// TestCallsOfRecordingsHaveTheirPlots, and what is drawn of loss is what was found.
func TestCallsOfRecordingsHaveTheirPlots(t *testing.T) {
	for _, name := range []string{"call-video-clamp", "call-burst-loss", "call-lossy-wifi"} {
		p := New()
		c := play(t, p, captureOf(t, name), nil)
		for _, f := range c.ledger.Standing() {
			if f.Kind != finding.CallDegraded || f.Loss == nil {
				continue
			}
			plots := c.plots("x", f, newBudget())
			if len(plots) < 2 {
				t.Errorf("%s: %d plots", name, len(plots))
			}
			worst := 0.0
			for _, pl := range plots {
				if pl.Title != "Loss" {
					continue
				}
				for _, s := range pl.Data.Series {
					for _, y := range s.Y {
						worst = max(worst, y)
					}
				}
			}
			if worst < 80**f.Loss {
				t.Errorf("%s %s: the most that is drawn is %.1f %%, found were %.1f %%", name, f.ID, worst, 100**f.Loss)
			}
		}
	}
}
