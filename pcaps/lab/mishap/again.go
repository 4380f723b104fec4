//go:build linux

package mishap

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Again has what this host sends lost on the way, and sent again, twice or more. It
// is no drop here: the other host's firewall does it. The trace is of what was sent
// again.
func Again(p *Pair) (Trace, error) {
	t := Trace{Proto: TCP, From: netip.AddrPortFrom(Here, 5011), To: netip.AddrPortFrom(There, 40016), Out: true}
	c, err := p.talking(t.To, t.From)
	if err != nil {
		return t, err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := p.There.Command(ctx, "nft", fmt.Sprintf(chain, "input", "drop")); err != nil {
		return t, err
	}
	if _, err := c.here.Write([]byte("lost")); err != nil {
		return t, err
	}
	for ; t.Packets < 2; time.Sleep(time.Millisecond) {
		if t.Packets, err = sentAgain(c.here); err != nil {
			return t, err
		}
		if ctx.Err() != nil {
			return t, errors.New("nothing is sent again")
		}
	}
	return t, nil
}

// sentAgain is the kernel's own count of segments that a socket sent again.
func sentAgain(c *net.TCPConn) (segments int, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	e := raw.Control(func(fd uintptr) {
		var info *unix.TCPInfo
		if info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			segments = int(info.Total_retrans)
		}
	})
	return segments, errors.Join(err, e)
}

// NoRoute has a connection whose way is gone when this host wants to send. The
// packet, of which there is one or more, has no IP header then.
func NoRoute(p *Pair) (Trace, error) {
	t := Trace{Proto: TCP, From: netip.AddrPortFrom(Here, 5012), To: netip.AddrPortFrom(There, 40017), Out: true, Packets: 1,
		Reasons: []string{"IP_OUTNOROUTES"}}
	c, err := p.talking(t.To, t.From)
	if err != nil {
		return t, err
	}
	defer c.Close()
	err = p.change(func(h *netlink.Handle, l netlink.Link) error {
		routes, err := h.RouteList(l, netlink.FAMILY_V4)
		for _, r := range routes {
			err = errors.Join(err, h.RouteDel(&r))
		}
		return err
	})
	if err != nil {
		return t, err
	}
	_, err = c.here.Write([]byte("where to"))
	return t, err
}
