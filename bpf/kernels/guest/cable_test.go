//go:build linux

package guest

import (
	"encoding/binary"
	"net"
	"testing"

	"golang.org/x/sys/unix"

	"chokepoint/pcaps/lab/netns"
)

// cable is two hosts and what connects them: traffic is watched at near's eth0.
type cable struct{ near, far *netns.NS }

// lay makes a cable.
func lay(t *testing.T) cable {
	t.Helper()
	inside(t)
	c := cable{host(t, "near"), host(t, "far")}
	if err := netns.Link(c.near, "eth0", c.far, "eth0"); err != nil {
		t.Fatal(err)
	}
	return c
}

func host(t *testing.T, name string) *netns.NS {
	t.Helper()
	n, err := netns.New(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

// at runs f in a host.
func at(t *testing.T, n *netns.NS, f func() error) {
	t.Helper()
	if err := n.Do(f); err != nil {
		t.Fatal(err)
	}
}

// index is that of a host's eth0.
func index(t *testing.T, n *netns.NS) (i int) {
	t.Helper()
	at(t, n, func() error {
		dev, err := net.InterfaceByName("eth0")
		if err == nil {
			i = dev.Index
		}
		return err
	})
	return i
}

// sender sends frames out of a host's eth0 as they are.
func sender(t *testing.T, n *netns.NS) func(frame []byte) {
	t.Helper()
	fd := -1
	at(t, n, func() (err error) {
		fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0) // protocol 0: receives nothing
		return err
	})
	t.Cleanup(func() { unix.Close(fd) })
	to := &unix.SockaddrLinklayer{Ifindex: index(t, n)}
	return func(frame []byte) {
		t.Helper()
		// Dispatchers on the way out look at the socket's idea of the protocol.
		to.Protocol = binary.NativeEndian.Uint16(frame[12:14])
		if err := unix.Sendto(fd, frame, 0, to); err != nil {
			t.Fatalf("send %d bytes: %v", len(frame), err)
		}
	}
}

// TestCable tries the machine itself, without anything of ours.
func TestCable(t *testing.T) {
	c := lay(t)
	fd := -1
	at(t, c.near, func() (err error) {
		all := binary.NativeEndian.Uint16([]byte{unix.ETH_P_ALL >> 8, unix.ETH_P_ALL & 0xff})
		fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, int(all))
		if err != nil {
			return err
		}
		return unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 10})
	})
	defer unix.Close(fd)
	sender(t, c.far)(datagram(false, 1))
	sender(t, c.near)(datagram(true, 2))
	buf := make([]byte, 2048)
	for _, want := range []byte{1, 2} {
		n, _, err := unix.Recvfrom(fd, buf, 0)
		if err != nil || n == 0 || buf[n-1] != want {
			t.Fatalf("got %x (%v), want a frame that ends in %d", buf[:n], err, want)
		}
	}
}

// datagram is a frame with a UDP datagram of one byte between 10.0.0.1 (near) and
// 10.0.0.2, port 5353 nowhere: no part of it is looked at but for counting. Its
// hardware addresses are nobody's.
func datagram(out bool, payload byte) []byte {
	src, dst := byte(2), byte(1)
	if out {
		src, dst = dst, src
	}
	f := []byte{2, 0, 0, 0, 9, dst, 2, 0, 0, 0, 9, src, 0x08, 0x00,
		0x45, 0, 0, 29, 0, payload, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, src, 10, 0, 0, dst,
		0x9c, 0x40 | src, 0x9c, 0x40 | dst, 0, 9, 0, 0, payload}
	binary.BigEndian.PutUint16(f[24:], checksum(f[14:34]))
	return f
}

// checksum is that of the Internet (RFC 1071).
func checksum(b []byte) uint16 {
	sum := uint32(0)
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
