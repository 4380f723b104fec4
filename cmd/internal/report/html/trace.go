package html

import (
	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/cmd/internal/report/packets"
)

const (
	// maxSegments is how many segments of a flow are kept one by one: the first ones.
	// Beyond them only bins are kept, and losses up to maxLosses.
	maxSegments = 16384
	maxLosses   = 4096
	// maxHoles is how many holes in the numbers are remembered at a time.
	maxHoles = 256
	// maxPending is how many segments wait for their acknowledgement at a time.
	maxPending = 256
	// overtaken is how soon the bytes of a hole come that were only overtaken, ns
	// (Wireshark's threshold for out-of-order segments).
	overtaken = 3_000_000
)

// sort of a segment of the direction followed.
type segSort uint8

const (
	fresh  segSort = iota
	again          // its bytes had been seen: a retransmission
	filled         // they had been missing: one of what was lost before the tap
	gone           // no packet: bytes that were missing when the next came
)

// segment is one, or a hole. Seq counts from the first byte, so that it is exact as a
// float64 up to 9 PB.
type segment struct {
	time int64
	seq  int64
	len  uint32
	sort segSort
}

// ack is an acknowledgement of the other side.
type ack struct {
	time int64
	seq  int64
}

// moved sums up a span of time.
type moved struct {
	bytes    uint64    // IP bytes of the direction followed
	lost     uint32    // segments that came again, or filled a hole
	from, to int64     // sequence numbers, the lowest and the highest; to 0: none
	acked    int64     // the highest that was acknowledged; 0 none
	rtt      [2]spread // by leg: to the sender of the data, to the receiver; ms
}

func (m *moved) add(o *moved) {
	m.bytes += o.bytes
	m.lost += o.lost
	if o.to > 0 && (m.to == 0 || o.from < m.from) {
		m.from = o.from
	}
	m.to, m.acked = max(m.to, o.to), max(m.acked, o.acked)
	for leg := range m.rtt {
		m.rtt[leg].merge(&o.rtt[leg])
	}
}

// spread is the least, the most and the sum of n values.
type spread struct {
	min, max, sum float64
	n             int
}

func (s *spread) put(v float64) { s.merge(&spread{v, v, v, 1}) }

func (s *spread) merge(o *spread) {
	if o.n == 0 {
		return
	}
	if s.n == 0 {
		*s = *o
		return
	}
	s.min, s.max = min(s.min, o.min), max(s.max, o.max)
	s.sum, s.n = s.sum+o.sum, s.n+o.n
}

// Legs of round trips, as [moved] has them.
const (
	legSender   = 0
	legReceiver = 1
)

// trace follows one direction of a flow over time.
type trace struct {
	packets.Wanted
	dir     fact.Dir
	buckets []*bucket

	bins     bins[moved, *moved]
	segs     []segment
	acks     []ack
	losses   []segment // beyond the segments kept
	count    int       // of segments
	lossSum  int
	first    int64
	begun    bool
	lastSeq  uint32 // and where it is
	lastAt   int64
	next     int64 // highest end seen
	holes    []segment
	pending  []ack // ends of segments that wait to be acknowledged
	stamps   []stamp
	lastEcho uint32
}

// stamp is a timestamp of the receiver that waits for its echo.
type stamp struct {
	val  uint32
	time int64
}

func newTrace(w packets.Wanted, dir fact.Dir) *trace { return &trace{Wanted: w, dir: dir} }

// Add implements [packets.Taker].
func (t *trace) Add(p *capture.Packet) {
	if p.Has&capture.HasQuoted != 0 {
		return
	}
	if t.first == 0 {
		t.first = p.Time
	}
	if (t.Down(p)) == (t.dir == fact.Down) {
		t.data(p)
	} else {
		t.acknowledge(p)
	}
}

// data takes a packet of the direction followed.
func (t *trace) data(p *capture.Packet) {
	m := t.bins.at(p.Time)
	m.bytes += uint64(p.IPLen)
	if p.Has&capture.HasTS != 0 {
		t.echo(p, m)
	}
	if p.Has&capture.HasTCP == 0 || p.Flags&capture.RST != 0 {
		t.spend(p, fresh, 0)
		return
	}
	seq := t.place(p.Seq)
	if p.Flags&capture.SYN != 0 {
		seq++
	}
	s := segment{time: p.Time, seq: seq, len: p.PayloadLen}
	if s.len > 0 {
		s.sort = t.judge(&s)
		t.note(s, m)
	}
	t.spend(p, s.sort, seq)
}

// spend takes a packet's tokens.
func (t *trace) spend(p *capture.Packet, s segSort, seq int64) {
	for _, b := range t.buckets {
		b.pass(t, p.Time, p.IPLen, s, seq)
	}
}

