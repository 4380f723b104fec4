package netns

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"chokepoint/capture"
	"chokepoint/capture/decode"
)

// bridged is an internet whose middlebox is the kernel's bridge.
func bridged(t *testing.T, opt Options) *Hosts {
	t.Helper()
	h, err := Internet(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "br0"
	snooping := false // a bridge that snoops asks for multicast routers
	bridge := &netlink.Bridge{LinkAttrs: attrs, MulticastSnooping: &snooping}
	if err := h.Box.nl.LinkAdd(bridge); err != nil {
		t.Fatal("the kernel's bridge: ", err)
	}
	for _, port := range []string{"c0", "s0"} {
		if err := h.Box.change(port, func(l netlink.Link) error { return h.Box.nl.LinkSetMaster(l, bridge) }); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Box.Up("br0"); err != nil {
		t.Fatal(err)
	}
	return h
}

// sniff reads all frames of an interface until stop is called.
func sniff(t *testing.T, n *NS, ifname string) (stop func() []capture.Packet) {
	t.Helper()
	fd := -1
	err := n.Do(func() (err error) {
		fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 64<<20)
		i, err := net.InterfaceByName(ifname)
		if err != nil {
			return err
		}
		all := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, unix.ETH_P_ALL))
		return unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: i.Index})
	})
	if err != nil {
		t.Fatal(err)
	}
	return func() (packets []capture.Packet) {
		defer unix.Close(fd)
		var dec decode.Decoder
		for {
			buf := make([]byte, 70000)
			k, _, err := unix.Recvfrom(fd, buf, 0)
			if errors.Is(err, unix.EAGAIN) {
				return packets
			}
			if err != nil {
				t.Fatal(err)
			}
			p := capture.Packet{Frame: buf[:k], WireLen: uint32(k), Link: capture.LinkEthernet}
			dec.Decode(&p)
			packets = append(packets, p)
		}
	}
}

// somewhere is a server in each address family.
var somewhere = []netip.AddrPort{netip.MustParseAddrPort("149.154.167.51:443"), netip.MustParseAddrPort("[2001:67c:4e8:f002::a]:443")}

// TestInternet: the client reaches any server by TCP and UDP, and what passes is
// that alone, in frames of Ethernet's size with finished checksums.
func TestInternet(t *testing.T) {
	need(t)
	h := bridged(t, Options{})
	stops := []func() []capture.Packet{sniff(t, h.Client, "eth0"), sniff(t, h.Box, "c0"), sniff(t, h.Box, "s0"), sniff(t, h.Server, "eth0")}
	for _, at := range somewhere {
		overTCP(t, h, at)
		overUDP(t, h, at)
	}
	refused(t, h)
	for i, stop := range stops {
		seen := stop()
		if len(seen) < 400 {
			t.Errorf("tap %d: %d frames only", i, len(seen))
		}
		for _, p := range seen {
			check(t, i, p)
		}
	}
}

// check looks at one frame.
func check(t *testing.T, tap int, p capture.Packet) {
	t.Helper()
	if p.WireLen > 1514 {
		t.Errorf("tap %d: a frame of %d bytes: %v", tap, p.WireLen, p.Key)
	}
	switch unreachable := p.Has&capture.HasQuoted != 0; {
	case p.Key.Proto != capture.ProtoTCP && p.Key.Proto != capture.ProtoUDP && !unreachable:
		t.Errorf("tap %d: what is this? % x", tap, p.Frame[:min(len(p.Frame), 64)])
	case !unreachable && !sumsUp(p.Frame):
		t.Errorf("tap %d: transport checksum unfinished: %v, %d bytes", tap, p.Key, p.WireLen)
	}
}

// sumsUp checks the transport checksum of a frame without IP options (RFC 9293
// 3.1, RFC 768).
func sumsUp(f []byte) bool {
	ip := f[14:]
	proto, addrs, segment := ip[9], ip[12:20], ip[20:]
	if ip[0]>>4 == 6 {
		proto, addrs, segment = ip[6], ip[8:40], ip[40:]
	}
	sum := uint32(proto) + uint32(len(segment))
	for _, part := range [][]byte{addrs, segment} {
		for i, b := range part {
			sum += uint32(b) << (8 * (1 - i%2))
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return sum == 0xffff
}

func overTCP(t *testing.T, h *Hosts, at netip.AddrPort) {
	t.Helper()
	const size = 300_000
	l, err := h.Server.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var work sync.WaitGroup
	defer work.Wait()
	work.Go(func() {
		c, err := l.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		if c.LocalAddr().String() != at.String() {
			t.Errorf("accepted at %v, not %v", c.LocalAddr(), at)
		}
		c.Write(make([]byte, size))
	})
	c, err := h.Client.Dial(t.Context(), "tcp", netip.AddrPort{}, at)
	if err != nil {
		l.Close()
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	if n, err := io.Copy(io.Discard, c); err != nil || n != size {
		t.Errorf("%v: got %d bytes: %v", at, n, err)
	}
}

// overUDP sends both ways, upwards a burst that the kernel is to segment
// (UDP_SEGMENT), as QUIC stacks do.
func overUDP(t *testing.T, h *Hosts, at netip.AddrPort) {
	t.Helper()
	server, err := h.Server.ListenPacket("udp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	from := netip.AddrPortFrom(clientAddrs[0].Addr(), 40000)
	if at.Addr().Is6() {
		from = netip.AddrPortFrom(clientAddrs[1].Addr(), 40000)
	}
	client, err := h.Client.Dial(t.Context(), "udp", from, at)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	raw, _ := client.(*net.UDPConn).SyscallConn()
	raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_SEGMENT, 1200) })
	if err != nil {
		t.Fatal(err)
	}
	client.Write(make([]byte, 12_000))
	server.SetDeadline(time.Now().Add(20 * time.Second))
	client.SetDeadline(time.Now().Add(20 * time.Second))
	buf := make([]byte, 2000)
	for range 10 {
		n, who, err := server.ReadFrom(buf)
		if err != nil || n != 1200 || who.String() != from.String() {
			t.Fatalf("%v: got %d bytes from %v: %v", at, n, who, err)
		}
	}
	server.WriteTo([]byte("answer"), net.UDPAddrFromAddrPort(from))
	if n, err := client.Read(buf); err != nil || string(buf[:n]) != "answer" {
		t.Fatalf("%v: got %q: %v", at, buf[:n], err)
	}
}

// refused: nobody listens there, and the server's kernel says so.
func refused(t *testing.T, h *Hosts) {
	t.Helper()
	for _, a := range []string{"1.1.1.1:853", "[2606:4700::1111]:853"} {
		to := netip.MustParseAddrPort(a)
		if c, err := h.Client.Dial(t.Context(), "tcp", netip.AddrPort{}, to); !errors.Is(err, unix.ECONNREFUSED) {
			t.Errorf("%s: %v, %v", a, c, err)
		}
		c, err := h.Client.Dial(t.Context(), "udp", netip.AddrPort{}, to)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(20 * time.Second))
		c.Write([]byte("hello"))
		if _, err := c.Read(make([]byte, 9)); !errors.Is(err, unix.ECONNREFUSED) {
			t.Errorf("%s: a datagram: %v", a, err)
		}
	}
}

