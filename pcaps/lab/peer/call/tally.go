package call

import (
	"time"

	"github.com/pion/rtp"
)

// Stats is what the caller counted. Packets and bytes are of media as RTP has them,
// without reports and envelopes.
type Stats struct {
	Sent, Received           int
	SentBytes, ReceivedBytes int
	Lost                     int           // by the sequence numbers received; 0 when they cannot be read
	Gaps                     int           // times that nothing came for 200 ms or more, once media had begun
	Longest                  time.Duration // of these
	RTT                      time.Duration // shortest from a question on the path to its answer; 0 without any
}

// gap is what a listener hears as one.
const gap = 200 * time.Millisecond

// tally counts.
type tally struct {
	Stats
	last    time.Time
	streams map[uint32]*sequence
}

// sequence is what came of one source.
type sequence struct {
	base, top uint16 // first and highest number
	cycles    int
	n         int
}

// received counts a packet; nil and reports are none.
func (t *tally) received(b []byte, opaque bool) {
	if len(b) < 2 || !opaque && b[1] >= 192 && b[1] <= 223 { // RFC 5761 section 4
		return
	}
	t.Received++
	t.ReceivedBytes += len(b)
	t.heard(time.Now())
	var h rtp.Header
	if _, err := h.Unmarshal(b); opaque || err != nil {
		return
	}
	if t.streams == nil {
		t.streams = map[uint32]*sequence{}
	}
	s := t.streams[h.SSRC]
	if s == nil {
		s = &sequence{base: h.SequenceNumber, top: h.SequenceNumber}
		t.streams[h.SSRC] = s
	}
	s.n++
	if ahead := h.SequenceNumber - s.top; ahead > 0 && ahead < 1<<15 {
		if h.SequenceNumber < s.top {
			s.cycles++
		}
		s.top = h.SequenceNumber
	}
}

func (t *tally) heard(now time.Time) {
	if d := now.Sub(t.last); !t.last.IsZero() && d >= gap {
		t.Gaps++
		t.Longest = max(t.Longest, d)
	}
	t.last = now
}

// end closes the books: what never came again is a gap, too.
func (t *tally) end() {
	if !t.last.IsZero() {
		t.heard(time.Now().Add(-linger))
	}
	for _, s := range t.streams {
		t.Lost += max(0, s.cycles<<16+int(s.top)-int(s.base)+1-s.n)
	}
}
