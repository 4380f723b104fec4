package rtp

// Media is a set of what streams carry.
type Media uint8

// The media; Unknown is the empty set.
const (
	Audio Media = 1 << iota
	Video
	Unknown Media = 0
)

// String names the set in lower case.
func (m Media) String() string {
	switch m {
	case Unknown:
		return "unknown"
	case Audio:
		return "audio"
	case Video:
		return "video"
	case Audio | Video:
		return "audio and video"
	}
	return "invalid media"
}

// Static returns the medium of a payload type that RFC 3551 section 6 (tables 4
// and 5) assigns, Unknown for others. MP2T carries both.
func Static(typ uint8) Media {
	switch {
	case typ == 0, typ >= 3 && typ <= 18:
		return Audio
	case typ == 25, typ == 26, typ == 28, typ == 31, typ == 32, typ == 34:
		return Video
	case typ == 33:
		return Audio | Video
	}
	return Unknown
}

// How a clock is told. Over minSpan, jitter of the first and last packet may sum
// to an eighth, 125 ms, before a clock is missed: Wi-Fi and mobile networks stay
// below in most calls. An eighth apart, 44100 and 48000 are one, which does not
// matter, and 48000 and 90000 are far from each other, which does.
const (
	minSpan   = 1000 // ms
	tolerance = 8    // 1/8 of the clock
	// loose is asked of what has all the other marks of video: packets held up by
	// more than a pause and sent in a burst make its clock run fast.
	loose = 4
)

// audioClocks are those of audio codecs: narrow to full band, and compact disc
// (RFC 3551 section 4.1; RFC 7587 section 4.1 for Opus).
var audioClocks = [...]uint64{8000, 16000, 24000, 32000, 44100, 48000}

// videoClock is that of nearly all video (RFC 3551 section 5).
const videoClock = 90000

// Sizes and spacing that tell when the clock does not.
const (
	audioSize = 400 // bytes of datagram: 60 ms of G.711 has 520, of what messengers use below 300
	// 20 to 60 ms in most codecs, up to 160 in WhatsApp on a bad network; the mean,
	// so 1/8 more or less is allowed.
	minSpacing, maxSpacing = 20, 160
	// The steps of timestamps of the usual clocks and lengths: up to 60 ms of the
	// fastest, in whole 10 ms of the slowest. Frames of video, 30 or 60 a second,
	// make steps of 3000 and 1500, and no jitter makes 90000 look like this.
	maxStride, stride = 2880, 80
	fastest           = 54_000 // 48000 and an eighth: above it may be video
)

// Media returns what the sources that are sure carry: by their static payload
// type, else by their clock, else by sizes and spacing.
func (s *Stream) Media() Media {
	m := Unknown
	if s.Sure() {
		for i := range s.sources {
			if s.proven>>i&1 != 0 {
				m |= s.sources[i].media()
			}
		}
	}
	return m
}

func (c *source) media() Media {
	if m := Static(c.typ); m != Unknown {
		return m
	}
	// Frames of video take several packets with one timestamp each. Of audio such
	// packets are repetitions or keypad events.
	framed := int(c.same)*8 >= int(c.good)
	small := c.size < audioSize
	switch rate := c.clock(minSpan); {
	case near(rate, videoClock, tolerance) && (framed || !small),
		near(rate, videoClock, loose) && framed && !small:
		return Video
	case audioClock(rate):
		if !framed || small {
			return Audio
		}
	case c.speaks():
		return Audio
	}
	return Unknown
}

// speaks reports whether packets are as small and come as evenly as those of a
// voice do. It needs no second of them, so it is stricter about the rest.
func (c *source) speaks() bool {
	if c.size >= audioSize || int(c.even)*4 < int(c.good)*3 || c.step == 0 || c.step > maxStride || c.step%stride != 0 {
		return false
	}
	rate := c.clock(minProof)
	spacing := uint64(c.step) * 1000 * tolerance // times the rate
	return rate <= fastest && spacing >= minSpacing*rate*(tolerance-1) && spacing <= maxSpacing*rate*(tolerance+1)
}

func audioClock(rate uint64) bool {
	for _, c := range audioClocks {
		if near(rate, c, tolerance) {
			return true
		}
	}
	return false
}

// near reports whether the rate is the clock, give or take its part'th part.
func near(rate, clock, part uint64) bool {
	return rate*part >= clock*(part-1) && rate*part <= clock*(part+1)
}
