//go:build linux

package packets

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"chokepoint/pcaps/lab/netns"
)

// tunnelled makes a tun device, which has no link header, and returns its descriptor.
func tunnelled(t *testing.T, n *netns.NS, name string) (fd int) {
	t.Helper()
	err := n.Do(func() (err error) {
		if fd, err = unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0); err != nil {
			return err
		}
		req, err := unix.NewIfreq(name)
		if err != nil {
			return err
		}
		req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, req); err != nil {
			return err
		}
		link, err := netlink.LinkByName(name)
		if err != nil {
			return err
		}
		return netlink.LinkSetUp(link)
	})
	if err != nil {
		need(t, "a tun device ("+err.Error()+")")
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// On devices without link header the plan is the same.
func TestWithoutLinkHeaderLive(t *testing.T) {
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			needSpaces(t)
			n, err := netns.New("n")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { n.Close() })
			p, fd := loaded(t, small), tunnelled(t, n, "tun0")
			attached(t, n, backend.attach, p, index(t, n, "tun0"), true)
			if err := n.Address("tun0", netip.MustParsePrefix("10.0.0.2/24")); err != nil {
				t.Fatal(err)
			}
			data := v4(17, udp(1000, 9000, zeros(late)))
			for range 3 {
				if _, err := unix.Write(fd, data); err != nil {
					t.Fatal(err)
				}
			}
			for n := 1; n < 20; n++ {
				unix.Write(fd, data[:n]) // what is too short for the device never arrives
			}
			say(t, n, netip.MustParseAddrPort("10.0.0.2:600"), netip.MustParseAddrPort("10.0.0.1:700"), []byte("hello"))
			var in, out []record
			for _, r := range records(t, p) {
				if len(r.bytes) > 9 && r.bytes[9] == 1 {
					continue // the host answers that there is nobody on the port
				}
				if r.Out {
					out = append(out, r)
				} else {
					in = append(in, r)
				}
			}
			if len(in) < 3 || len(in[0].bytes) != len(data) || len(in[1].bytes) != len(data) || len(in[2].bytes) != 20+8+head {
				t.Errorf("in: %+v", in)
			}
			for _, r := range in[3:] {
				if !bytes.HasPrefix(data, r.bytes) {
					t.Errorf("in: %x", r.bytes)
				}
			}
			if len(out) != 1 || !bytes.HasSuffix(out[0].bytes, []byte("hello")) || len(out[0].bytes) != 33 {
				t.Errorf("out: %+v", out)
			}
		})
	}
}
