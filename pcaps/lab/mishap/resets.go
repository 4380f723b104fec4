//go:build linux

package mishap

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// forged sends a RST, so many bytes before or behind the one that is waited for.
func forged(p *Pair, off int32, reasons ...string) (t Trace, err error) {
	t = Trace{Proto: TCP, From: netip.AddrPortFrom(There, 40006), To: netip.AddrPortFrom(Here, 5001),
		Packets: 1, Flags: rst, Reasons: reasons}
	c, err := p.talking(t.From, t.To)
	if err != nil {
		return t, err
	}
	defer c.Close()
	next, err := expects(c.here)
	if err != nil {
		return t, err
	}
	t.Seq = next + uint32(off)
	if err := p.forge(&t, false); err != nil {
		return t, err
	}
	return t, c.lives(off != 0)
}

// lives checks whether the connection still carries a byte to here.
func (c *talk) lives(should bool) error {
	if _, err := c.there.Write([]byte{1}); err != nil {
		return err
	}
	if err := c.here.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	_, err := io.ReadFull(c.here, make([]byte, 1))
	if (err == nil) != should {
		return fmt.Errorf("the connection lives: %t (%w)", err == nil, err)
	}
	return nil
}

// OldReset has a RST before the window.
func OldReset(p *Pair) (Trace, error) {
	return forged(p, -100_000, "TCP_OLD_SEQUENCE", "TCP_INVALID_SEQUENCE")
}

// FutureReset has a RST behind the window.
func FutureReset(p *Pair) (Trace, error) {
	return forged(p, 100_000_000, "TCP_INVALID_SEQUENCE")
}

// InexactReset has a RST in the window, but not of the next byte (RFC 5961 section
// 3.2): the kernel asks the peer whether it meant it.
func InexactReset(p *Pair) (Trace, error) { return forged(p, 1000, "TCP_RESET") }

// ExactReset has a RST that the kernel takes for the peer's. It is no loss.
func ExactReset(p *Pair) (Trace, error) {
	t := Trace{Proto: TCP, From: netip.AddrPortFrom(There, 40007), To: netip.AddrPortFrom(Here, 5002), Packets: 1, Flags: rst}
	c, err := p.talking(t.From, t.To)
	if err != nil {
		return t, err
	}
	defer c.Close()
	if t.Seq, err = expects(c.here); err != nil {
		return t, err
	}
	if err := p.forge(&t, false); err != nil {
		return t, err
	}
	return t, wasReset(c.here)
}

// wasReset waits until a socket knows.
func wasReset(c *net.TCPConn) error {
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, unix.ECONNRESET) {
		return fmt.Errorf("not reset: %w", err)
	}
	return nil
}

// CloseUnread has a process close what it has not read to the end (RFC 2525 section
// 2.17). The trace is of the RST.
func CloseUnread(p *Pair) (Trace, error) {
	return abort(p, []string{"TCP_ABORT_ON_CLOSE"}, func(c *talk) error {
		if _, err := c.there.Write([]byte("unread")); err != nil {
			return err
		}
		return hasData(c.here)
	})
}

// CloseAtOnce has a process say that it does not care what becomes of the rest
// (SO_LINGER 0).
func CloseAtOnce(p *Pair) (Trace, error) {
	// tcp_disconnect, net/ipv4/tcp.c
	return abort(p, []string{"TCP_STATE", "TCP_DISCONNECT_WITH_DATA"}, func(c *talk) error { return c.here.SetLinger(0) })
}

func abort(p *Pair, reasons []string, prepare func(*talk) error) (Trace, error) {
	t := Trace{Proto: TCP, From: netip.AddrPortFrom(Here, 5003), To: netip.AddrPortFrom(There, 40008),
		Out: true, Packets: 1, Flags: rst, Reasons: reasons}
	c, err := p.talking(t.To, t.From)
	if err != nil {
		return t, err
	}
	defer c.Close()
	if err := prepare(c); err != nil {
		return t, err
	}
	return t, errors.Join(c.here.Close(), wasReset(c.there))
}

// hasData waits until there is something to read.
func hasData(c *net.TCPConn) error {
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	return raw.Read(func(fd uintptr) bool {
		n, _, err := unix.Recvfrom(int(fd), make([]byte, 1), unix.MSG_PEEK)
		return err == nil && n > 0
	})
}
