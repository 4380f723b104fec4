//go:build linux

package testimony

import (
	"io"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"chokepoint/pcaps/lab/mishap"
	"chokepoint/pcaps/lab/netns"
)

// TestHealthy: 100 MB with everything left to the interfaces, and the end of the
// connection, are no drop and no reset.
func TestHealthy(t *testing.T) {
	t.Parallel()
	pair := laid(t)
	if err := pair.Offload(); err != nil {
		t.Fatal(err)
	}
	h := hear(t, Config{}, pair.Here, pair.There)
	const size = 100 << 20
	from, to := netip.AddrPortFrom(mishap.There, 40100), netip.AddrPortFrom(mishap.Here, 5100)
	l, err := pair.Here.Listen("tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	done := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			done <- err
			return
		}
		defer c.Close()
		n, err := io.Copy(io.Discard, c)
		if err == nil && n != size {
			err = io.ErrUnexpectedEOF
		}
		done <- err
	}()
	c, err := pair.There.Dial(t.Context(), "tcp", from, to)
	if err != nil {
		t.Fatal(err)
	}
	chunk := make([]byte, 1<<20)
	for range size / len(chunk) {
		if _, err := c.Write(chunk); err != nil {
			t.Fatal(err)
		}
	}
	c.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	h.await(Connected, from, to, 1)
	barrier(t, h, pair)
	h.never(Drop, ResetRefused, ResetSent, ResetReceived)
	h.clean()
}

// barrier makes something that is heard, and waits for it: what was before has been
// told by then.
func barrier(t *testing.T, h *hearing, pair *mishap.Pair) {
	t.Helper()
	at := netip.AddrPortFrom(mishap.Here, 5999)
	l, err := pair.Here.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	from := netip.AddrPortFrom(mishap.There, 40999)
	c, err := pair.There.Dial(t.Context(), "tcp", from, at)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	h.await(Connected, from, at, 1)
}

// TestOtherNamespace: what was not asked for is counted and not told.
func TestOtherNamespace(t *testing.T) {
	t.Parallel()
	pair := laid(t)
	h := hear(t, Config{}, pair.There)
	other := hear(t, Config{}, pair.Here)
	did := made(t, pair, mishap.ClosedPort)
	other.await(Drop, did.From, did.To, 1)
	h.await(ResetReceived, did.To, did.From, 1)
	h.never(Drop, ResetSent)
	other.never(ResetReceived, Connect, Connected)
	for _, p := range []*hearing{h, other} {
		if c, err := p.Counts(); err != nil || c.Others == 0 || c.Seen < 2 || c.Seen > 3 {
			t.Errorf("counted %+v (%v)", c, err)
		}
	}
}

// TestPing: the kernel calls an echo reply that a raw socket has got NO_SOCKET, and
// what a raw socket's filter does not want SOCKET_FILTER. Neither is a loss.
func TestPing(t *testing.T) {
	t.Parallel()
	pair := laid(t)
	h := hear(t, Config{}, pair.Here)
	conn := raw(t, pair.Here)
	defer conn.Close()
	if err := reject(conn); err != nil {
		t.Fatal(err)
	}
	second := raw(t, pair.Here) // no filter
	defer second.Close()
	echo := []byte{8, 0, 0xf7, 0xfe, 0, 0, 0, 1} // RFC 792: its checksum, id 0, number 1
	if _, err := second.WriteTo(echo, &net.IPAddr{IP: mishap.There.AsSlice()}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := second.ReadFrom(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	for {
		c, err := h.Counts()
		if err != nil {
			t.Fatal(err)
		}
		if c.Others > 0 {
			break
		}
	}
	did := made(t, pair, mishap.NobodyListens)
	h.await(Drop, did.From, did.To, did.Packets)
	h.only(Drop, did)
}

func raw(t *testing.T, n *netns.NS) (conn *net.IPConn) {
	t.Helper()
	err := n.Do(func() (err error) {
		conn, err = net.ListenIP("ip4:icmp", &net.IPAddr{IP: mishap.Here.AsSlice()})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// reject gives a socket a filter that takes nothing.
func reject(conn *net.IPConn) error {
	c, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	nothing := [1]unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K}}
	var set error
	err = c.Control(func(fd uintptr) {
		set = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &nothing[0]})
	})
	if err != nil {
		return err
	}
	return set
}
