package tap

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"chokepoint/pcaps/lab/netns"
)

// need skips a test that cannot be played here; with REQUIRE_BPF=1 it fails.
func need(t *testing.T) {
	t.Helper()
	lacks := netns.Missing()
	if len(lacks) == 0 {
		return
	}
	why := "needs " + strings.Join(lacks, ", ")
	if os.Getenv("REQUIRE_BPF") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}

var (
	addrA = netip.MustParseAddr("192.0.2.1")
	addrB = netip.MustParseAddr("192.0.2.2")
)

// pair is two hosts on one cable, eth0 on both sides.
func pair(t *testing.T) (a, b *netns.NS) {
	t.Helper()
	var hosts [2]*netns.NS
	for i, name := range []string{"a", "b"} {
		n, err := netns.New(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { n.Close() })
		hosts[i] = n
	}
	a, b = hosts[0], hosts[1]
	if err := errors.Join(netns.Link(a, "eth0", b, "eth0"),
		a.Address("eth0", netip.PrefixFrom(addrA, 24)), a.Neighbour("eth0", addrB, b.MAC("eth0")),
		b.Address("eth0", netip.PrefixFrom(addrB, 24)), b.Neighbour("eth0", addrA, a.MAC("eth0"))); err != nil {
		t.Fatal(err)
	}
	sink(t, b, discard)
	return a, b
}

// discard is where b takes datagrams (RFC 863).
var discard = netip.AddrPortFrom(addrB, 9)

