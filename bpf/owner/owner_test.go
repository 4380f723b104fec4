//go:build linux

package owner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const udp = 17

// TestOwn: all kinds of sockets of this process.
func TestOwn(t *testing.T) {
	r := opened(t)
	ns, id := space(t, "own")
	here4, there4, l4 := pair(t, ns, "127.0.0.1:0")
	here6, there6, l6 := pair(t, ns, "[::1]:0")
	var mapped, plain, far, raw net.PacketConn
	var to net.Conn
	inside(t, ns, func() (err error) {
		// 'udp' on the wildcard is one IPv6 socket for both families.
		if mapped, err = net.ListenPacket("udp", ":0"); err != nil {
			return err
		}
		if plain, err = net.ListenPacket("udp4", "127.0.0.1:0"); err != nil {
			return err
		}
		if far, err = net.ListenPacket("udp6", "[::1]:0"); err != nil {
			return err
		}
		if raw, err = net.ListenPacket("ip4:17", "127.0.0.1"); err != nil {
			return err
		}
		to, err = net.Dial("udp", far.LocalAddr().String())
		return err
	})
	defer func() { mapped.Close(); plain.Close(); far.Close(); raw.Close(); to.Close() }()

	all := in(t, r, id)
	me := uint32(os.Getpid())
	cookies := map[uint64]bool{}
	for _, s := range all {
		if s.PID != me || s.Comm != comm(t, me) || s.Cookie == 0 || cookies[s.Cookie] {
			t.Errorf("not of this process, or not apart: %+v", s)
		}
		cookies[s.Cookie] = true
	}
	the(t, all, tcp, l4.Addr().String(), "")
	the(t, all, tcp, here4.LocalAddr().String(), here4.RemoteAddr().String())
	the(t, all, tcp, there4.LocalAddr().String(), there4.RemoteAddr().String())
	the(t, all, tcp, l6.Addr().String(), "")
	the(t, all, tcp, here6.LocalAddr().String(), here6.RemoteAddr().String())
	the(t, all, tcp, there6.LocalAddr().String(), there6.RemoteAddr().String())
	the(t, all, udp, mapped.LocalAddr().String(), "")
	the(t, all, udp, plain.LocalAddr().String(), "")
	the(t, all, udp, far.LocalAddr().String(), "")
	if s := the(t, all, udp, to.LocalAddr().String(), to.RemoteAddr().String()); s.Cookie != cookie(t, to.(*net.UDPConn)) {
		t.Errorf("cookie: %+v", s)
	}
	if len(all) != 10 { // not the raw one, though its protocol is UDP
		t.Errorf("%d sockets: %+v", len(all), all)
	}
}

// TestMapped: IPv4 through an IPv6 socket has the same addresses as IPv4.
func TestMapped(t *testing.T) {
	r := opened(t)
	ns, id := space(t, "mapped")
	here, there, _ := pair(t, ns, "[::]:0")
	here4 := must(ns.Dial(context.Background(), "tcp4", netip.AddrPort{}, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port(there.LocalAddr()))))(t)
	defer here4.Close()
	all := in(t, r, id)
	the(t, all, tcp, here4.LocalAddr().String(), here4.RemoteAddr().String())
	the(t, all, tcp, here.LocalAddr().String(), here.RemoteAddr().String())
}

// TestMultipath: Go listens for multipath TCP unless told otherwise; who has such a
// connection is told as of TCP.
func TestMultipath(t *testing.T) {
	r := opened(t)
	ns, id := space(t, "multipath")
	if err := ns.Sysctl("net.mptcp.enabled", "1"); err != nil {
		t.Logf("without multipath TCP: %v", err) // then it is plain TCP, and as good
	}
	var l net.Listener
	var c net.Conn
	inside(t, ns, func() (err error) {
		if l, err = net.Listen("tcp4", "127.0.0.1:0"); err != nil {
			return err
		}
		d := net.Dialer{}
		d.SetMultipathTCP(true)
		c, err = d.Dial("tcp4", l.Addr().String())
		return err
	})
	defer func() { c.Close(); l.Close() }()
	all := in(t, r, id)
	the(t, all, tcp, l.Addr().String(), "")
	if s := the(t, all, tcp, c.LocalAddr().String(), c.RemoteAddr().String()); s.PID != uint32(os.Getpid()) {
		t.Errorf("%+v", s)
	}
}

// TestOther: another process, in another namespace; ours sees no socket of it.
func TestOther(t *testing.T) {
	r := opened(t)
	ns, id := space(t, "other")
	_, empty := space(t, "empty")
	pid, line := start(t, ns, "talker")
	var ports []uint16
	if err := json.Unmarshal([]byte(line), &ports); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	all := in(t, r, id)
	s := the(t, all, tcp, fmt.Sprintf("127.0.0.1:%d", ports[0]), fmt.Sprintf("127.0.0.1:%d", ports[1]))
	if s.PID != pid || s.Comm != comm(t, pid) {
		t.Errorf("process %d %q, want %d %q", s.PID, s.Comm, pid, comm(t, pid))
	}
	if n := len(in(t, r, empty)); n != 0 {
		t.Errorf("%d sockets where there are none", n)
	}
}

