//go:build linux

package guest

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"chokepoint/bpf/owner"
	"chokepoint/bpf/testimony"
)

// closed is a port of near's that nobody listens on, open one that somebody does.
var (
	nearIP, farIP = netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	closed        = netip.AddrPortFrom(nearIP, 9)
	open          = netip.AddrPortFrom(nearIP, 4433)
)

// address gives both ends of a cable addresses, and makes them know each other.
func address(t *testing.T, c cable) {
	t.Helper()
	for _, err := range []error{
		c.near.Address("eth0", netip.PrefixFrom(nearIP, 24)), c.far.Address("eth0", netip.PrefixFrom(farIP, 24)),
		c.near.Neighbour("eth0", farIP, c.far.MAC("eth0")), c.far.Neighbour("eth0", nearIP, c.near.MAC("eth0")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// ask sends near a datagram.
func ask(t *testing.T, c cable, port netip.AddrPort) {
	t.Helper()
	u, err := c.far.Dial(t.Context(), "udp", netip.AddrPort{}, port)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	if _, err := u.Write([]byte("is somebody there?")); err != nil {
		t.Fatal(err)
	}
}

// TestTestimony makes the kernel drop, refuse and reset, and expects it to say so.
func TestTestimony(t *testing.T) {
	c := lay(t)
	address(t, c)
	p, err := testimony.Load(testimony.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()

	ask(t, c, closed)
	hear(t, p, "datagram to a closed port", func(e *testimony.Event) bool {
		return e.Kind == testimony.Drop && p.Reason(e) == "NO_SOCKET" && e.Proto == 17 && dst(e) == closed && !e.Out
	})

	if tcp, err := c.far.Dial(ctx, "tcp", netip.AddrPort{}, closed); err == nil {
		tcp.Close()
		t.Fatal("a closed port was open")
	}
	awaited := map[testimony.Kind]string{testimony.Connect: "connect", testimony.ResetSent: "reset sent", testimony.ResetReceived: "reset received"}
	hear(t, p, "connection to a closed port", func(e *testimony.Event) bool {
		switch {
		case e.Kind == testimony.Connect && e.PID == 1 && dst(e) == closed,
			e.Kind == testimony.ResetSent && src(e) == closed,
			e.Kind == testimony.ResetReceived && src(e) == closed:
			delete(awaited, e.Kind)
		}
		return len(awaited) == 0
	})
	if counts, err := p.Counts(); err != nil || counts.Lost != 0 || counts.Seen == 0 {
		t.Errorf("counted %+v (%v)", counts, err)
	}
}

// hear reads events until one is the right one.
func hear(t *testing.T, p *testimony.Program, what string, right func(*testimony.Event) bool) {
	t.Helper()
	var heard []testimony.Event
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		e, err := p.Next(time.Now().Add(soon))
		if errors.Is(err, testimony.ErrNothing) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if heard = append(heard, e); right(&e) {
			return
		}
	}
	for _, e := range heard {
		t.Logf("heard %s %+v", p.Reason(&e), e)
	}
	t.Fatalf("%s: no testimony, or not all", what)
}

func src(e *testimony.Event) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom16(e.Src).Unmap(), e.SrcPort)
}

func dst(e *testimony.Event) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom16(e.Dst).Unmap(), e.DstPort)
}

// TestOwner finds the sockets of the only process there is.
func TestOwner(t *testing.T) {
	c := lay(t)
	address(t, c)
	l, err := c.near.Listen("tcp", open)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := c.far.Dial(ctx, "tcp", netip.AddrPort{}, open)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()

	r, err := owner.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var all []owner.Socket
	if err := r.Sockets(func(s owner.Socket) { all = append(all, s) }); err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if netip.AddrFrom16(s.Remote).Unmap() == nearIP && s.RemotePort == open.Port() && s.PID == 1 && s.Comm == "init" && s.Proto == 6 {
			return
		}
	}
	t.Errorf("the connection to %v is not process 1's among %+v", open, all)
}
