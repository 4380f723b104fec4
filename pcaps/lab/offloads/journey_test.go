//go:build linux

package offloads

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"chokepoint/pcaps/lab/netns"
)

const (
	port = 8443
	// pace is how fast either side sends at most, bytes/s: a capture that cannot keep
	// up would compare nothing.
	pace = 80 << 20
)

// journey is one connection and what it goes through.
type journey struct {
	name    string
	offload offload
	six     bool // IPv6
	plain   bool // no TCP timestamps
	big     bool // BIG TCP
	both    bool // at once, not one after the other
	lose    int  // one in so many long packets, 0 none
	bytes   int  // each way
}

// told is what the kernel says of a connection's ends.
type told struct{ client, server unix.TCPInfo }

// travel makes the connection. When it returns, the last packet has passed.
func (r *road) travel(t *testing.T, j *journey, from uint16) (end time.Time, info told) {
	t.Helper()
	at := netip.AddrPortFrom(servers[j.six], port)
	l, err := r.server.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan net.Conn, 1)
	go func() {
		c, _ := l.Accept()
		accepted <- c
	}()
	c, err := r.client.Dial(t.Context(), "tcp", netip.AddrPortFrom(clients[j.six], from), at)
	if err != nil {
		t.Fatal(err)
	}
	s := <-accepted
	l.Close()
	if s == nil {
		t.Fatal("nobody accepted")
	}
	client, server := c.(*net.TCPConn), s.(*net.TCPConn)
	defer client.Close()
	defer server.Close()
	done := make(chan error, 1)
	go func() { done <- j.talk(server, false) }()
	if err := errors.Join(j.talk(client, true), <-done); err != nil {
		t.Fatal(err)
	}
	poll(t, "the last acknowledgement", func() bool { return !r.alive(r.server) && !r.alive(r.client) })
	return time.Now(), told{infoOf(t, client), infoOf(t, server)}
}

// talk sends and hears what there is to be sent, and closes; the client first.
func (j *journey) talk(c *net.TCPConn, first bool) error {
	if err := errors.Join(slow(c), c.SetDeadline(time.Now().Add(patience))); err != nil {
		return err
	}
	send := func() error { _, err := c.Write(make([]byte, j.bytes)); return err }
	hear := func() error { _, err := io.CopyN(io.Discard, c, int64(j.bytes)); return err }
	switch {
	case j.both:
		sent := make(chan error, 1)
		go func() { sent <- send() }()
		if err := errors.Join(hear(), <-sent); err != nil {
			return err
		}
	case first:
		if err := errors.Join(send(), hear()); err != nil {
			return err
		}
	default:
		if err := errors.Join(hear(), send()); err != nil {
			return err
		}
	}
	if first {
		if err := c.CloseWrite(); err != nil {
			return err
		}
	}
	_, err := c.Read(make([]byte, 1))
	if !errors.Is(err, io.EOF) {
		return errors.Join(errors.New("more than was sent"), err)
	}
	if !first {
		return c.CloseWrite()
	}
	return nil
}

// slow bounds the speed of a socket.
func slow(c *net.TCPConn) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	e := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_MAX_PACING_RATE, pace) })
	return errors.Join(e, err)
}

// alive reports whether a host still has a connection for which something may be
// sent: one that does not just wait for its time to be over.
func (r *road) alive(ns *netns.NS) (yes bool) {
	const stateAt, timeWait = 3, "06" // of a line of /proc/net/tcp (TCP_TIME_WAIT, net/tcp_states.h)
	err := ns.Do(func() error {
		for _, file := range []string{"tcp", "tcp6"} {
			b, err := os.ReadFile("/proc/thread-self/net/" + file)
			if err != nil {
				return err
			}
			for _, line := range strings.Split(string(b), "\n")[1:] {
				f := strings.Fields(line)
				yes = yes || len(f) > stateAt && f[stateAt] != timeWait
			}
		}
		return nil
	})
	return yes || err != nil
}

func infoOf(t *testing.T, c *net.TCPConn) unix.TCPInfo {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var info *unix.TCPInfo
	e := raw.Control(func(fd uintptr) { info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO) })
	if err := errors.Join(e, err); err != nil {
		t.Fatal(err)
	}
	return *info
}
