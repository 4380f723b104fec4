//go:build linux

package owner

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"chokepoint/bpf"
	"chokepoint/pcaps/lab/netns"
)

// opened is a reader and two namespaces to have sockets in; without the means the
// test is skipped, or fails where REQUIRE_BPF=1.
func opened(t *testing.T) *Reader {
	t.Helper()
	why := ""
	r, err := Open()
	if u := (*bpf.Unavailable)(nil); errors.As(err, &u) {
		why = u.Error()
	} else if err != nil {
		t.Fatal(err)
	} else {
		t.Cleanup(func() { r.Close() })
	}
	if lacks := netns.Missing(); why == "" && len(lacks) > 0 {
		why = "needs " + strings.Join(lacks, ", ")
	}
	if why != "" {
		lack(t, why)
	}
	return r
}

// lack skips the test, or fails where REQUIRE_BPF=1.
func lack(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("REQUIRE_BPF") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}

func space(t *testing.T, name string) (*netns.NS, uint32) {
	t.Helper()
	n, err := netns.New(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	var st unix.Stat_t
	if err := unix.Stat(n.Path(), &st); err != nil {
		t.Fatal(err)
	}
	return n, uint32(st.Ino)
}

// in lists the sockets of a namespace.
func in(t *testing.T, r *Reader, space uint32) (all []Socket) {
	t.Helper()
	if err := r.Sockets(func(s Socket) {
		if s.Netns == space {
			all = append(all, s)
		}
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// the one socket of a list with these ends; "" is no remote end.
func the(t *testing.T, all []Socket, proto uint8, local, remote string) Socket {
	t.Helper()
	l, rm := netip.MustParseAddrPort(local), netip.AddrPort{}
	var to [16]byte
	if remote != "" {
		rm = netip.MustParseAddrPort(remote)
		to = rm.Addr().As16()
	}
	var found []Socket
	for _, s := range all {
		if s.Proto == proto && s.Local == l.Addr().As16() && s.LocalPort == l.Port() && s.Remote == to && s.RemotePort == rm.Port() {
			found = append(found, s)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d sockets of protocol %d with %s -> %q among %+v", len(found), proto, local, remote, all)
	}
	return found[0]
}

func comm(t *testing.T, pid uint32) string {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// pair is a connection over loopback, both ends kept open by the test.
func pair(t *testing.T, ns *netns.NS, at string) (here, there net.Conn, l net.Listener) {
	t.Helper()
	l = must(ns.Listen("tcp", netip.MustParseAddrPort(at)))(t)
	here = must(ns.Dial(context.Background(), "tcp", netip.AddrPort{}, netip.MustParseAddrPort(l.Addr().String())))(t)
	there = must(l.Accept())(t)
	t.Cleanup(func() { here.Close(); there.Close(); l.Close() })
	return here, there, l
}

func inside(t *testing.T, ns *netns.NS, f func() error) {
	t.Helper()
	if err := ns.Do(f); err != nil {
		t.Fatal(err)
	}
}

// cookie asks the kernel by the other way (SO_COOKIE, socket(7)).
func cookie(t *testing.T, c syscall.Conn) (v uint64) {
	t.Helper()
	rc := must(c.SyscallConn())(t)
	if err := rc.Control(func(fd uintptr) { v, _ = unix.GetsockoptUint64(int(fd), unix.SOL_SOCKET, unix.SO_COOKIE) }); err != nil {
		t.Fatal(err)
	}
	return v
}