// TestServerDials: connections from any address to the client.
func TestServerDials(t *testing.T) {
	need(t)
	h := bridged(t, Options{})
	for i, from := range somewhere {
		at := netip.AddrPortFrom(clientAddrs[i].Addr(), 5222)
		l, err := h.Client.Listen("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		c, err := h.Server.Dial(t.Context(), "tcp", from, at)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if c.LocalAddr().String() != from.String() {
			t.Errorf("from %v, not %v", c.LocalAddr(), from)
		}
	}
}

// TestSilence: hosts that do nothing say nothing, not even when interfaces go up.
func TestSilence(t *testing.T) {
	need(t)
	h := bridged(t, Options{MTU: 1400})
	stop := sniff(t, h.Server, "eth0")
	for range 2 {
		if err := errors.Join(h.Client.Down("eth0"), h.Client.Up("eth0")); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(300 * time.Millisecond)
	for _, p := range stop() {
		t.Errorf("somebody said % x", p.Frame[:min(len(p.Frame), 64)])
	}
	// Reports may come later than this test waits; these are the groups to report.
	out, err := h.Client.Command(t.Context(), "cat", "/proc/net/igmp6")
	if err != nil || !strings.Contains(string(out), "eth0") || strings.Contains(string(out), solicited) {
		t.Errorf("the client's groups: %v\n%s", err, out)
	}
}

// solicited begins the address of a solicited-node group (RFC 4291 2.7.1), as the
// kernel writes it.
const solicited = "ff0200000000000000000001ff"

// TestClosed: the kernel removes what was closed.
func TestClosed(t *testing.T) {
	need(t)
	ours := made(t, "ours")
	before, _ := held(t)
	h, err := Internet(Options{})
	if err != nil {
		t.Fatal(err)
	}
	var seen []witness
	for _, n := range []*NS{h.Client, h.Box, h.Server} {
		seen = append(seen, watch(t, ours, n.Path()))
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if after, _ := held(t); len(after) != len(before) {
		t.Fatalf("namespaces %v, before %v", after, before)
	}
	for _, w := range seen {
		w.gone(t)
	}
}

// TestMain plays the child of TestKilled.
func TestMain(m *testing.M) {
	runs := os.Getenv("NETNS_TEST_CHILD")
	if runs == "" {
		os.Exit(m.Run())
	}
	h, err := Internet(Options{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	go h.Client.Command(context.Background(), "sh", "-c", "touch "+runs+"; exec sleep 300")
	for _, err := os.Stat(runs); err != nil; _, err = os.Stat(runs) {
		time.Sleep(time.Millisecond)
	}
	fmt.Println(h.Client.Path(), h.Box.Path(), h.Server.Path())
	io.Copy(io.Discard, os.Stdin) // until killed, or the parent is gone
}

// TestKilled: after SIGKILL nothing is left, neither here nor there; the command
// that ran inside would have kept its namespace.
func TestKilled(t *testing.T) {
	need(t)
	ours := made(t, "ours")
	child := exec.Command("/proc/self/exe")
	child.Env = append(os.Environ(), "NETNS_TEST_CHILD="+filepath.Join(t.TempDir(), "runs"))
	hold, _ := child.StdinPipe()
	defer hold.Close()
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	links, files := devices(t)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	var seen []witness
	for path := range strings.FieldsSeq(line) {
		seen = append(seen, watch(t, ours, path))
	}
	child.Process.Kill()
	child.Wait()
	if len(seen) != 3 {
		t.Fatalf("the child says %q", line)
	}
	for _, w := range seen {
		w.gone(t)
	}
	if l, f := devices(t); l != links || f != files {
		t.Fatalf("interfaces %s, before %s; files %s, before %s", l, links, f, files)
	}
}

// devices lists the interfaces of this machine, and the names of namespaces.
func devices(t *testing.T) (links, files string) {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		links += l.Name + " "
	}
	named, _ := os.ReadDir("/run/netns")
	return links, fmt.Sprint(named)
}
