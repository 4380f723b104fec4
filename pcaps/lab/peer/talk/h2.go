package talk

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"golang.org/x/net/http2"
)

// watched is a connection that tells when it cannot be read any more: HTTP/2 reads
// it on its own.
type watched struct {
	net.Conn
	once sync.Once
	gone chan struct{}
	err  error // valid when gone is closed
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	if err != nil {
		w.once.Do(func() { w.err = err; close(w.gone) })
	}
	return n, err
}

// h2 is a client that speaks HTTP/2.
type h2 struct {
	c    *watched
	cc   http.RoundTripper
	host string
	ctx  context.Context // of the question
}

func newH2(c *tls.Conn, host string) (voice, error) {
	w := &watched{Conn: c, gone: make(chan struct{})}
	cc, err := (&http2.Transport{DisableCompression: true}).NewClientConn(w) //nolint:staticcheck // net/http has it for connections only that it dials
	if err != nil {
		return nil, err
	}
	return &h2{c: w, cc: cc, host: host}, nil
}

func (h *h2) idle(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-h.c.gone:
		return h.c.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ask does nothing yet: HTTP/2 asks and hears at once.
func (h *h2) ask(ctx context.Context, _ Turn) error {
	h.ctx = ctx
	return nil
}

func (h *h2) hear(t Turn) (io.Reader, error) {
	req, err := request(h.ctx, "https", h.host, "", t)
	if err != nil {
		return nil, err
	}
	if n := req.ContentLength; n > 0 {
		r, w := io.Pipe() // the transport closes r
		req.Body = r
		go func() { w.CloseWithError(write(h.ctx, w, nil, noise(), int(n), t.AskPace)) }()
	}
	res, err := h.cc.RoundTrip(req)
	if err != nil {
		return nil, h.cause(err)
	}
	return body{res.Body, h}, expected(res, t)
}

// cause prefers what ended the connection to what HTTP/2 makes of it.
func (h *h2) cause(err error) error {
	select {
	case <-h.c.gone:
		if !errors.Is(h.c.err, os.ErrClosed) && !errors.Is(h.c.err, net.ErrClosed) {
			return h.c.err
		}
	default:
	}
	return err
}

type body struct {
	io.Reader
	h *h2
}

func (b body) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = b.h.cause(err)
	}
	return n, err
}

func (h *h2) hangUp() { hangUp(h.c.Conn) }
