package call

import (
	"net"
	"os"
	"sync"
	"time"
)

// inbox is a queue of datagrams, as a socket's. What finds it full is lost.
type inbox struct {
	queue  chan []byte
	closed chan struct{}
	once   sync.Once
	idle   time.Duration // after which nobody is expected any more; 0 never
}

func newInbox(idle time.Duration) *inbox {
	return &inbox{queue: make(chan []byte, 256), closed: make(chan struct{}), idle: idle}
}

func (i *inbox) put(b []byte) {
	select {
	case i.queue <- append([]byte(nil), b...):
	default:
	}
}

// Read takes a datagram. To be idle for too long closes the inbox.
func (i *inbox) Read(b []byte) (int, error) {
	var idle <-chan time.Time
	if i.idle > 0 {
		t := time.NewTimer(i.idle)
		defer t.Stop()
		idle = t.C
	}
	select {
	case <-i.closed:
		return 0, net.ErrClosed
	case <-idle:
		i.Close()
		return 0, os.ErrDeadlineExceeded
	case d := <-i.queue:
		return copy(b, d), nil
	}
}

// Close ends reading, now and from now on.
func (i *inbox) Close() error {
	i.once.Do(func() { close(i.closed) })
	return nil
}

// end is one end of a path within the process or to a socket: an inbox, and where
// the other end's is.
type end struct {
	*inbox
	out func([]byte) error
}

func (e end) Write(b []byte) (int, error) { return len(b), e.out(b) }

// packetEnd is an end as pion wants its sockets.
type packetEnd struct {
	end
	local, remote net.Addr
}

func (e packetEnd) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := e.Read(b)
	return n, e.remote, err
}

func (e packetEnd) WriteTo(b []byte, _ net.Addr) (int, error) { return e.Write(b) }
func (e packetEnd) LocalAddr() net.Addr                       { return e.local }
func (packetEnd) SetDeadline(time.Time) error                 { return nil }
func (packetEnd) SetReadDeadline(time.Time) error             { return nil }
func (packetEnd) SetWriteDeadline(time.Time) error            { return nil }
