package talk

import (
	"io"
	"net"
)

// framed is a stream whose bytes travel in messages.
type framed struct {
	net.Conn
	pack   func(message []byte) error // writes one
	unpack func() ([]byte, error)     // reads the next; valid until the one after
	rest   []byte                     // of the message that is being read
}

// NetConn returns what is below.
func (f *framed) NetConn() net.Conn { return f.Conn }

func (f *framed) Write(b []byte) (int, error) {
	if err := f.pack(b); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (f *framed) Read(b []byte) (int, error) {
	for len(f.rest) == 0 {
		m, err := f.unpack()
		if err != nil {
			return 0, err
		}
		f.rest = m
	}
	n := copy(b, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

// filled reads n bytes into a buffer that grows.
func filled(r io.Reader, buf *[]byte, n int) ([]byte, error) {
	if cap(*buf) < n {
		*buf = make([]byte, n)
	}
	b := (*buf)[:n]
	_, err := io.ReadFull(r, b)
	return b, err
}

// begun is a connection whose first bytes were read already.
type begun struct {
	net.Conn
	head []byte
}

// NetConn returns what is below.
func (c *begun) NetConn() net.Conn { return c.Conn }

func (c *begun) Read(b []byte) (int, error) {
	if len(c.head) > 0 {
		n := copy(b, c.head)
		c.head = c.head[n:]
		return n, nil
	}
	return c.Conn.Read(b)
}
