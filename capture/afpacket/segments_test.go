//go:build linux

package afpacket

import (
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/pcaps/lab/netns"
)

// merging leaves segmentation to the interfaces, as they come.
func merging(t *testing.T, hosts ...*netns.NS) {
	t.Helper()
	for _, n := range hosts {
		out, err := n.Command(t.Context(), "ethtool", "-K", "eth0", "tx", "on", "sg", "on", "tso", "on", "gso", "on", "tx-udp-segmentation", "on")
		if err != nil {
			t.Fatal(err, string(out))
		}
	}
}

// told ends a test where the kernel does not tell segments.
func told(t *testing.T) {
	t.Helper()
	if !tellsSegments() {
		lack(t, "needs Linux 6.2")
	}
}

// transfer sends size bytes from a to b by TCP, and returns how many segments with
// data the sender's kernel says it made.
func transfer(t *testing.T, a, b *netns.NS, size int) (segments int) {
	t.Helper()
	l, err := b.Listen("tcp", netip.AddrPortFrom(addrB, 443))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := a.Dial(t.Context(), "tcp", netip.AddrPort{}, netip.AddrPortFrom(addrB, 443))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	to, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	go c.Write(make([]byte, size))
	to.SetDeadline(time.Now().Add(20 * time.Second))
	if n, err := io.CopyN(io.Discard, to, int64(size)); err != nil {
		t.Fatal(n, err)
	}
	control, _ := c.(*net.TCPConn).SyscallConn()
	control.Control(func(fd uintptr) {
		var info *unix.TCPInfo
		if info, err = unix.GetsockoptTCPInfo(int(fd), unix.SOL_TCP, unix.TCP_INFO); err == nil {
			segments = int(info.Data_segs_out)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return segments
}

// payloads decodes packets and adds up those with payload from addrA.
func payloads(packets []capture.Packet) (segments, bytes, merged int) {
	var dec decode.Decoder
	for i := range packets {
		p := &packets[i]
		segs := p.Segs
		if dec.Decode(p); p.Key.SrcAddr() != addrA || p.PayloadLen == 0 {
			continue
		}
		segments, bytes = segments+int(segs), bytes+int(p.PayloadLen)
		if segs > 1 {
			merged++
		}
	}
	return segments, bytes, merged
}

// TestSegments: however frames are merged, the segments are as many as the sender
// counts, and the bytes are those of the socket.
func TestSegments(t *testing.T) {
	told(t)
	const size = 3 << 20
	for name, merge := range map[string]bool{"merged": true, "single": false} {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t)
			if merge {
				merging(t, a, b)
			}
			here, there := open(t, a, on("eth0")), open(t, b, on("eth0"))
			want := transfer(t, a, b, size)
			for _, s := range []*Source{here, there} {
				packets := idleOnly(t, s)
				segments, bytes, merged := payloads(packets)
				t.Logf("%d packets, %d merged, %d segments", len(packets), merged, segments)
				if segments != want || bytes < size || merged > 0 != merge || s.Stats().Dropped != 0 {
					t.Errorf("%d segments and %d bytes, the sender made %d and %d; %+v", segments, bytes, want, size, s.Stats())
				}
				for i, p := range packets {
					if p.Has&capture.HasSegs == 0 || p.Segs == 0 || p.WireLen > 1514 && p.Segs == 1 {
						t.Fatalf("packet %d of %d bytes: %d segments", i, p.WireLen, p.Segs)
					}
				}
			}
		})
	}
}

// TestSegmentsOfDatagrams: a burst that the kernel is to segment (UDP_SEGMENT).
func TestSegmentsOfDatagrams(t *testing.T) {
	told(t)
	a, b := pair(t)
	merging(t, a, b)
	sink, err := b.ListenPacket("udp", netip.AddrPortFrom(addrB, 443))
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	s := open(t, a, on("eth0"))
	c, err := a.Dial(t.Context(), "udp", netip.AddrPort{}, netip.AddrPortFrom(addrB, 443))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	control, _ := c.(*net.UDPConn).SyscallConn()
	control.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_SEGMENT, 1200) })
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{12_000, 12_001, 1200, 1} {
		c.Write(make([]byte, size))
		p := read(t, s, 1)
		segments, bytes, _ := payloads(p)
		if want := (size + 1199) / 1200; segments != want || bytes != size || len(p) != 1 {
			t.Errorf("%d bytes: %d segments of %d bytes, want %d", size, segments, bytes, want)
		}
	}
}