// place is where a sequence number lies, counted from the first of the direction.
func (t *trace) place(seq uint32) int64 {
	if !t.begun {
		t.begun, t.lastSeq = true, seq
	}
	t.lastAt += int64(int32(seq - t.lastSeq))
	t.lastSeq = seq
	return t.lastAt
}

// judge says what a segment is to those before it, and notes a hole before it.
func (t *trace) judge(s *segment) segSort {
	end := s.seq + int64(s.len)
	switch {
	case s.seq >= t.next:
		if hole := s.seq - t.next; hole > 0 && t.next > 0 && len(t.holes) < maxHoles && hole < 1<<31 {
			t.holes = append(t.holes, segment{time: s.time, seq: t.next, len: uint32(hole), sort: gone})
		}
		t.next = end
		return fresh
	case end > t.next:
		t.next = end
		return fresh
	}
	for i := range t.holes {
		h := &t.holes[i]
		if s.seq < h.seq+int64(h.len) && end > h.seq {
			return t.fill(i, s)
		}
	}
	return again
}

// fill takes a segment out of a hole. What was only overtaken was never lost.
func (t *trace) fill(i int, s *segment) segSort {
	h := t.holes[i]
	t.holes = append(t.holes[:i], t.holes[i+1:]...)
	if rest := s.seq - h.seq; rest > 0 {
		t.holes = append(t.holes, segment{time: h.time, seq: h.seq, len: uint32(rest), sort: gone})
	}
	if rest := h.seq + int64(h.len) - s.seq - int64(s.len); rest > 0 && len(t.holes) < maxHoles {
		t.holes = append(t.holes, segment{time: h.time, seq: s.seq + int64(s.len), len: uint32(rest), sort: gone})
	}
	if s.time-h.time <= overtaken {
		return fresh
	}
	t.keepLoss(segment{time: h.time, seq: s.seq, len: s.len, sort: gone})
	for _, b := range t.buckets {
		b.missed(h.time)
	}
	return filled
}

// note keeps a segment.
func (t *trace) note(s segment, m *moved) {
	t.count++
	end := s.seq + int64(s.len)
	if m.to == 0 || s.seq < m.from {
		m.from = s.seq
	}
	m.to = max(m.to, end)
	switch {
	case s.sort != fresh:
		m.lost++
		t.keepLoss(s)
		t.pending = t.pending[:0] // which of the two was acknowledged cannot be told (Karn)
		return
	case len(t.pending) < maxPending:
		t.pending = append(t.pending, ack{s.time, end})
	}
	if len(t.segs) < maxSegments {
		t.segs = append(t.segs, s)
	}
}

func (t *trace) keepLoss(s segment) {
	t.lossSum++
	if len(t.losses) < maxLosses {
		t.losses = append(t.losses, s)
	}
}

// acknowledge takes a packet of the other direction.
func (t *trace) acknowledge(p *capture.Packet) {
	if p.Has&capture.HasTS != 0 {
		if n := len(t.stamps); n < maxPending && (n == 0 || t.stamps[n-1].val != p.TSval) {
			t.stamps = append(t.stamps, stamp{p.TSval, p.Time})
		}
	}
	if p.Has&capture.HasTCP == 0 || p.Flags&(capture.ACK|capture.RST|capture.SYN) != capture.ACK || !t.begun {
		return
	}
	seq := t.lastAt + int64(int32(p.Ack-t.lastSeq))
	m := t.bins.at(p.Time)
	m.acked = max(m.acked, seq)
	n := 0
	for n < len(t.pending) && t.pending[n].seq <= seq {
		n++
	}
	if n > 0 {
		m.rtt[legReceiver].put(float64(p.Time-t.pending[n-1].time) / 1e6)
		t.pending = append(t.pending[:0], t.pending[n:]...)
	}
	if len(t.acks) < maxSegments && (len(t.acks) == 0 || t.acks[len(t.acks)-1].seq < seq) {
		t.acks = append(t.acks, ack{p.Time, seq})
	}
}

// echo measures the round trip from the tap to the sender: a timestamp of the receiver
// and its first echo (RFC 7323 section 4.1).
func (t *trace) echo(p *capture.Packet, m *moved) {
	if p.TSecr == t.lastEcho {
		return
	}
	for i, s := range t.stamps {
		if s.val == p.TSecr {
			m.rtt[legSender].put(float64(p.Time-s.time) / 1e6)
			t.stamps = append(t.stamps[:0], t.stamps[i+1:]...)
			t.lastEcho = p.TSecr
			return
		}
	}
}
