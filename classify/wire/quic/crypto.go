package quic

import (
	"bytes"
	"slices"
)

const (
	// MaxCrypto is how many bytes of the CRYPTO stream are held. Hellos with
	// post-quantum key shares are below 2 KiB.
	MaxCrypto = 16 << 10
	// maxSpans bounds the pieces between which there are holes. Chrome cuts a
	// hello into some ten pieces and shuffles them.
	maxSpans = 64
)

// span is a run of bytes that are there: from inclusive, to exclusive.
type span struct{ from, to uint16 }

// stream puts the bytes of CRYPTO frames into place. Of bytes that come twice
// the first count.
type stream struct {
	buf      []byte // as long as the highest byte that came
	spans    []span // in order, with holes between them
	conflict bool   // a byte came again and was another
}

// reset forgets the bytes but keeps the memory.
func (s *stream) reset() {
	*s = stream{buf: s.buf[:0], spans: s.spans[:0]}
}

// head returns what is there from the first byte on.
func (s *stream) head() []byte {
	if len(s.spans) == 0 || s.spans[0].from > 0 {
		return nil
	}
	return s.buf[:s.spans[0].to]
}

// compare returns how many of the bytes are there already and alike, and
// whether one is there that differs.
func (s *stream) compare(offset uint64, data []byte) (alike int, differs bool) {
	if offset >= MaxCrypto {
		return 0, false
	}
	from, to := int(offset), min(int(offset)+len(data), MaxCrypto)
	for _, have := range s.spans {
		a, b := max(from, int(have.from)), min(to, int(have.to))
		if a >= b {
			continue
		}
		if !bytes.Equal(s.buf[a:b], data[a-from:b-from]) {
			return alike, true
		}
		alike += b - a
	}
	return alike, false
}

// put adds a frame as far as it lies within the first limit bytes.
func (s *stream) put(offset uint64, data []byte, limit int) {
	if offset >= uint64(limit) || len(data) == 0 {
		return
	}
	from, to := int(offset), min(int(offset)+len(data), limit)
	if _, differs := s.compare(offset, data[:to-from]); differs {
		s.conflict = true
	}
	// Spans i to j-1 touch the new one and become one with it.
	i, j := 0, len(s.spans)
	for i < j && int(s.spans[i].to) < from {
		i++
	}
	for j > i && int(s.spans[j-1].from) > to {
		j--
	}
	if i == j && len(s.spans) == maxSpans {
		return
	}
	s.grow(to)
	at, merged := from, span{uint16(from), uint16(to)}
	for _, have := range s.spans[i:j] {
		if a := int(have.from); at < a {
			copy(s.buf[at:a], data[at-from:])
		}
		at = max(at, int(have.to))
		merged = span{min(merged.from, have.from), max(merged.to, have.to)}
	}
	if at < to {
		copy(s.buf[at:to], data[at-from:])
	}
	s.spans = slices.Replace(s.spans, i, j, merged)
}

// grow makes the buffer n bytes long at least. Whatever lies in a hole is
// overwritten before it is read.
func (s *stream) grow(n int) {
	if n <= len(s.buf) {
		return
	}
	s.buf = slices.Grow(s.buf, n-len(s.buf))[:n]
}
