package talk

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"chokepoint/pcaps/lab/peer"
)

// Stream is what a client speaks on a connection: [TLS], [HTTP], [MTProto] or
// [Noise].
type Stream interface {
	// open begins it and returns who plays turns on it.
	open(ctx context.Context, c net.Conn) (voice, error)
}

// Client opens conversations on a host. It may be used by many goroutines.
type Client struct {
	Net  peer.Net
	From netip.AddrPort // local address, if valid
	// Connect is how long it waits for a connection, and Timeout how long for a
	// sign of life in a handshake or when an answer is due; 10 s when 0.
	Connect, Timeout time.Duration
	// RecvBuffer is SO_RCVBUF, bytes: the windows after the first, which comes with
	// the handshake, are no larger. 0 leaves it to the kernel.
	RecvBuffer int
	Congestion string // of its own sending, as [Turn.Congestion]
	// KeepAlive is how long a connection is idle before the kernel probes it, and
	// between probes, in whole seconds (RFC 9293 section 3.8.4); 0 never.
	KeepAlive time.Duration
	Leave     Leave
}

// Leave is how a client leaves when its turns are over.
type Leave uint8

// The ways to leave. In the middle of an answer Bye is Hasty.
const (
	Bye    Leave = iota // close_notify in TLS, FIN, waits for the server's, closes
	Hasty               // closes at once: what the server still says draws a reset
	Reset               // closes with SO_LINGER 0: RST|ACK
	Kill                // closes with an answer unread, as the kernel for a process that was killed: RST|ACK
	Remain              // stays until ctx or the server ends it
)

const (
	patient = 10 * time.Second
	// byeWait is how long a client that left waits for the server's FIN.
	byeWait = 2 * time.Second
	// forever is longer than anything plays.
	forever = 24 * time.Hour
)

// Open connects to a server, begins a stream, plays turns on it and leaves. An
// error is what the application met, and in which phase: errors of the kernel, as
// ECONNRESET, timeouts, [os.ErrDeadlineExceeded], and io.EOF where the server closed.
// When ctx ends, all ends at once, with its error; a client that remains has none.
func (c *Client) Open(ctx context.Context, to netip.AddrPort, s Stream, turns ...Turn) error {
	l, err := c.dial(ctx, to)
	if err != nil {
		return err
	}
	defer l.Close()
	defer l.patience.stop()
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	err = c.converse(ctx, l, s, turns)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func (c *Client) dial(ctx context.Context, to netip.AddrPort) (*line, error) {
	ctx, cancel := context.WithTimeout(ctx, or(c.Connect, patient))
	defer cancel()
	conn, err := c.Net.Dial(ctx, "tcp", c.From, to)
	if errors.Is(err, context.DeadlineExceeded) {
		err = os.ErrDeadlineExceeded // which of the two comes first is chance
	}
	if err != nil {
		return nil, fmt.Errorf("connect: %w", plain(err))
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		conn.Close()
		return nil, fmt.Errorf("connect: %T is no socket", conn)
	}
	if err := c.options(tcp); err != nil {
		tcp.Close()
		return nil, fmt.Errorf("connect: %w", err)
	}
	return newLine(tcp, or(c.Timeout, patient)), nil
}

func (c *Client) options(tcp *net.TCPConn) error {
	err := errors.Join(buffers(tcp, c.RecvBuffer, 0), congestion(tcp, c.Congestion))
	if err == nil && c.KeepAlive > 0 {
		err = tcp.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: c.KeepAlive, Interval: c.KeepAlive})
	}
	return err
}

func or(d, instead time.Duration) time.Duration {
	if d == 0 {
		return instead
	}
	return d
}

// converse is everything on an open connection.
func (c *Client) converse(ctx context.Context, l *line, s Stream, turns []Turn) error {
	l.patience.start(0)
	v, err := s.open(ctx, l)
	l.patience.stop()
	if err != nil {
		return fmt.Errorf("handshake: %w", plain(err))
	}
	err = play(ctx, v, &l.patience, turns)
	switch {
	case errors.Is(err, errEnough):
		return c.leave(ctx, l, v, true)
	case err != nil:
		return err
	case len(turns) > 0 && turns[len(turns)-1].End != Stay && turns[len(turns)-1].End != Hang:
		return nil // the server has left
	}
	return c.leave(ctx, l, v, false)
}

// leave leaves; early is in the middle of an answer. HTTP/2 closes by itself when
// the server was first.
func (c *Client) leave(ctx context.Context, l *line, v voice, early bool) error {
	tcp := under(l)
	switch {
	case c.Leave == Remain:
		if err := v.idle(ctx, forever); err != nil && ctx.Err() == nil {
			return fmt.Errorf("at rest: %w", plain(err))
		}
		return nil
	case c.Leave == Reset:
		return reset(tcp)
	case c.Leave == Kill:
		return kill(ctx, tcp, v, early)
	case c.Leave == Hasty || early:
		v.hangUp()
		return closed(tcp.Close())
	}
	v.hangUp()
	if err := closed(tcp.CloseWrite()); err != nil {
		return fmt.Errorf("bye: %w", plain(err))
	}
	_ = v.idle(ctx, byeWait) // the end it waits for
	return closed(tcp.Close())
}

func closed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// kill closes as soon as something is unread.
func kill(ctx context.Context, tcp *net.TCPConn, v voice, early bool) error {
	if _, reads := v.(*h2); reads {
		return reset(tcp) // HTTP/2 leaves nothing unread; on the wire it is the same
	}
	if !early {
		const unread = 4000
		if err := v.ask(ctx, Turn{Ask: 200, Answer: unread}); err != nil {
			return fmt.Errorf("kill: %w", plain(err))
		}
	}
	if err := queued(ctx, tcp, unix.TIOCINQ, some); err != nil {
		return fmt.Errorf("kill: %w", err)
	}
	return tcp.Close()
}
