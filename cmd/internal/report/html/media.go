package html

import (
	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/wire/rtp"
	"chokepoint/cmd/internal/report/packets"
)

// mediaSpan is a span of a call's media in one direction.
type mediaSpan struct {
	packets  int
	bytes    uint64
	expected int // by the numbers
	lost     int
	jitter   spread // ms, RFC 3550 section 6.4.1
	gap      float64
}

func (m *mediaSpan) add(o *mediaSpan) {
	m.packets += o.packets
	m.bytes += o.bytes
	m.expected += o.expected
	m.lost += o.lost
	m.jitter.merge(&o.jitter)
	m.gap = max(m.gap, o.gap)
}

type mediaBins = bins[mediaSpan, *mediaSpan]

// maxSources is how many RTP sources of a flow are followed; others count as packets only.
const maxSources = 8

// mediaTrace follows the media of a flow over time, both ways.
type mediaTrace struct {
	packets.Wanted
	clocks  map[uint32]uint32 // from the first pass: units per second
	ways    [2]mediaBins
	last    [2]int64
	sources map[sourceKey]*mediaSource
	numbers bool // RTP was seen
}

type sourceKey struct {
	dir  fact.Dir
	ssrc uint32
}

type mediaSource struct {
	seq    uint16
	stamp  uint32
	at     int64
	clock  uint32
	jitter float64 // ms
}

func newMediaTrace(w packets.Wanted, clocks map[uint32]uint32) *mediaTrace {
	return &mediaTrace{Wanted: w, clocks: clocks, sources: map[sourceKey]*mediaSource{}}
}

// Add implements [packets.Taker].
func (t *mediaTrace) Add(p *capture.Packet) {
	if p.Has&capture.HasQuoted != 0 || p.PayloadLen == 0 {
		return
	}
	d := fact.Up
	if t.Down(p) {
		d = fact.Down
	}
	m := t.ways[d].at(p.Time)
	m.packets++
	m.bytes += uint64(p.IPLen)
	if t.last[d] != 0 {
		m.gap = max(m.gap, float64(p.Time-t.last[d])/1e6)
	}
	t.last[d] = p.Time
	body, wire := channelData(p.Payload, int(p.PayloadLen))
	var h rtp.Header
	if len(body) < 12 || rtp.Demux(body[0]) != rtp.RTP || !rtp.ParseCut(body, wire, &h) {
		return
	}
	if typ := body[1]; typ >= 192 && typ <= 223 { // RTCP (RFC 5761 section 4)
		return
	}
	t.numbered(d, &h, p.Time, m)
}

// channelData takes the header off that a relay's client puts before media (RFC 8656
// section 12.4).
func channelData(b []byte, wire int) ([]byte, int) {
	if len(b) > 4 && b[0] >= 0x40 && b[0] <= 0x4f {
		return b[4:], wire - 4
	}
	return b, wire
}

// numbered takes a packet of a source.
func (t *mediaTrace) numbered(d fact.Dir, h *rtp.Header, now int64, m *mediaSpan) {
	k := sourceKey{d, h.SSRC}
	s := t.sources[k]
	if s == nil {
		if len(t.sources) < maxSources {
			t.sources[k] = &mediaSource{seq: h.Seq, stamp: h.Timestamp, at: now, clock: t.clocks[h.SSRC]}
			m.expected++
			t.numbers = true
		}
		return
	}
	switch step := int16(h.Seq - s.seq); {
	case step > 0 && step < restarted:
		m.expected += int(step)
		m.lost += int(step) - 1
	case step <= 0 && step > -restarted: // late, or twice
		if step < 0 && m.lost > 0 {
			m.lost--
		}
		return
	default: // its numbers began anew
		m.expected++
		s.seq, s.stamp, s.at = h.Seq, h.Timestamp, now
		return
	}
	if s.clock != 0 {
		sent := float64(int32(h.Timestamp-s.stamp)) / float64(s.clock) * 1e3
		late := float64(now-s.at)/1e6 - sent
		s.jitter += (max(late, -late) - s.jitter) / 16
		m.jitter.put(s.jitter)
	}
	s.seq, s.stamp, s.at = h.Seq, h.Timestamp, now
}

// restarted is how far numbers jump that are no loss any more (MAX_DROPOUT of RFC 3550,
// appendix A.1).
const restarted = 3000
