//go:build linux

package afpacket

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"chokepoint/capture"
	"chokepoint/pcaps/lab/netns"
)

// need skips a test that cannot be played here; with REQUIRE_BPF=1 it fails.
func need(t testing.TB) {
	t.Helper()
	if lacks := netns.Missing(); len(lacks) > 0 {
		lack(t, "needs "+strings.Join(lacks, ", "))
	}
}

// lack ends a test that cannot be played for the reason.
func lack(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("REQUIRE_BPF") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}

var (
	addrA = netip.MustParseAddr("192.0.2.1")
	addrB = netip.MustParseAddr("192.0.2.2")
)

// host makes a namespace.
func host(t testing.TB, name string) *netns.NS {
	t.Helper()
	n, err := netns.New(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

// pair is two hosts on one cable, eth0 on both sides.
func pair(t testing.TB) (a, b *netns.NS) {
	t.Helper()
	need(t)
	a, b = host(t, "a"), host(t, "b")
	cable(t, a, b)
	return a, b
}

// cable connects them, also anew.
func cable(t testing.TB, a, b *netns.NS) {
	t.Helper()
	if err := errors.Join(netns.Link(a, "eth0", b, "eth0"),
		a.Address("eth0", netip.PrefixFrom(addrA, 24)), a.Neighbour("eth0", addrB, b.MAC("eth0")),
		b.Address("eth0", netip.PrefixFrom(addrB, 24)), b.Neighbour("eth0", addrA, a.MAC("eth0"))); err != nil {
		t.Fatal(err)
	}
}

// open captures in a namespace.
func open(t testing.TB, n *netns.NS, c Config) *Source {
	t.Helper()
	var s *Source
	if err := n.Do(func() (err error) { s, err = Open(c); return err }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// on is the configuration for interfaces.
func on(names ...string) Config { return Config{Interfaces: names} }

// read returns count packets, with frames of their own, or fails.
func read(t testing.TB, s *Source, count int) (packets []capture.Packet) {
	t.Helper()
	var b capture.Batch
	for end := time.Now().Add(20 * time.Second); len(packets) < count; {
		packets = append(packets, next(t, s, &b)...)
		if time.Now().After(end) {
			t.Fatalf("%d of %d packets came: %+v", len(packets), count, s.Stats())
		}
	}
	return packets
}

// next reads a batch, holds it to what every batch promises, and returns its
// packets with frames of their own.
func next(t testing.TB, s *Source, b *capture.Batch) (packets []capture.Packet) {
	t.Helper()
	before := b.Now
	if err := s.Read(b); err != nil {
		t.Fatal(err)
	}
	if b.Now < before {
		t.Fatalf("Now went back by %v", time.Duration(before-b.Now))
	}
	for _, p := range b.Packets {
		if p.Time > b.Now || len(p.Frame) > int(p.WireLen) || p.Link != s.Interfaces()[p.If].Link {
			t.Fatalf("packet %d of time %d, %d of %d bytes, link %v, in a batch of %d", p.Num, p.Time, len(p.Frame), p.WireLen, p.Link, b.Now)
		}
		p.Frame = slices.Clone(p.Frame)
		packets = append(packets, p)
	}
	return packets
}

// idleOnly reads until there was nothing for a whole Read.
func idleOnly(t testing.TB, s *Source) (packets []capture.Packet) {
	t.Helper()
	var b capture.Batch
	for {
		p := next(t, s, &b)
		if len(p) == 0 {
			return packets
		}
		packets = append(packets, p...)
	}
}

// raw is a socket to send frames as they are from an interface.
func raw(t testing.TB, n *netns.NS, name string) int {
	t.Helper()
	fd := -1
	if err := n.Do(func() (err error) {
		if fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		d, err := find(fd, name)
		if err != nil {
			return err
		}
		return unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: d.index})
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// experimental is the ethertype for local experiments (IEEE 802 table 9-1).
const experimental = 0x88b5

// numbered is a frame of a size with a number behind its header.
func numbered(from, to *netns.NS, size, n int) []byte {
	f := slices.Concat(to.MAC("eth0"), from.MAC("eth0"), []byte{experimental >> 8, experimental & 0xff})
	f = binary.BigEndian.AppendUint32(f, uint32(n))
	for len(f) < size {
		f = append(f, byte(n+len(f)))
	}
	return f
}

// send sends a frame. A full queue is waited for.
func send(t testing.TB, fd int, frame []byte) {
	for {
		_, err := unix.Write(fd, frame)
		switch err {
		case nil:
			return
		case unix.EINTR, unix.ENOBUFS:
		default:
			t.Error(err)
			return
		}
	}
}
