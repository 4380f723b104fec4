package pcapfile

import "io"

const (
	// chunk is how much of a stream a batch holds: about MaxBatch packets of
	// half a kilobyte, the mean of mixed traffic.
	chunk = 512 << 10
	// minWant is the least that is asked of a stream; smaller reads cost more
	// system calls than they save copying.
	minWant = 64 << 10
	// maxIdle is how often a stream may return nothing without an error, as
	// bufio does it.
	maxIdle = 100
)

// stream feeds the buffers of batches from a reader. What a batch leaves over is
// carried to the next, as its buffer is not ours any more by then.
type stream struct {
	r     io.Reader
	eager bool // r does not wait for anybody: fill buffers whole
	carry []byte
	want  int   // bytes to hold at a time, so that little is carried; at most chunk
	end   error // what r ended with
}

// begin returns buf with what was carried over in it and, if nobody has to be
// waited for, filled up.
func (s *stream) begin(buf []byte) []byte {
	if need := max(chunk, len(s.carry)); cap(buf) < need {
		buf = make([]byte, 0, need)
	}
	buf = append(buf[:0], s.carry...)
	for s.eager && s.end == nil && len(buf) < s.want {
		buf = s.read(buf, s.want)
	}
	return buf
}

// fill reads once more behind buf, of which the first used bytes are done with
// and need more make up a record. It returns the buffer and what is done with
// in it. The buffer grows only when it is full of bytes of that record.
func (s *stream) fill(buf []byte, used, need int) ([]byte, int) {
	if used > 0 {
		buf = buf[:copy(buf, buf[used:])]
	}
	if len(buf) == cap(buf) {
		grown := make([]byte, len(buf), min(2*cap(buf), max(need, chunk)))
		copy(grown, buf)
		buf = grown
	}
	return s.read(buf, max(s.want, min(need, cap(buf)))), 0
}

// read reads once, up to a length of limit.
func (s *stream) read(buf []byte, limit int) []byte {
	limit = min(limit, cap(buf))
	if limit <= len(buf) {
		limit = cap(buf)
	}
	for range maxIdle {
		n, err := s.r.Read(buf[len(buf):limit])
		buf = buf[:len(buf)+n]
		if err != nil {
			s.end = err
		}
		if n > 0 || err != nil {
			return buf
		}
	}
	s.end = io.ErrNoProgress
	return buf
}

// keep carries over what lies behind the first used bytes of buf. If the batch
// was full of packets, the next read asks for no more than this one took.
func (s *stream) keep(buf []byte, used int, full bool) {
	s.carry = append(s.carry[:0], buf[used:]...)
	if full {
		s.want = max(minWant, used)
	} else {
		s.want = min(chunk, max(2*s.want, minWant))
	}
}
