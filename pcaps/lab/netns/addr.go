package netns

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

var anywhere = []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0)}

// Address gives an interface an address and a route to its prefix. It is usable at
// once: there is no duplicate address detection.
func (n *NS) Address(ifname string, addr netip.Prefix) error {
	return n.change(ifname, func(l netlink.Link) error {
		err := n.nl.AddrReplace(l, &netlink.Addr{IPNet: ipNet(addr), Flags: unix.IFA_F_NODAD})
		return about(err, "address %v", addr)
	})
}

// Neighbour tells who has an address on the link behind an interface, for good.
func (n *NS) Neighbour(ifname string, addr netip.Addr, mac net.HardwareAddr) error {
	return n.change(ifname, func(l netlink.Link) error {
		err := n.nl.NeighSet(&netlink.Neigh{LinkIndex: l.Attrs().Index, IP: addr.AsSlice(), HardwareAddr: mac, State: netlink.NUD_PERMANENT})
		return about(err, "neighbour %v", addr)
	})
}

// Route sends what is for a prefix out of an interface: to a neighbour, via, or,
// when that is the zero Addr, to the destination itself.
func (n *NS) Route(ifname string, to netip.Prefix, via netip.Addr) error {
	return n.change(ifname, func(l netlink.Link) error {
		r := netlink.Route{LinkIndex: l.Attrs().Index, Dst: ipNet(to), Scope: netlink.SCOPE_LINK, Table: n.table()}
		if via.IsValid() {
			// On the link whatever the routes say: the neighbour is known.
			r.Gw, r.Scope, r.Flags = via.AsSlice(), netlink.SCOPE_UNIVERSE, unix.RTNH_F_ONLINK
		}
		return about(n.nl.RouteReplace(&r), "route to %v", to)
	})
}

// table is where routes go. The local table is looked at before the main one, and
// AnyIP has an answer for everything there: only a longer prefix in the same table
// goes before it.
func (n *NS) table() int {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if n.anyIP {
		return unix.RT_TABLE_LOCAL
	}
	return unix.RT_TABLE_MAIN
}

// Gateway makes a neighbour the way to everywhere in its address family.
func (n *NS) Gateway(ifname string, via netip.Addr, mac net.HardwareAddr) error {
	if err := n.Neighbour(ifname, via, mac); err != nil {
		return err
	}
	to := anywhere[0]
	if via.Is6() {
		to = anywhere[1]
	}
	return n.Route(ifname, to, via)
}

// AnyIP makes every address of both families one of this namespace's own, but for
// those that it is given routes to afterwards. Listen on the address that is meant,
// not on the wildcard: a datagram's answer would come from another one.
func (n *NS) AnyIP() error {
	n.mu.Lock()
	n.anyIP = true
	n.mu.Unlock()
	// IPv4 asks the routes whether an address may be bound, IPv6 does not.
	if err := n.Sysctl("net.ipv6.ip_nonlocal_bind", "1"); err != nil {
		return err
	}
	return n.change("lo", func(l netlink.Link) error {
		for _, all := range anywhere {
			err := n.nl.RouteReplace(&netlink.Route{LinkIndex: l.Attrs().Index, Dst: ipNet(all), Type: unix.RTN_LOCAL,
				Scope: netlink.SCOPE_HOST, Table: unix.RT_TABLE_LOCAL})
			if err != nil {
				return fmt.Errorf("local %v: %w", all, err)
			}
		}
		return nil
	})
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// about says what an error is about; nil stays nil.
func about(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}
