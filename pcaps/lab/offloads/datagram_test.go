//go:build linux

package offloads

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"chokepoint/classify/fact"
)

// datagrams: those that a host hands to its interface as one (UDP_SEGMENT, as QUIC
// stacks do) count as those that leave it.
func (r *road) datagrams(t *testing.T, posts []*post) {
	const from, size, atOnce, times = 45000, 1200, 40, 50
	r.settle(t, &journey{offload: gsoOnly})
	for _, p := range posts {
		p.record(t)
	}
	at := netip.AddrPortFrom(servers[false], port)
	l, err := r.server.ListenPacket("udp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := r.client.Dial(t.Context(), "udp", netip.AddrPortFrom(clients[false], from), at)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	raw, err := c.(*net.UDPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if e := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_SEGMENT, size) }); errors.Join(e, err) != nil {
		t.Fatal(e, err)
	}
	if err := l.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, size)
	for range times {
		if _, err := c.Write(make([]byte, size*atOnce)); err != nil {
			t.Fatal(err)
		}
		for range atOnce {
			if _, _, err := l.ReadFrom(buf); err != nil {
				t.Fatal(err)
			}
		}
	}
	end := time.Now()
	for _, p := range posts {
		if !p.stop(t, end) {
			t.Fatal("datagrams were lost")
		}
		const all = atOnce * times
		f := p.compare(t, from)
		if s := &f.Sides[fact.Up]; s.Packets != all || s.Payload != all*size || s.IPBytes != all*(size+28) {
			t.Errorf("%s: %s", p.host.Name(), row(f, 0))
		}
	}
}
