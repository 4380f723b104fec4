package talk

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
)

// h2server is the server's side of an HTTP/2 connection, of which a client asks one
// thing at a time.
type h2server struct {
	c        *metered
	hung     atomic.Bool
	answered atomic.Int64 // bytes of content
}

// answerH2 is [Answer] in HTTP/2.
func answerH2(ctx context.Context, c net.Conn, idle time.Duration) {
	s := &h2server{c: &metered{Conn: c}}
	//nolint:staticcheck // net/http has it for whole listeners only
	(&http2.Server{IdleTimeout: idle}).ServeConn(s.c, &http2.ServeConnOpts{Context: ctx, Handler: s})
}

func (s *h2server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	ctx := req.Context()
	if s.hung.Load() {
		<-ctx.Done()
		return
	}
	t, err := wanted(req)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if _, err := io.Copy(io.Discard, req.Body); err != nil || ready(ctx, s.c, t) != nil {
		return
	}
	s.hung.Store(t.End == Hang) // the next question may come before this is over
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(t.Answer))
	if write(ctx, flushed{w, http.NewResponseController(w)}, nil, noise(), t.Answer, t.Pace) != nil {
		return
	}
	owed := s.answered.Add(int64(t.Answer))
	if t.End == Stay || t.End == Hang || s.c.await(ctx, owed) != nil {
		return
	}
	if t.End == Abort {
		t.End = Linger
	}
	_ = end(ctx, s.c, t.End) // the client sees how it ended
}

// flushed sends each piece when it is written.
type flushed struct {
	http.ResponseWriter
	*http.ResponseController
}

func (f flushed) Write(b []byte) (int, error) {
	n, err := f.ResponseWriter.Write(b)
	if err != nil {
		return n, fmt.Errorf("http/2: %w", err)
	}
	return n, f.ResponseController.Flush()
}

// metered counts the content that has left a server: a frame that http2 calls
// written, and flushed, may still be in its buffer.
type metered struct {
	net.Conn
	content atomic.Int64

	head  [frameHead]byte // of the frame being written
	had   int             // bytes of head
	left  int             // bytes of its payload to come
	inner bool            // which is content
}

// frameHead is the length of a frame's head: length 3, type, flags, stream 4
// (RFC 9113 section 4.1).
const frameHead = 9

// NetConn returns what is below.
func (m *metered) NetConn() net.Conn { return m.Conn }

func (m *metered) Write(b []byte) (int, error) {
	n, err := m.Conn.Write(b)
	m.count(b[:n])
	return n, err
}

func (m *metered) count(b []byte) {
	for len(b) > 0 {
		if m.left > 0 {
			n := min(m.left, len(b))
			if m.inner {
				m.content.Add(int64(n))
			}
			m.left, b = m.left-n, b[n:]
			continue
		}
		n := copy(m.head[m.had:], b)
		m.had, b = m.had+n, b[n:]
		if m.had == frameHead {
			m.had = 0
			m.left = int(binary.BigEndian.Uint32(m.head[:]) >> 8)
			m.inner = http2.FrameType(m.head[3]) == http2.FrameData
		}
	}
}

// await waits until so much content has left.
func (m *metered) await(ctx context.Context, content int64) error {
	for m.content.Load() < content {
		if err := pause(ctx, time.Millisecond); err != nil {
			return err
		}
	}
	return ctx.Err()
}