// TestShared: who opened a socket counts, not who inherited it; and nobody when the
// heirs are alone.
func TestShared(t *testing.T) {
	r := opened(t)
	ns, id := space(t, "shared")
	var l net.PacketConn
	inside(t, ns, func() (err error) { l, err = net.ListenPacket("udp4", "127.0.0.1:0"); return err })
	f := must(l.(*net.UDPConn).File())(t)
	first, _ := start(t, ns, "keeper", f)
	if s := the(t, in(t, r, id), udp, l.LocalAddr().String(), ""); s.PID != uint32(os.Getpid()) {
		t.Errorf("parent and child: %+v", s)
	}
	at := l.LocalAddr().String()
	l.Close()
	f.Close()
	if s := the(t, in(t, r, id), udp, at, ""); s.PID != first {
		t.Errorf("the child alone: %+v, want %d", s, first)
	}

	inside(t, ns, func() (err error) { l, err = net.ListenPacket("udp4", "127.0.0.1:0"); return err })
	f = must(l.(*net.UDPConn).File())(t)
	second, _ := start(t, ns, "keeper", f)
	third, _ := start(t, ns, "keeper", f)
	at = l.LocalAddr().String()
	l.Close()
	f.Close()
	if s := the(t, in(t, r, id), udp, at, ""); s.PID != 0 || s.Comm != comm(t, second) {
		t.Errorf("two siblings, %d and %d: %+v", second, third, s)
	}
}

// TestReset: a connection that was reset and is not closed yet still tells whose it was.
func TestReset(t *testing.T) {
	r := opened(t)
	ns, id := space(t, "reset")
	here, there, _ := pair(t, ns, "127.0.0.1:0")
	there.(*net.TCPConn).SetLinger(0)
	there.Close()
	if _, err := here.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Fatal(err)
	}
	if s := the(t, in(t, r, id), tcp, here.LocalAddr().String(), here.RemoteAddr().String()); s.PID != uint32(os.Getpid()) {
		t.Errorf("%+v", s)
	}
}

// TestBare: listing goes on when no capability is left.
func TestBare(t *testing.T) {
	opened(t)
	ns, _ := space(t, "bare")
	if _, line := start(t, ns, "bare"); line != "3" {
		t.Errorf("without capabilities it found %q times of 3", line)
	}
}

// TestCgroup: the cgroup that the kernel tells is the one that /proc tells.
func TestCgroup(t *testing.T) {
	r := opened(t)
	ns, id := space(t, "cgroup")
	_, there, _ := pair(t, ns, "127.0.0.1:0")
	s := the(t, in(t, r, id), tcp, there.LocalAddr().String(), there.RemoteAddr().String())
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut("\n"+string(own), "\n0::")
	if !ok || CgroupMount() == "" {
		lack(t, "needs cgroup2 to be mounted")
	}
	path, _, _ := strings.Cut(after, "\n")
	if got := r.Cgroup(s.Cgroup); got != path {
		t.Errorf("cgroup %d is %q, /proc says %q", s.Cgroup, got, path)
	}
	// A cgroup of our own, where that is allowed.
	dir := filepath.Join(CgroupMount(), "chokepoint-owner-test")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Logf("no cgroup could be made: %v", err)
		return
	}
	pid, _ := start(t, ns, "talker")
	t.Cleanup(func() { os.Remove(dir) })
	if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), fmt.Append(nil, pid), 0); err != nil {
		t.Logf("the child could not be moved: %v", err)
		return
	}
	for _, s := range in(t, r, id) {
		if got := r.Cgroup(s.Cgroup); s.PID == pid && got != "/chokepoint-owner-test" {
			t.Errorf("the child is in %q", got)
		}
	}
	os.WriteFile(filepath.Join(CgroupMount(), "cgroup.procs"), fmt.Append(nil, pid), 0)
}

// TestThousand: one listing of a thousand sockets has them all.
func TestThousand(t *testing.T) {
	r := opened(t)
	ns, id := space(t, "thousand")
	inside(t, ns, func() error {
		for range 1000 {
			c, err := net.ListenPacket("udp4", "127.0.0.1:0")
			if err != nil {
				return err
			}
			t.Cleanup(func() { c.Close() })
		}
		return nil
	})
	if n := len(in(t, r, id)); n != 1000 {
		t.Errorf("%d sockets of 1000", n)
	}
}

func BenchmarkThousand(b *testing.B) {
	r, err := Open()
	if err != nil {
		b.Skip(err)
	}
	defer r.Close()
	for range 1000 {
		c, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
	}
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		if err := r.Sockets(func(Socket) { n++ }); err != nil || n < 1000 {
			b.Fatal(n, err)
		}
	}
}
