//go:build linux

package afpacket

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"chokepoint/capture"
	"chokepoint/capture/pcapfile"
	"chokepoint/pcaps/lab/netns"
)

// TestTagged: VLAN tags are where they were on the wire, as in what tcpdump writes
// at the same place, whether the kernel has put them aside or not.
func TestTagged(t *testing.T) {
	a, b := pair(t)
	fd := raw(t, a, "eth0")
	plain := numbered(a, b, 120, 1)
	var sent [][]byte
	for _, tags := range [][]byte{
		{},
		{0x81, 0, 0x20, 5},                   // priority 1, VLAN 5
		{0x81, 0, 0, 0},                      // priority only
		{0x88, 0xa8, 0, 7, 0x81, 0, 0, 9},    // 802.1ad
		{0x81, 0, 0x0f, 0xfe, 0x81, 0, 0, 1}, // 802.1Q twice
	} {
		sent = append(sent, slices.Concat(plain[:tagAt], tags, plain[tagAt:]))
	}
	for _, side := range []*netns.NS{a, b} {
		witness := dump(t, side, "eth0", len(sent))
		whole, cut := open(t, side, on("eth0")), open(t, side, Config{Interfaces: []string{"eth0"}, Snap: 100})
		for _, f := range sent {
			send(t, fd, f)
		}
		there := witness()
		short := read(t, cut, len(sent))
		for i, p := range read(t, whole, len(sent)) {
			if !bytes.Equal(p.Frame, sent[i]) || !bytes.Equal(p.Frame, there[i].Frame) || p.WireLen != there[i].WireLen || int(p.WireLen) != len(sent[i]) {
				t.Errorf("%s: frame %d of %d bytes\n% x\nwant, of %d\n% x", side.Name(), i, p.WireLen, p.Frame, len(sent[i]), sent[i])
			}
			if c := short[i]; !bytes.Equal(c.Frame, sent[i][:100]) || c.WireLen != p.WireLen {
				t.Errorf("%s: frame %d cut to %d of %d bytes\n% x", side.Name(), i, len(c.Frame), c.WireLen, c.Frame)
			}
		}
	}
}

// dump has tcpdump write count frames, and returns what reads them.
func dump(t *testing.T, n *netns.NS, name string, count int) func() []capture.Packet {
	t.Helper()
	file := filepath.Join(t.TempDir(), "dump.pcap")
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	ended := make(chan error, 1)
	go func() {
		out, err := n.Command(ctx, "tcpdump", "-Z", "root", "--immediate-mode", "-U", "-i", name, "-c", string(rune('0'+count)), "-w", file)
		if err != nil {
			err = errors.Join(err, errors.New(string(out)))
		}
		ended <- err
	}()
	// The file is begun when the socket listens.
	eventually(t, "tcpdump does not begin", func() bool { i, err := os.Stat(file); return err == nil && i.Size() >= 24 })
	return func() (packets []capture.Packet) {
		t.Helper()
		defer stop()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		r, err := pcapfile.New(f, file, pcapfile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		for {
			var b capture.Batch
			err := r.Read(&b)
			packets = append(packets, b.Packets...)
			if err == io.EOF && len(packets) == count {
				return packets
			}
			if err != nil {
				t.Fatal(err, len(packets))
			}
		}
	}
}

// eventually waits for what happens by and by.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
	}
}

