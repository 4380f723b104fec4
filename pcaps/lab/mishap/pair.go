//go:build linux

package mishap

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"chokepoint/pcaps/lab/netns"
)

// Addresses of the pair.
var (
	Here   = netip.MustParseAddr("192.0.2.1")
	There  = netip.MustParseAddr("192.0.2.2")
	Here6  = netip.MustParseAddr("2001:db8::1")
	There6 = netip.MustParseAddr("2001:db8::2")

	nobody   = netip.MustParseAddr("192.0.2.77")  // on the same link
	stranger = netip.MustParseAddr("203.0.113.9") // no route from here to it
)

// Interface is the name of the cable's end in both namespaces.
const Interface = "eth0"

// patience is what anything may take that takes no time.
const patience = 10 * time.Second

// Pair is two hosts on one cable: here, where it happens, and there.
type Pair struct {
	Here, There *netns.NS
}

// Lay makes the hosts and what connects them. Frames on the cable are as on a wire;
// see [Pair.Offload].
func Lay() (*Pair, error) {
	p := &Pair{}
	var err error
	if p.Here, err = netns.New("here"); err != nil {
		return nil, err
	}
	if p.There, err = netns.New("there"); err == nil {
		err = p.connect()
	}
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *Pair) connect() error {
	if err := netns.Link(p.Here, Interface, p.There, Interface); err != nil {
		return err
	}
	for _, end := range []struct {
		ns, peer    *netns.NS
		own, theirs []netip.Addr
	}{
		{p.Here, p.There, []netip.Addr{Here, Here6}, []netip.Addr{There, There6}},
		{p.There, p.Here, []netip.Addr{There, There6}, []netip.Addr{Here, Here6}},
	} {
		for i, a := range end.own {
			err := errors.Join(
				end.ns.Address(Interface, netip.PrefixFrom(a, a.BitLen()*3/4)), // /24 and /96
				end.ns.Neighbour(Interface, end.theirs[i], end.peer.MAC(Interface)))
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// Close closes both.
func (p *Pair) Close() (err error) {
	for _, n := range []*netns.NS{p.Here, p.There} {
		if n != nil {
			err = errors.Join(err, n.Close())
		}
	}
	return err
}

// change does something to the interface here, by netlink.
func (p *Pair) change(what func(*netlink.Handle, netlink.Link) error) error {
	return p.Here.Do(func() error {
		h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
		if err != nil {
			return err
		}
		defer h.Close()
		l, err := h.LinkByName(Interface)
		if err != nil {
			return err
		}
		return what(h, l)
	})
}

// nft gives the firewall here commands.
func (p *Pair) nft(commands string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := p.Here.Command(ctx, "nft", commands)
	return err
}
