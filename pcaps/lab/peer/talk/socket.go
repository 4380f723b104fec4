package talk

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// under returns the TCP connection that carries c.
func under(c net.Conn) *net.TCPConn {
	for {
		switch x := c.(type) {
		case *net.TCPConn:
			return x
		case interface{ NetConn() net.Conn }:
			c = x.NetConn()
		default:
			return nil
		}
	}
}

// control runs f with the descriptor of a socket.
func control(c syscall.Conn, f func(fd int) error) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = f(int(fd)) }); err != nil {
		return err
	}
	return failed
}

// congestion sets how a socket controls congestion; nothing for "".
func congestion(c syscall.Conn, name string) error {
	if name == "" {
		return nil
	}
	err := control(c, func(fd int) error { return unix.SetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION, name) })
	if err != nil {
		return fmt.Errorf("congestion control %q: %w", name, err)
	}
	return nil
}

// buffers sets SO_RCVBUF and SO_SNDBUF, bytes; nothing for 0. The kernel doubles
// them and no longer tunes them. What a listening socket has, its connections
// inherit, window scale included.
func buffers(c syscall.Conn, recv, send int) error {
	return control(c, func(fd int) error {
		if recv > 0 {
			if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, recv); err != nil {
				return err
			}
		}
		if send > 0 {
			return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, send)
		}
		return nil
	})
}

// queued waits until the amount in a queue of a socket, TIOCINQ unread or TIOCOUTQ
// unacknowledged, is as wanted, some seconds at most.
func queued(ctx context.Context, c *net.TCPConn, queue uint, wanted func(bytes int) bool) error {
	const look, patience = time.Millisecond, 5 * time.Second
	for begun := time.Now(); time.Since(begun) < patience; {
		n := 0
		err := control(c, func(fd int) (err error) {
			n, err = unix.IoctlGetInt(fd, queue)
			return err
		})
		if err != nil {
			return err
		}
		if wanted(n) {
			return nil
		}
		if err := pause(ctx, look); err != nil {
			return err
		}
	}
	return os.ErrDeadlineExceeded
}

// dead reports whether a connection at whose end a reader has come was reset. The
// kernel tells that once, and a writer may have been the one it told; after a FIN
// alone the state is another.
func dead(c *net.TCPConn) bool {
	const tcpClose = 7 // TCP_CLOSE, include/net/tcp_states.h
	state := uint8(0)
	err := control(c, func(fd int) error {
		info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if err == nil {
			state = info.State
		}
		return err
	})
	return err == nil && state == tcpClose
}

func none(n int) bool { return n == 0 }
func some(n int) bool { return n > 0 }

// reset closes with SO_LINGER 0. Whatever is not acknowledged is lost.
func reset(c *net.TCPConn) error { return closed(errors.Join(c.SetLinger(0), c.Close())) }

// plain takes the addresses off an error: what was met is the same on each run.
func plain(err error) error {
	var op *net.OpError
	if !errors.As(err, &op) || op.Source == nil && op.Addr == nil {
		return err
	}
	var call *os.SyscallError
	if errors.As(op.Err, &call) {
		return call.Err
	}
	return op.Err
}
