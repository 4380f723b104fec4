//go:build linux

package testimony

import (
	"net/netip"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"chokepoint/pcaps/lab/mishap"
	"chokepoint/pcaps/lab/netns"
)

// me checks the process of a connection.
func me(t *testing.T, e *Event) {
	t.Helper()
	comm, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		t.Fatal(err)
	}
	if name := strings.TrimRight(string(e.Comm[:]), "\x00"); e.PID != uint32(os.Getpid()) || name+"\n" != string(comm) || e.Cgroup == 0 || e.Cookie == 0 {
		t.Errorf("process %d %q (cgroup %d, socket %d), not %d %q", e.PID, name, e.Cgroup, e.Cookie, os.Getpid(), comm)
	}
}

// TestConnect: who connects is told, and by which port, whether anybody answers or
// not; what is accepted is not.
func TestConnect(t *testing.T) {
	for _, x := range []struct {
		name   string
		to     netip.AddrPort
		listen bool
		mapped bool
	}{
		{"IPv4", netip.AddrPortFrom(mishap.There, 6001), true, false},
		{"IPv6", netip.AddrPortFrom(mishap.There6, 6002), true, false},
		{"IPv4 by a socket of IPv6", netip.AddrPortFrom(mishap.There, 6003), true, true},
		{"refused", netip.AddrPortFrom(mishap.There, 6004), false, false},
		{"refused by IPv6", netip.AddrPortFrom(mishap.There6, 6005), false, false},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			pair := laid(t)
			h := hear(t, Config{}, pair.Here)
			if x.listen {
				l, err := pair.There.Listen("tcp", x.to)
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
			}
			local, cookie := dial(t, pair.Here, x.to, x.mapped, x.listen)
			begun := h.await(Connect, netip.AddrPortFrom(local.Addr(), 0), x.to, 1)[0]
			done := h.await(Connected, local, x.to, 1)[0]
			me(t, begun)
			if begun.Cookie != cookie || done.Cookie != cookie || begun.Proto != mishap.TCP || !begun.Out || !done.Out || done.PID != 0 {
				t.Errorf("socket %d, but began %+v, ended %+v", cookie, *begun, *done)
			}
			if begun.Time == 0 || begun.Time > done.Time {
				t.Errorf("began at %d, ended at %d", begun.Time, done.Time)
			}
			h.never(Drop, ResetSent)
			h.clean()
		})
	}
}

// TestAccepted: a connection from elsewhere is nobody's here.
func TestAccepted(t *testing.T) {
	t.Parallel()
	pair := laid(t)
	h := hear(t, Config{}, pair.Here)
	both := hear(t, Config{}, pair.There)
	l, err := pair.Here.Listen("tcp", netip.AddrPortFrom(mishap.Here, 6010))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	local, _ := dial(t, pair.There, netip.AddrPortFrom(mishap.Here, 6010), false, true)
	both.await(Connected, local, netip.AddrPortFrom(mishap.Here, 6010), 1)
	h.never(Connect, Connected)
}

// TestConnectBound: a port that the process has chosen is told from the beginning.
func TestConnectBound(t *testing.T) {
	t.Parallel()
	pair := laid(t)
	h := hear(t, Config{}, pair.There)
	did := made(t, pair, mishap.ClosedPort)
	me(t, h.await(Connect, did.From, did.To, 1)[0])
	h.await(Connected, did.From, did.To, 1)
}

// dial connects from an ephemeral port and tells which, and the socket's cookie.
func dial(t *testing.T, n *netns.NS, to netip.AddrPort, mapped, answered bool) (local netip.AddrPort, cookie uint64) {
	t.Helper()
	err := n.Do(func() error {
		family, sa := unix.AF_INET, unix.Sockaddr(&unix.SockaddrInet4{Port: int(to.Port())})
		if to.Addr().Is6() || mapped {
			family, sa = unix.AF_INET6, &unix.SockaddrInet6{Port: int(to.Port()), Addr: to.Addr().As16()}
		} else {
			sa.(*unix.SockaddrInet4).Addr = to.Addr().As4()
		}
		s, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(s)
		if err := unix.Connect(s, sa); (err == nil) != answered {
			t.Errorf("connect: %v", err)
		}
		if local, err = name(s); err != nil { // a socket that was refused still has its port
			return err
		}
		cookie, err = unix.GetsockoptUint64(s, unix.SOL_SOCKET, unix.SO_COOKIE)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !local.Addr().IsUnspecified() {
		return local, cookie
	}
	if to.Addr().Is6() {
		return netip.AddrPortFrom(mishap.Here6, local.Port()), cookie
	}
	return netip.AddrPortFrom(mishap.Here, local.Port()), cookie
}

// name is a socket's own address.
func name(s int) (netip.AddrPort, error) {
	sa, err := unix.Getsockname(s)
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port)), err
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr).Unmap(), uint16(sa.Port)), err
	}
	return netip.AddrPort{}, err
}
