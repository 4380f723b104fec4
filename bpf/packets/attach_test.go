//go:build linux

package packets

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"chokepoint/pcaps/lab/netns"
)

// cable is two namespaces and what connects them.
type cable struct {
	a, b           *netns.NS
	ifa, ifb       int
	addrA, addrB   netip.Addr
	addr6A, addr6B netip.Addr
}

const eth = "eth0"

func plugged(t testing.TB) *cable {
	t.Helper()
	needSpaces(t)
	c := &cable{
		addrA: netip.MustParseAddr("10.7.0.1"), addrB: netip.MustParseAddr("10.7.0.2"),
		addr6A: netip.MustParseAddr("fd07::1"), addr6B: netip.MustParseAddr("fd07::2"),
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	c.a, err = netns.New("a")
	must(err)
	t.Cleanup(func() { c.a.Close() })
	c.b, err = netns.New("b")
	must(err)
	t.Cleanup(func() { c.b.Close() })
	must(netns.Link(c.a, eth, c.b, eth))
	must(c.a.Address(eth, netip.PrefixFrom(c.addrA, 24)))
	must(c.b.Address(eth, netip.PrefixFrom(c.addrB, 24)))
	must(c.a.Address(eth, netip.PrefixFrom(c.addr6A, 64)))
	must(c.b.Address(eth, netip.PrefixFrom(c.addr6B, 64)))
	must(c.a.Neighbour(eth, c.addrB, c.b.MAC(eth)))
	must(c.b.Neighbour(eth, c.addrA, c.a.MAC(eth)))
	must(c.a.Neighbour(eth, c.addr6B, c.b.MAC(eth)))
	must(c.b.Neighbour(eth, c.addr6A, c.a.MAC(eth)))
	c.ifa, c.ifb = index(t, c.a, eth), index(t, c.b, eth)
	return c
}

func index(t testing.TB, n *netns.NS, name string) (i int) {
	t.Helper()
	err := n.Do(func() error {
		link, err := net.InterfaceByName(name)
		if err == nil {
			i = link.Index
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

type attach func(p *Program, ifindex int, l3 bool) (io.Closer, error)

var backends = []struct {
	name   string
	attach attach
}{{"tcx", (*Program).AttachTCX}, {"clsact", (*Program).AttachClsact}}

// attached attaches in a namespace, until the test ends or the closer is called.
func attached(t testing.TB, n *netns.NS, how attach, p *Program, ifindex int, l3 bool) (c io.Closer) {
	t.Helper()
	err := n.Do(func() (err error) {
		c, err = how(p, ifindex, l3)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// say sends datagrams from one address to another.
func say(t testing.TB, from *netns.NS, fromAddr netip.AddrPort, to netip.AddrPort, payloads ...[]byte) {
	t.Helper()
	c, err := from.Dial(context.Background(), "udp", fromAddr, to)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, b := range payloads {
		if _, err := c.Write(b); err != nil {
			t.Fatal(err)
		}
	}
}

// hears receives datagrams in a namespace, and drops them.
func hears(t testing.TB, n *netns.NS, at netip.AddrPort) {
	t.Helper()
	c, err := n.ListenPacket("udp", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
}

// Both directions of an interface are seen, with the frame as it passed, the way it
// went and the interface; nothing is after Close.
func TestAttach(t *testing.T) {
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			p, c := loaded(t, small), plugged(t)
			end := attached(t, c.a, backend.attach, p, c.ifa, false)
			at := func(a netip.Addr, port uint16) netip.AddrPort { return netip.AddrPortFrom(a, port) }
			hears(t, c.a, at(c.addrA, 700))
			hears(t, c.b, at(c.addrB, 700))
			hears(t, c.b, at(c.addr6B, 700))
			say(t, c.a, at(c.addrA, 600), at(c.addrB, 700), []byte("out"))
			say(t, c.a, at(c.addr6A, 600), at(c.addr6B, 700), []byte("out by six"))
			say(t, c.b, at(c.addrB, 600), at(c.addrA, 700), []byte("in"))
			var list []record
			eventually(t, "not three packets", func() bool { list = append(list, records(t, p)...); return len(list) >= 3 })
			for i, want := range []string{"out", "out by six", "in"} {
				r := list[i]
				if !bytes.HasSuffix(r.bytes, []byte(want)) || r.Out != (want != "in") || int(r.Ifindex) != c.ifa || r.HasVLAN || r.Segs != 1 {
					t.Errorf("%s: %+v %q", want, r.Header, r.bytes)
				}
				if int(r.WireLen) != len(r.bytes) || (r.Cookie != 0) != r.Out {
					t.Errorf("%s: %+v of %d bytes", want, r.Header, len(r.bytes))
				}
			}
			if err := end.Close(); err != nil {
				t.Error(err)
			}
			before := counts(t, p)
			say(t, c.a, at(c.addrA, 600), at(c.addrB, 700), []byte("out"))
			if after := counts(t, p); after != before {
				t.Errorf("after Close: %+v", after)
			}
		})
	}
}

// The cookie is that of the socket.
func TestCookie(t *testing.T) {
	p, c := loaded(t, small), plugged(t)
	attached(t, c.a, (*Program).AttachTCX, p, c.ifa, false)
	hears(t, c.b, netip.AddrPortFrom(c.addrB, 700))
	conn, err := c.a.Dial(context.Background(), "udp", netip.AddrPort{}, netip.AddrPortFrom(c.addrB, 700))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	raw, err := conn.(*net.UDPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var cookie uint64
	raw.Control(func(fd uintptr) { cookie, err = unix.GetsockoptUint64(int(fd), unix.SOL_SOCKET, unix.SO_COOKIE) })
	if err != nil {
		t.Fatal(err)
	}
	conn.Write([]byte("hello"))
	list := records(t, p)
	if len(list) != 1 || list[0].Cookie != cookie || cookie == 0 {
		t.Errorf("%+v, want cookie %d", list, cookie)
	}
}

// packetSocket sends whole frames from an interface.
func packetSocket(t testing.TB, n *netns.NS, ifindex int) (send func(frame []byte)) {
	t.Helper()
	fd := -1
	err := n.Do(func() (err error) {
		fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return func(frame []byte) {
		t.Helper()
		if err := unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: ifindex}); err != nil {
			t.Fatalf("%d bytes: %v", len(frame), err)
		}
	}
}

// A tag that arrives is in the packet's metadata, not in its bytes; one that leaves
// as it was written is in the bytes.
func TestVLAN(t *testing.T) {
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			p, c := loaded(t, small), plugged(t)
			attached(t, c.a, backend.attach, p, c.ifa, false)
			attached(t, c.b, backend.attach, p, c.ifb, false)
			plain := ether(0x0800, v4(17, udp(1, 2, []byte("hello"))))
			tagged := set(ether(0x0800, plain[14:], 0x8100), 14, 0xa0, 0x07)
			packetSocket(t, c.b, c.ifb)(tagged)
			var list []record
			eventually(t, "not two records", func() bool { list = append(list, records(t, p)...); return len(list) >= 2 })
			out, in := list[0], list[1]
			if !out.Out || out.HasVLAN || !bytes.Equal(out.bytes, tagged) {
				t.Errorf("out: %+v %x", out.Header, out.bytes)
			}
			if in.Out || !in.HasVLAN || in.VLAN != 0xa007 || !bytes.Equal(in.bytes, plain) || int(in.WireLen) != len(plain) {
				t.Errorf("in: %+v %x", in.Header, in.bytes)
			}
		})
	}
}

// Frames of any length pass, whatever they claim to be.
func TestTornFramesLive(t *testing.T) {
	p, c := loaded(t, small), plugged(t)
	attached(t, c.a, (*Program).AttachTCX, p, c.ifa, false)
	send := packetSocket(t, c.b, c.ifb)
	for _, frame := range [][]byte{ether(0x0800, v4(6, segment)), ether(0x86dd, v6(6, segment)), ether(0x0806, zeros(60))} {
		for n := 14; n < 60; n++ {
			send(frame[:n])
			var list []record
			eventually(t, "no record", func() bool { list = append(list, records(t, p)...); return len(list) > 0 })
			if len(list) != 1 || !bytes.Equal(list[0].bytes, frame[:n]) {
				t.Fatalf("%d bytes: %+v", n, list)
			}
		}
	}
}

// transfer moves n bytes by TCP from a to b.
func transfer(t testing.TB, c *cable, n int) {
	t.Helper()
	l, err := c.b.Listen("tcp", netip.AddrPortFrom(c.addrB, 443))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := make(chan int64, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			got <- -1
			return
		}
		defer conn.Close()
		m, _ := io.Copy(io.Discard, conn)
		got <- m
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn, err := c.a.Dial(ctx, "tcp", netip.AddrPort{}, netip.AddrPortFrom(c.addrB, 443))
	if err != nil {
		t.Fatal(err)
	}
	conn.Write(make([]byte, n))
	conn.Close()
	if m := <-got; m != int64(n) {
		t.Fatalf("%d of %d bytes arrived", m, n)
	}
}

// On its way out TCP is seen before it is segmented. The segments that a frame says
// it stands for are those that arrive.
func TestSegments(t *testing.T) {
	cfg := small
	cfg.RingBytes = 16 << 20
	p, c := loaded(t, cfg), plugged(t)
	attached(t, c.a, (*Program).AttachTCX, p, c.ifa, false)
	attached(t, c.b, (*Program).AttachTCX, p, c.ifb, false)
	const n = 4 << 20
	transfer(t, c, n)
	var out, in, merged int
	for _, r := range records(t, p) {
		if r.bytes[23] == 6 && be.Uint16(r.bytes[36:]) == 443 { // to the server
			headers := 14 + 20 + int(r.bytes[46]>>4)*4
			payload := int(r.WireLen) - headers
			switch {
			case !r.Out:
				in += int(r.Segs)
			case r.SegSize > 0 && r.Segs > 1:
				merged++
				if want := (payload + int(r.SegSize) - 1) / int(r.SegSize); int(r.Segs) != want {
					t.Errorf("%d segments of %d bytes for %d", r.Segs, r.SegSize, payload)
				}
				fallthrough
			default:
				out += int(r.Segs)
			}
		}
	}
	if merged == 0 || in < n/1460 {
		t.Errorf("%d merged frames, %d segments arrived", merged, in)
	}
	if in != out || counts(t, p).Lost+counts(t, p).Unseen != 0 {
		t.Errorf("%d segments out, %d in; %+v", out, in, counts(t, p))
	}
}

// What is whole is cut at 4096 bytes, wherever in memory it is.
func TestLargeFrames(t *testing.T) {
	p, c := loaded(t, small), plugged(t)
	if err := c.a.SetMTU(eth, 9000); err != nil {
		t.Fatal(err)
	}
	attached(t, c.a, (*Program).AttachTCX, p, c.ifa, false)
	b := make([]byte, 8000)
	for i := range b {
		b[i] = byte(i >> 4)
	}
	say(t, c.a, netip.AddrPort{}, netip.AddrPortFrom(c.addrB, 700), b)
	list := records(t, p)
	if len(list) != 1 || list[0].WireLen != 8042 || len(list[0].bytes) != 4096 || !bytes.Equal(list[0].bytes[42:], b[:4096-42]) {
		t.Errorf("%d records: %+v", len(list), list)
	}
}

// On loopback each packet is seen, and counted by the plan, once.
func TestLoopback(t *testing.T) {
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			p, c := loaded(t, Config{Payloads: 4, Whole: 4096, Head: 8, RingBytes: small.RingBytes}), plugged(t)
			attached(t, c.a, backend.attach, p, loopback, false)
			to := netip.MustParseAddrPort("127.0.0.1:700")
			hears(t, c.a, to)
			const n = 6
			for range n {
				say(t, c.a, netip.MustParseAddrPort("127.0.0.1:600"), to, bytes.Repeat([]byte("x"), 100))
			}
			var list []record
			eventually(t, "not all packets", func() bool { list = append(list, records(t, p)...); return len(list) >= n })
			for i, r := range list {
				if whole := len(r.bytes) == int(r.WireLen); r.Out || whole != (i < 4) {
					t.Errorf("packet %d: %+v, %d bytes", i, r.Header, len(r.bytes))
				}
			}
			if len(list) != n {
				t.Errorf("%d records of %d packets", len(list), n)
			}
		})
	}
}
