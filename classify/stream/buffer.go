package stream

import "bytes"

const (
	// maxSpans bounds the islands of bytes kept out of order. Hellos come in two
	// or three segments; decoys and reordering make a few more.
	maxSpans = 12
	// maxGap is how far ahead of the bytes in order a segment may lie to be
	// kept: an initial window of ten segments (RFC 6928) and then some.
	maxGap = 32 << 10
)

// span is a run of bytes received, offsets from the start.
type span struct{ from, to int }

// Buffer collects the first bytes of a direction. The zero value is unused;
// [Buffer.Start] makes it ready, also for another stream.
type Buffer struct {
	base  uint32 // sequence number of the first byte
	quota int
	data  []byte // as far as the highest byte received
	spans []span // sorted, disjoint, not touching
}

// Result says what a segment was to the stream. Numbers are bytes.
type Result struct {
	New      int  // not seen before, and kept
	Repeated int  // seen before, with the same content
	Conflict bool // seen before, with other content
	At       int  // offset of the first byte that differs
	Span     int  // bytes compared when they differed
	From     int  // offset where that comparison began
	Differ   int  // bytes of it that differ
	Refused  bool // beyond the quota or too far ahead: not kept
	Filled   bool // it closed a gap
}

// Start begins a stream whose first byte has sequence number seq. No more than
// quota bytes are kept.
func (b *Buffer) Start(seq uint32, quota int) {
	b.base, b.quota = seq, quota
	b.data, b.spans = b.data[:0], b.spans[:0]
}

// Bytes returns the bytes in order from the start. They are valid until the
// next call of Add or Start.
func (b *Buffer) Bytes() []byte {
	if len(b.spans) == 0 || b.spans[0].from != 0 {
		return nil
	}
	return b.data[:b.spans[0].to]
}

// Base returns the sequence number of the first byte.
func (b *Buffer) Base() uint32 { return b.base }

// Full reports whether the quota is used up by bytes in order.
func (b *Buffer) Full() bool { return len(b.Bytes()) >= b.quota }

// Gaps reports whether bytes are missing between those received.
func (b *Buffer) Gaps() bool { return len(b.spans) > 1 || len(b.spans) == 1 && b.spans[0].from > 0 }

// Cap returns the memory held, bytes.
func (b *Buffer) Cap() int { return cap(b.data) }

// Add puts a segment in its place. What was there first stays, as it does with
// most receivers; repeats are compared.
func (b *Buffer) Add(seq uint32, payload []byte) (r Result) {
	off := int(int32(seq - b.base))
	if off < 0 {
		if off+len(payload) <= 0 {
			return Result{Refused: true}
		}
		payload, off = payload[-off:], 0
	}
	end := off + len(payload)
	if end > b.quota {
		end = b.quota
	}
	if end <= off || off > len(b.Bytes())+maxGap {
		return Result{Refused: true}
	}
	payload = payload[:end-off]
	if len(b.spans) >= maxSpans && !b.touches(off, end) {
		return Result{Refused: true}
	}
	before := len(b.spans)
	b.compare(&r, off, payload)
	b.reserve(end)
	r.New = b.fill(off, payload)
	r.Filled = r.New > 0 && (len(b.spans) < before || before == 1 && off < b.spans[0].to && b.spans[0].from == 0 && end < b.spans[0].to)
	return r
}

func (b *Buffer) touches(from, to int) bool {
	for _, s := range b.spans {
		if from <= s.to && to >= s.from {
			return true
		}
	}
	return false
}

// compare looks at what is there already of the bytes at off.
func (b *Buffer) compare(r *Result, off int, payload []byte) {
	end := off + len(payload)
	for _, s := range b.spans {
		from, to := max(s.from, off), min(s.to, end)
		if from >= to {
			continue
		}
		have, sent := b.data[from:to], payload[from-off:to-off]
		if bytes.Equal(have, sent) {
			r.Repeated += to - from
			continue
		}
		if !r.Conflict {
			r.Conflict, r.At, r.Span = true, from+firstDiff(have, sent), to-from
			r.From, r.Differ = from, differing(have, sent)
		}
	}
}

func firstDiff(a, b []byte) int {
	for i := range a {
		if a[i] != b[i] {
			return i
		}
	}
	return len(a)
}

func differing(a, b []byte) (n int) {
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// Kept returns the bytes received from offset from on, at most n and as far as
// they are in a row. They are valid as those of [Buffer.Bytes] are.
func (b *Buffer) Kept(from, n int) []byte {
	for _, s := range b.spans {
		if from >= s.from && from < s.to {
			return b.data[from:min(from+n, s.to)]
		}
	}
	return nil
}

// reserve makes room up to offset end, which is at most maxGap beyond bytes
// that were received.
func (b *Buffer) reserve(end int) {
	if end <= len(b.data) {
		return
	}
	if end > cap(b.data) {
		grown := make([]byte, end, min(b.quota, max(2*cap(b.data), end, 1<<10)))
		copy(grown, b.data)
		b.data = grown
	}
	b.data = b.data[:end]
}

// fill stores the bytes that no span covers, and joins the spans.
func (b *Buffer) fill(off int, payload []byte) (added int) {
	end := off + len(payload)
	at, i := off, 0
	for ; i < len(b.spans) && b.spans[i].to < off; i++ {
	}
	first, joined := i, span{off, end}
	for ; i < len(b.spans) && b.spans[i].from <= end; i++ {
		s := b.spans[i]
		if s.from > at {
			added += copy(b.data[at:s.from], payload[at-off:])
		}
		at = max(at, min(s.to, end))
		joined.from, joined.to = min(joined.from, s.from), max(joined.to, s.to)
	}
	if at < end {
		added += copy(b.data[at:end], payload[at-off:])
	}
	b.replace(first, i, joined)
	return added
}

// replace puts one span in the place of those from i to j.
func (b *Buffer) replace(i, j int, s span) {
	if i == j {
		b.spans = append(b.spans, span{})
		copy(b.spans[i+1:], b.spans[i:])
		b.spans[i] = s
		return
	}
	b.spans[i] = s
	b.spans = append(b.spans[:i+1], b.spans[j:]...)
}
