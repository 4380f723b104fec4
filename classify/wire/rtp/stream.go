package rtp

// Stream judges whether what goes in one direction of a flow is RTP. It holds
// two sources, as audio and video may share a flow; it has no pointers and 60
// bytes. The zero value is ready.
//
// The reckoning for Sure. A packet follows another when the source is the same,
// the payload type too, the sequence number is 1 to 64 higher, and the timestamp
// is not lower. Of random bytes that pass Parse, one follows one of two sources
// with a chance of at most 2 * 2^-32 * 2^-7 * 64/2^16 * 1/2 = 2^-49. Seven that
// do, out of the first million datagrams of a flow, have C(2^20, 7) * 2^-343 <
// 2^-215. What is not random is the true adversary: a protocol with a constant
// where the source is, and in the place of the type. If its sequence and
// timestamp are random (a nonce, ciphertext), seven in a row have (64/2^16 *
// 1/2)^7 = 2^-77, far below 1e-6 for a million starts. If it counts there, half
// of the steps must be exactly 1, and what stands for the timestamp must advance
// like a clock of media against the time of capture: a counter of ticks,
// milliseconds, bytes or microseconds does not.
type Stream struct {
	sources [2]source
	misses  uint8 // datagrams that fit nothing, halved with fits
	fits    uint8
	turn    uint8 // which of two unproven sources gave way last
	proven  uint8 // set of sources by 1<<index
}

// source is what is known of one SSRC. Counts are halved together when one is
// full, so that they keep their ratios and forget the distant past.
type source struct {
	ssrc   uint32
	stamp  uint32 // of the last packet
	units  uint32 // of the clock, over all steps that count for it
	millis uint16 // of capture, over the same
	last   uint16 // capture time, ms: the low bits
	seq    uint16
	step   uint16 // of the last timestamp, 0 none
	size   uint16 // mean of the datagrams, bytes; 0: there is no source
	typ    uint8
	good   uint8 // packets that followed
	next   uint8 // of these by 1
	same   uint8 // with the timestamp of the one before
	even   uint8 // whose timestamp advanced as the one before did
	odd    uint8 // packets of the source that did not follow
}

// What makes a stream sure.
const (
	wantGood = 7  // steps: 8 packets
	oddShare = 8  // at most one odd packet for so many good ones
	maxStep  = 64 // of sequence numbers; beyond that no burst of loss is believed
	// minProof is how long the steps must have taken: below it, batching by a
	// card or a hypervisor leaves no clock to compare with.
	minProof = 120 // ms
	// A clock of media, units per second, at half and about twice the extremes
	// (8000 and 90000): over minProof, jitter halves or doubles the time.
	minClock, maxClock = 4000, 200_000
	// pause is the longest step that counts for the clock: over longer ones some
	// senders stop theirs (mute, hold).
	pause = 1000 // ms
	// fullSpan is when the span is halved; it must leave room for a pause.
	fullSpan = 30_000 // ms
)

// Add takes the header of a datagram of size bytes on the wire, captured at a
// time in ns.
func (s *Stream) Add(h *Header, size int, at int64) {
	ms := uint16(at / 1_000_000)
	size = max(1, min(size, 1<<16-1))
	for i := range s.sources {
		if c := &s.sources[i]; c.size != 0 && c.ssrc == h.SSRC {
			s.count(c.add(h, size, ms))
			if c.proves() {
				s.proven |= 1 << i
			}
			return
		}
	}
	if s.proven == 0 { // a third source of a call is no noise
		s.count(false)
	}
	if i := s.room(); i >= 0 {
		s.sources[i] = source{ssrc: h.SSRC, stamp: h.Timestamp, last: ms, seq: h.Seq, size: uint16(size), typ: h.Type}
	}
}

// Miss takes a datagram that is none of the kinds of RFC 7983: it speaks against
// the direction being a call.
func (s *Stream) Miss() { s.count(false) }

func (s *Stream) count(fit bool) {
	if fit {
		s.fits++
	} else {
		s.misses++
	}
	if s.fits == 1<<8-1 || s.misses == 1<<8-1 {
		s.fits, s.misses = s.fits/2, s.misses/2
	}
}

// room returns the source that gives way to a new one, -1 if none does: those
// that were followed stay, as long as more speaks for them than against.
func (s *Stream) room() int {
	for i := range s.sources {
		if c := &s.sources[i]; c.size == 0 || s.proven>>i&1 == 0 && c.odd > 0 && c.good <= c.odd {
			return i
		}
	}
	for range s.sources {
		s.turn ^= 1
		if s.sources[s.turn].good == 0 && s.proven>>s.turn&1 == 0 {
			return int(s.turn)
		}
	}
	return -1
}

// add takes a packet of the source and reports whether it follows.
func (c *source) add(h *Header, size int, ms uint16) bool {
	step, stamp := h.Seq-c.seq, h.Timestamp-c.stamp
	if step == 0 || -step < maxStep && step > maxStep {
		return true // sent twice or late: no word either way
	}
	follows := step <= maxStep && stamp < 1<<31 && h.Type == c.typ
	if follows {
		c.good++
		c.follow(step, stamp, ms-c.last)
	} else {
		c.odd++
		c.step = 0
	}
	c.size += uint16((size - int(c.size)) / 8)
	c.stamp, c.last, c.seq, c.typ = h.Timestamp, ms, h.Seq, h.Type
	if c.good == 1<<8-1 || c.odd == 1<<8-1 {
		c.good, c.next, c.same, c.even, c.odd = c.good/2, c.next/2, c.same/2, c.even/2, c.odd/2
	}
	return follows
}

// follow counts a step of the sequence number, the timestamp and the time.
func (c *source) follow(step uint16, stamp uint32, ms uint16) {
	if step == 1 {
		c.next++
	}
	switch {
	case stamp == 0:
		c.same++
	case step == 1 && stamp == uint32(c.step):
		c.even++
	}
	if step == 1 && stamp < 1<<16 && stamp > 0 {
		c.step = uint16(stamp)
	}
	// A capture whose clock stepped back has a large ms here.
	if ms > pause || stamp > maxClock*pause/1000 {
		return
	}
	c.units += stamp
	if c.millis += ms; c.millis > fullSpan {
		c.units, c.millis = c.units/2, c.millis/2
	}
}

// clock returns the units per second of capture, 0 before minimum ms.
func (c *source) clock(minimum uint16) uint64 {
	if c.millis < minimum || c.millis == 0 {
		return 0
	}
	return uint64(c.units) * 1000 / uint64(c.millis)
}

// proves reports whether the source's packets are beyond chance.
func (c *source) proves() bool {
	if c.good < wantGood || int(c.odd)*oddShare > int(c.good) || c.next < c.good/2 {
		return false
	}
	rate := c.clock(minProof)
	return rate >= minClock && rate <= maxClock
}

// Sure reports whether the direction carries RTP beyond doubt. It takes 8
// packets of one source at least, in 120 ms of capture, and that they are not
// drowned by what is none. It does not become unsure by what one source does
// later.
func (s *Stream) Sure() bool {
	if int(s.misses) > 4*(int(s.fits)+1) {
		return false
	}
	return s.proven != 0
}
