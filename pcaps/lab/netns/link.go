package netns

import (
	"fmt"
	"hash/fnv"
	"net"

	"github.com/vishvananda/netlink"
)

// mtu is that of Ethernet, and of [Link] before [NS.SetMTU].
const mtu = 1500

// Link connects two namespaces by a cable, a veth pair with these interface names.
// Both ends are up, have no address, do no ARP and leave no work to the hardware.
func Link(a *NS, aName string, b *NS, bName string) error {
	if err := a.plug(aName, b, bName); err != nil {
		return fmt.Errorf("link %s %s to %s %s: %w", a.name, aName, b.name, bName, err)
	}
	for _, end := range []struct {
		ns   *NS
		name string
	}{{a, aName}, {b, bName}} {
		if err := end.ns.Do(func() error { return offloadsOff(end.name) }); err != nil {
			return fmt.Errorf("%s %s: %w", end.ns.name, end.name, err)
		}
		// Without ARP the kernel also joins no solicited-node groups, which it would
		// report by MLD.
		if err := end.ns.change(end.name, end.ns.nl.LinkSetARPOff); err != nil {
			return err
		}
		if err := end.ns.Up(end.name); err != nil {
			return err
		}
	}
	return nil
}

// plug makes the pair.
func (n *NS) plug(name string, b *NS, bName string) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.MTU, attrs.HardwareAddr = name, mtu, n.MAC(name)
	pair := netlink.NewVeth(attrs)
	pair.PeerName, pair.PeerHardwareAddr = bName, b.MAC(bName)
	b.mu.RLock()
	defer b.mu.RUnlock()
	pair.PeerNamespace = netlink.NsFd(b.fd)
	return n.nl.LinkAdd(pair)
}

// change does something to an interface that it finds by name.
func (n *NS) change(ifname string, what func(netlink.Link) error) error {
	l, err := n.nl.LinkByName(ifname)
	if err == nil {
		err = what(l)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", n.name, ifname, err)
	}
	return nil
}

// Up switches an interface on.
func (n *NS) Up(ifname string) error { return n.change(ifname, n.nl.LinkSetUp) }

// Down switches an interface off.
func (n *NS) Down(ifname string) error { return n.change(ifname, n.nl.LinkSetDown) }

// Promiscuous makes an interface accept frames for others.
func (n *NS) Promiscuous(ifname string) error { return n.change(ifname, n.nl.SetPromiscOn) }

// SetMTU sets how long the interface's IP packets may be, bytes.
func (n *NS) SetMTU(ifname string, bytes int) error {
	return n.change(ifname, func(l netlink.Link) error { return n.nl.LinkSetMTU(l, bytes) })
}

// hardwareAddr derives an address from names. Bit 1 of the first octet is set,
// locally administered, and bit 0 is not, unicast (IEEE 802-2014 8.2).
func hardwareAddr(ns, ifname string) net.HardwareAddr {
	h := fnv.New64a()
	h.Write([]byte(ns + " " + ifname))
	sum := h.Sum64()
	mac := net.HardwareAddr{0x02}
	for shift := 32; shift >= 0; shift -= 8 {
		mac = append(mac, byte(sum>>shift))
	}
	return mac
}
