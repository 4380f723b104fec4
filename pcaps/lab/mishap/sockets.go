//go:build linux

package mishap

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"chokepoint/pcaps/lab/netns"
)

// TCP flags (RFC 9293 section 3.1).
const (
	syn = 0x02
	rst = 0x04
)

// knock sends the SYN of a connection and forgets about it.
func knock(n *netns.NS, from, to netip.AddrPort) error {
	return n.Do(func() error {
		family := unix.AF_INET
		if to.Addr().Is6() {
			family = unix.AF_INET6
		}
		s, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(s)
		if err := unix.Bind(s, sockaddr(from)); err != nil {
			return os.NewSyscallError("bind", err)
		}
		if err := unix.Connect(s, sockaddr(to)); !errors.Is(err, unix.EINPROGRESS) {
			return fmt.Errorf("connect does not wait, but says %w", err)
		}
		return nil
	})
}

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
}

// send sends datagrams. That they are dropped on the way out is no error, and one
// may learn of an earlier one that nobody took it.
func send(n *netns.NS, from, to netip.AddrPort, datagrams, size int) error {
	c, err := n.ListenPacket("udp", from)
	if err != nil {
		return err
	}
	defer c.Close()
	for range datagrams {
		_, err := c.WriteTo(make([]byte, size), net.UDPAddrFromAddrPort(to))
		if err != nil && !errors.Is(err, unix.ECONNREFUSED) && !errors.Is(err, unix.EPERM) {
			return err
		}
	}
	return nil
}

// receive waits for so many datagrams.
func receive(c net.PacketConn, datagrams int) error {
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	for range datagrams {
		if _, _, err := c.ReadFrom(make([]byte, 1<<16)); err != nil {
			return err
		}
	}
	return nil
}

// talk is an established connection from there to here.
type talk struct {
	here, there *net.TCPConn
}

// Close ends it without another packet.
func (c *talk) Close() error {
	return errors.Join(quiet(c.here), quiet(c.there))
}

// quiet closes a socket as if the host had never had it.
func quiet(c *net.TCPConn) error {
	raw, err := c.SyscallConn()
	if err == nil {
		// It fails on what is closed already.
		_ = raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_REPAIR, 1) })
	}
	if err := c.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// talking connects.
func (p *Pair) talking(from, to netip.AddrPort) (*talk, error) {
	l, err := p.Here.Listen("tcp", to)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	there, err := p.There.Dial(ctx, "tcp", from, to)
	if err != nil {
		return nil, err
	}
	here, err := l.Accept()
	if err != nil {
		there.Close()
		return nil, err
	}
	return &talk{here: here.(*net.TCPConn), there: there.(*net.TCPConn)}, nil
}

// recvQueue is TCP_RECV_QUEUE (linux/tcp.h).
const recvQueue = 1

// expects returns the sequence number of the next byte that a socket waits for. The
// kernel tells who repairs a connection (tcp_repair, CRIU).
func expects(c *net.TCPConn) (seq uint32, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	e := raw.Control(func(fd uintptr) {
		s, v := int(fd), 0
		err = errors.Join(unix.SetsockoptInt(s, unix.IPPROTO_TCP, unix.TCP_REPAIR, 1),
			unix.SetsockoptInt(s, unix.IPPROTO_TCP, unix.TCP_REPAIR_QUEUE, recvQueue))
		if err == nil {
			v, err = unix.GetsockoptInt(s, unix.IPPROTO_TCP, unix.TCP_QUEUE_SEQ)
			seq = uint32(v)
		}
		err = errors.Join(err, unix.SetsockoptInt(s, unix.IPPROTO_TCP, unix.TCP_REPAIR, unix.TCP_REPAIR_OFF_NO_WP))
	})
	return seq, errors.Join(err, e)
}