// tun makes a device without link headers, and returns its other end.
func tun(t *testing.T, n *netns.NS, name string) int {
	t.Helper()
	fd := -1
	if err := n.Do(func() (err error) {
		if fd, err = unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0); err != nil {
			return err
		}
		req, err := unix.NewIfreq(name)
		if err != nil {
			return err
		}
		req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		return unix.IoctlIfreq(fd, unix.TUNSETIFF, req)
	}); err != nil {
		lack(t, "needs /dev/net/tun: "+err.Error())
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// TestWithoutLinkHeader: frames of a tun device are IP packets, both ways.
func TestWithoutLinkHeader(t *testing.T) {
	need(t)
	a := host(t, "a")
	other := tun(t, a, "tun0")
	// No address: the kernel would route nothing there by itself.
	if err := a.Up("tun0"); err != nil {
		t.Fatal(err)
	}
	s := open(t, a, on("tun0"))
	in := datagram("203.0.113.1", "203.0.113.2", "in")
	out := datagram("203.0.113.2", "203.0.113.1", "and out")
	if _, err := unix.Write(other, in); err != nil {
		t.Fatal(err)
	}
	fd := -1
	if err := a.Do(func() (err error) {
		fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	d, err := find(fd, "tun0")
	if err != nil {
		t.Fatal(err)
	}
	ip := binary.NativeEndian.Uint16([]byte{8, 0})
	if err := unix.Sendto(fd, out, 0, &unix.SockaddrLinklayer{Ifindex: d.index, Protocol: ip}); err != nil {
		t.Fatal(err)
	}
	for i, p := range read(t, s, 2) {
		if want := [][]byte{in, out}[i]; !bytes.Equal(p.Frame, want) || int(p.WireLen) != len(want) || p.Link != capture.LinkRaw {
			t.Errorf("packet %d, %v, %d bytes: % x", i, p.Link, p.WireLen, p.Frame)
		}
	}
}

// datagram is an IPv4 packet of a protocol that nobody has (253, RFC 3692).
func datagram(from, to, payload string) []byte {
	b := []byte{0x45, 0, 0, byte(20 + len(payload)), 0, 1, 0, 0, 64, 253, 0, 0}
	b = append(append(b, netip.MustParseAddr(from).AsSlice()...), netip.MustParseAddr(to).AsSlice()...)
	sum := uint32(0)
	for i := 0; i < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	binary.BigEndian.PutUint16(b[10:], ^uint16(sum+sum>>16))
	return append(b, payload...)
}

// heard is a Config whose notices can be looked at.
func heard(c Config) (Config, *[]string) {
	said := &[]string{}
	c.Notice = func(s string) { *said = append(*said, s) }
	return c, said
}

// until reads until something was said, and nothing else was.
func until(t *testing.T, s *Source, said *[]string, want string) (packets []capture.Packet) {
	t.Helper()
	var b capture.Batch
	for end := time.Now().Add(20 * time.Second); len(*said) == 0; {
		packets = append(packets, next(t, s, &b)...)
		if time.Now().After(end) {
			t.Fatalf("nobody said %q", want)
		}
	}
	if len(*said) != 1 || !strings.Contains((*said)[0], want) {
		t.Fatalf("said %q, want %q", *said, want)
	}
	*said = nil
	return packets
}

// TestDownAndUp: capture goes on when the interface does, and it is told.
func TestDownAndUp(t *testing.T) {
	a, b := pair(t)
	c, said := heard(on("eth0"))
	if err := a.Down("eth0"); err != nil {
		t.Fatal(err)
	}
	s := open(t, a, c) // one that is down is no error
	until(t, s, said, "eth0 is down")
	for i := range 2 {
		if err := a.Up("eth0"); err != nil {
			t.Fatal(err)
		}
		until(t, s, said, "eth0 is up again")
		f := numbered(a, b, 60, i)
		send(t, raw(t, a, "eth0"), f)
		if p := read(t, s, 1)[0]; !bytes.Equal(p.Frame, f) || p.Num != uint64(i+1) {
			t.Fatalf("packet %d: % x", p.Num, p.Frame)
		}
		if err := a.Down("eth0"); err != nil {
			t.Fatal(err)
		}
		until(t, s, said, "eth0 is down")
	}
	if err := a.Up("eth0"); err != nil {
		t.Fatal(err)
	}
	until(t, s, said, "eth0 is up again")
	if err := errors.Join(a.Down("eth0"), a.Up("eth0")); err != nil {
		t.Fatal(err)
	}
	until(t, s, said, "eth0 was down for a moment")
	if idleOnly(t, s); len(*said) != 0 {
		t.Errorf("said %q", *said)
	}
}

// remove deletes an interface.
func remove(t *testing.T, n *netns.NS, name string) {
	t.Helper()
	if out, err := n.Command(t.Context(), "ip", "link", "delete", name); err != nil {
		t.Fatal(err, string(out))
	}
}

// TestMadeAnew: an interface of the same name is captured on, whatever it was
// removed with; what was captured before is not lost, nor do others suffer.
func TestMadeAnew(t *testing.T) {
	a, b := pair(t)
	c, said := heard(on("lo", "eth0"))
	s := open(t, a, c)
	before := numbered(a, b, 60, 1)
	send(t, raw(t, a, "eth0"), before)
	remove(t, a, "eth0")
	got := until(t, s, said, "eth0 is gone")
	if got = append(got, idleOnly(t, s)...); len(got) != 1 || !bytes.Equal(got[0].Frame, before) {
		t.Fatalf("%d packets of before", len(got))
	}
	send(t, raw(t, a, "lo"), numbered(a, a, 60, 2))
	if p := read(t, s, 1)[0]; p.If != 0 {
		t.Errorf("interface %d", p.If)
	}
	cable(t, a, b)
	until(t, s, said, "eth0 is there again")
	after := numbered(b, a, 60, 3)
	send(t, raw(t, b, "eth0"), after)
	if p := read(t, s, 1)[0]; !bytes.Equal(p.Frame, after) || p.If != 1 || p.Num != 3 {
		t.Errorf("packet %d of interface %d: % x", p.Num, p.If, p.Frame)
	}
	if len(s.Interfaces()) != 2 {
		t.Errorf("%+v", s.Interfaces())
	}
}

// TestMadeAnewOfAnotherKind: its frames begin in another way, so it is another
// interface of the source, or none where we do not understand them.
func TestMadeAnewOfAnotherKind(t *testing.T) {
	a, _ := pair(t)
	c, said := heard(on("eth0"))
	s := open(t, a, c)
	remove(t, a, "eth0")
	until(t, s, said, "eth0 is gone")

	fd := tun(t, a, "other")
	if err := unix.IoctlSetInt(fd, unix.TUNSETLINK, unix.ARPHRD_IEEE80211_RADIOTAP); err != nil {
		t.Fatal(err)
	}
	rename(t, a, "other", "eth0")
	until(t, s, said, "ARPHRD_IEEE80211_RADIOTAP")
	if err := a.Do(func() error { _, err := Open(on("eth0")); return err }); err == nil || !strings.Contains(err.Error(), "ARPHRD_IEEE80211_RADIOTAP") {
		t.Errorf("Open: %v", err)
	}
	unix.Close(fd)
	until(t, s, said, "eth0 is gone")

	fd = tun(t, a, "eth0")
	until(t, s, said, "eth0 is down")
	if err := a.Up("eth0"); err != nil {
		t.Fatal(err)
	}
	until(t, s, said, "eth0 is up")
	ip := datagram("203.0.113.1", "203.0.113.2", "raw")
	if _, err := unix.Write(fd, ip); err != nil {
		t.Fatal(err)
	}
	if p := read(t, s, 1)[0]; p.If != 1 || p.Link != capture.LinkRaw || !bytes.Equal(p.Frame, ip) {
		t.Errorf("interface %d, %v: % x", p.If, p.Link, p.Frame)
	}
	if ifs := s.Interfaces(); len(ifs) != 2 || ifs[0].Link != capture.LinkEthernet || ifs[1].Link != capture.LinkRaw || ifs[1].Name != "eth0" {
		t.Errorf("%+v", ifs)
	}
}

func rename(t *testing.T, n *netns.NS, from, to string) {
	t.Helper()
	if out, err := n.Command(t.Context(), "ip", "link", "set", from, "name", to); err != nil {
		t.Fatal(err, string(out))
	}
}