// sink listens, or the host would say that nobody does.
func sink(t *testing.T, n *netns.NS, at netip.AddrPort) {
	t.Helper()
	c, err := n.ListenPacket("udp", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
}

func open(t *testing.T, n *netns.NS, ifname string) *Tap {
	t.Helper()
	tap, err := Open(n, ifname)
	if err != nil {
		t.Fatal(err)
	}
	return tap
}

func stop(t *testing.T, tap *Tap) Capture {
	t.Helper()
	c, err := tap.Stop()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// headers is the length of Ethernet, IPv4 and UDP headers together.
const headers = 14 + 20 + 8

// flood sends numbered datagrams as fast as it can.
func flood(t *testing.T, from *netns.NS, to netip.AddrPort, count int) {
	t.Helper()
	c, err := from.Dial(t.Context(), "udp", netip.AddrPort{}, to)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range count {
		if _, err := c.Write(binary.BigEndian.AppendUint32(nil, uint32(i))); err != nil {
			t.Fatal(err)
		}
	}
}

// numbers returns the numbers of flood's datagrams.
func numbers(c Capture) (out []int) {
	for _, r := range c.Records {
		if len(r.Frame) == headers+4 && r.Frame[23] == unix.IPPROTO_UDP {
			out = append(out, int(binary.BigEndian.Uint32(r.Frame[headers:])))
		}
	}
	return out
}

// TestFlood: at full speed everything is recorded on both sides, in order, or
// counted as lost.
func TestFlood(t *testing.T) {
	need(t)
	a, b := pair(t)
	const count = 20_000
	here, there := open(t, a, "eth0"), open(t, b, "eth0")
	begin := time.Now()
	flood(t, a, discard, count)
	took, end := time.Since(begin), time.Now()
	// The receiver's kernel may be behind: what it has not yet queued is not to be
	// expected in a recording that ends here.
	time.Sleep(50 * time.Millisecond)
	for side, c := range map[string]Capture{"here": stop(t, here), "there": stop(t, there)} {
		got := numbers(c)
		t.Logf("%s: %d frames in %v, %d lost by the tap", side, len(got), took, c.Dropped)
		if len(got) != len(c.Records) || len(got)+int(c.Dropped) != count {
			t.Fatalf("%s: %d records, %d numbered, %d dropped, of %d", side, len(c.Records), len(got), c.Dropped, count)
		}
		last := begin.UnixNano()
		for i, r := range c.Records {
			if r.Time < last {
				t.Fatalf("%s: record %d is %d ns before the one before it", side, i, last-r.Time)
			}
			last = r.Time
			if i > 0 && got[i] <= got[i-1] {
				t.Fatalf("%s: datagram %d after %d", side, got[i], got[i-1])
			}
		}
		if last > end.Add(50*time.Millisecond).UnixNano() {
			t.Errorf("%s: stamped %v after it was sent", side, time.Unix(0, last).Sub(end))
		}
	}
}

// TestStopDrains: what was sent before Stop is recorded, though nobody had the
// time to read it.
func TestStopDrains(t *testing.T) {
	need(t)
	a, _ := pair(t)
	tap, err := attach(a, "eth0")
	if err != nil {
		t.Fatal(err)
	}
	flood(t, a, discard, 500)
	close(tap.done) // as if the reader had ended already
	if got := numbers(stop(t, tap)); len(got) != 500 {
		t.Fatalf("%d of 500", len(got))
	}
}

// TestFull: frames that find no room are counted.
func TestFull(t *testing.T) {
	need(t)
	a, _ := pair(t)
	tap, err := attach(a, "eth0")
	if err != nil {
		t.Fatal(err)
	}
	if err := tap.raw.Control(func(fd uintptr) {
		unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 1) // the least there is, room for a few frames
	}); err != nil {
		t.Fatal(err)
	}
	flood(t, a, discard, 500)
	go tap.read()
	c := stop(t, tap)
	if c.Dropped == 0 || len(c.Records) == 0 || len(c.Records)+int(c.Dropped) != 500 {
		t.Fatalf("%d records and %d dropped, of 500", len(c.Records), c.Dropped)
	}
}

// TestLoopback: each frame once.
func TestLoopback(t *testing.T) {
	need(t)
	a, _ := pair(t)
	self := netip.MustParseAddrPort("127.0.0.1:9")
	sink(t, a, self)
	tap := open(t, a, "lo")
	flood(t, a, self, 10)
	if c := stop(t, tap); len(numbers(c)) != 10 || len(c.Records) != 10 {
		t.Fatalf("%v of %d records", numbers(c), len(c.Records))
	}
}

// TestTagged: the VLAN tag is where it was on the wire.
func TestTagged(t *testing.T) {
	need(t)
	a, b := pair(t)
	sent := append(append(b.MAC("eth0"), a.MAC("eth0")...), 0x81, 0x00, 0x20, 0x05, 0x88, 0xb5) // priority 1, VLAN 5, local experiments
	sent = append(sent, "what a tag is in front of, long enough for Ethernet"...)
	here, there := open(t, a, "eth0"), open(t, b, "eth0")
	if err := a.Do(func() error { return inject("eth0", sent) }); err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond)
	for _, c := range []Capture{stop(t, here), stop(t, there)} {
		if len(c.Records) != 1 || string(c.Records[0].Frame) != string(sent) || int(c.Records[0].WireLen) != len(sent) {
			t.Errorf("sent % x\nread %+v", sent, c.Records)
		}
	}
}

// inject sends a frame as it is.
func inject(ifname string, frame []byte) error {
	at, err := net.InterfaceByName(ifname)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: at.Index})
}

// TestRefuses: an interface that is not there.
func TestRefuses(t *testing.T) {
	need(t)
	a, _ := pair(t)
	if tap, err := Open(a, "eth7"); err == nil || tap != nil || !strings.Contains(err.Error(), "record a eth7") {
		t.Fatalf("got %v", err)
	}
}

// TestDown: an interface that goes down and up again is recorded on.
func TestDown(t *testing.T) {
	need(t)
	a, _ := pair(t)
	tap := open(t, a, "eth0")
	if err := errors.Join(a.Down("eth0"), a.Up("eth0")); err != nil {
		t.Fatal(err)
	}
	flood(t, a, discard, 5)
	if c := stop(t, tap); len(numbers(c)) != 5 {
		t.Fatalf("%v of %d records", numbers(c), len(c.Records))
	}
}
