package medialog

import (
	"math"

	"chokepoint/classify/wire/rtp"
)

// clocks are those of media, Hz (RFC 3551, sections 4.1 and 5; RFC 7587 for Opus;
// 12 and 24 kHz: SILK).
var clocks = [...]uint32{8000, 12000, 16000, 24000, 32000, 44100, 48000, 90000}

const (
	// clockSpan is how long timestamps must have run beside the capture's time before
	// a clock is taken from them, ns, and clockFar how far off the nearest may be: a
	// jitter of 60 ms at either end of it, an eighth.
	clockSpan = 1_000_000_000
	clockFar  = 0.125
	// clockSure is after how long it may say otherwise than it did before, ns.
	clockSure = 5_000_000_000
	// clockAnew is after how long the regression starts anew, ns: capture clocks drift,
	// and single precision holds.
	clockAnew = 10_000_000_000
)

// tick books the timestamp of a packet: the clock and, by it, the jitter.
func (s *source) tick(h *rtp.Header, at int64) {
	gap, units := at-s.at, int32(h.Timestamp-s.stamp)
	s.at, s.stamp = at, h.Timestamp
	if gap < 0 || gap > pause || s.leaps(units) {
		s.anchorAt(h.Timestamp, at)
		return
	}
	s.regress(h.Timestamp, at)
	if s.clock == 0 {
		return
	}
	d := float64(gap) - float64(units)*1e9/float64(s.clock)
	s.jitter += float32((math.Abs(d) - float64(s.jitter)) / 16)
	s.winJitter += s.jitter / 1000
	s.winN = sum16(s.winN, 1)
}

// leaps reports a step of the timestamp that no silence explains: it was set anew.
func (s *source) leaps(units int32) bool {
	clock := int64(s.clock)
	if clock == 0 {
		clock = int64(clocks[len(clocks)-1])
	}
	n := int64(units)
	return max(n, -n) > clock*pause/1_000_000_000
}

func (s *source) anchorAt(stamp uint32, at int64) {
	s.anchor, s.anchored, s.sxx, s.sxy = uint32(at/1_000_000), stamp, 0, 0
}

// regress follows the clock: the slope of timestamps over time, through the anchor.
func (s *source) regress(stamp uint32, at int64) {
	span := int64(int32(uint32(at/1_000_000)-s.anchor)) * 1_000_000
	x, y := float32(span)/1e9, float32(int32(stamp-s.anchored))
	s.sxx += x * x
	s.sxy += x * y
	if span >= clockSpan && s.clock == 0 || span >= clockSure {
		s.clock = nearest(float64(s.sxy) / float64(s.sxx))
	}
	if span > clockAnew {
		s.anchorAt(stamp, at)
	}
}

// nearest is the clock nearest to a rate, 0 if none is near.
func nearest(rate float64) uint32 {
	best, off := uint32(0), clockFar
	for _, c := range clocks {
		if d := math.Abs(rate/float64(c) - 1); d < off {
			best, off = c, d
		}
	}
	return best
}
