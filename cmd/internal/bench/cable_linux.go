package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"github.com/vishvananda/netlink"

	"chokepoint/pcaps/lab/netns"
)

// port is the interface at either end of a cable.
const port = "eth0"

// The addresses of its ends.
var (
	farAddr  = netip.MustParsePrefix("192.0.2.1/24")
	nearAddr = netip.MustParsePrefix("192.0.2.2/24")
)

// cable connects two namespaces: far sends, near is watched.
type cable struct{ far, near *netns.NS }

// newCable lays one. Merged, segmentation and checksums are left to the interfaces,
// as on a host whose card can do that; else each frame is as on a wire.
func newCable(merged bool) (c *cable, err error) {
	c = &cable{}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close())
		}
	}()
	if c.far, err = netns.New("far"); err != nil {
		return c, err
	}
	if c.near, err = netns.New("near"); err != nil {
		return c, err
	}
	if !merged {
		return c, netns.Link(c.far, port, c.near, port)
	}
	if err := c.far.Do(func() error { return c.plug() }); err != nil {
		return c, fmt.Errorf("veth pair: %w", err)
	}
	return c, errors.Join(c.far.Up(port), c.near.Up(port), c.far.Address(port, farAddr), c.near.Address(port, nearAddr))
}

// plug makes a pair with all that the driver offers.
func (c *cable) plug() error {
	there, err := os.Open(c.near.Path())
	if err != nil {
		return err
	}
	defer there.Close()
	attrs := netlink.NewLinkAttrs()
	attrs.Name = port
	pair := netlink.NewVeth(attrs)
	pair.PeerName, pair.PeerNamespace = port, netlink.NsFd(there.Fd())
	return netlink.LinkAdd(pair)
}

// dropped is how many frames the cable has dropped on their way from far.
func (c *cable) dropped() (n uint64, err error) {
	err = c.far.Do(func() error {
		l, err := netlink.LinkByName(port)
		if err == nil {
			n = l.Attrs().Statistics.TxDropped
		}
		return err
	})
	return n, err
}

func (c *cable) close() (err error) {
	for _, n := range []*netns.NS{c.far, c.near} {
		if n != nil {
			err = errors.Join(err, n.Close())
		}
	}
	return err
}
