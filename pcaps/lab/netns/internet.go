package netns

import (
	"errors"
	"net/netip"
)

// Addresses of the small internet: a home, and its router, which is the server's
// own address too.
var (
	clientAddrs = []netip.Prefix{netip.MustParsePrefix("192.168.1.23/24"), netip.MustParsePrefix("2001:db8:1::23/64")}
	routerAddrs = []netip.Addr{netip.MustParseAddr("192.168.1.1"), netip.MustParseAddr("2001:db8:1::1")}
)

// Options are choices for [Internet]. The zero value is right for most.
type Options struct {
	MTU int // of all interfaces, bytes; 0 is 1500
	// Offloads leaves to the interfaces of client and server what a middlebox that
	// wants frames as on a wire can bear: see [NS.Merging].
	Offloads bool
}

// Hosts are a client, all servers of the internet in one, and a middlebox between
// them:
//
//	client eth0 ---- c0 box s0 ---- eth0 server
//
// The client has 192.168.1.23 and 2001:db8:1::23. The server answers for every
// other address; the source of what it sends unasked, ICMPv6 errors included, is
// that of the home's router, 192.168.1.1 and 2001:db8:1::1. The box has no
// addresses, and carries nothing from c0 to s0 unless somebody does it there:
// frames pass unchanged, client and server know each other's hardware addresses.
type Hosts struct {
	Client, Box, Server *NS
}

// Internet makes the hosts and what connects them.
func Internet(opt Options) (*Hosts, error) {
	h := &Hosts{}
	for _, x := range []struct {
		name string
		ns   **NS
	}{{"client", &h.Client}, {"box", &h.Box}, {"server", &h.Server}} {
		n, err := New(x.name)
		if err != nil {
			return nil, errors.Join(err, h.Close())
		}
		*x.ns = n
	}
	if err := h.connect(opt); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// connect furnishes the hosts, first to last.
func (h *Hosts) connect(opt Options) error {
	for _, step := range []func() error{
		h.settings,
		func() error { return Link(h.Client, "eth0", h.Box, "c0") },
		func() error { return Link(h.Server, "eth0", h.Box, "s0") },
		func() error { return h.mtu(opt.MTU) },
		func() error { return h.offloads(opt.Offloads) },
		func() error { return h.Box.Promiscuous("c0") },
		func() error { return h.Box.Promiscuous("s0") },
		h.client,
		h.server,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// settings sets what interfaces inherit, so they must not be there yet.
func (h *Hosts) settings() error {
	if err := h.Box.Sysctl("net.ipv6.conf.default.disable_ipv6", "1"); err != nil {
		return err
	}
	for _, n := range []*NS{h.Client, h.Server} {
		for _, s := range []setting{
			{"net.ipv4.tcp_no_metrics_save", "1"}, // or a connection begins as the last one ended
			{"net.ipv4.tcp_tw_reuse", "0"},
		} {
			if err := n.Sysctl(s.key, s.value); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h *Hosts) mtu(bytes int) error {
	if bytes == 0 {
		return nil
	}
	return errors.Join(h.Client.SetMTU("eth0", bytes), h.Box.SetMTU("c0", bytes),
		h.Box.SetMTU("s0", bytes), h.Server.SetMTU("eth0", bytes))
}

func (h *Hosts) offloads(on bool) error {
	if !on {
		return nil
	}
	return errors.Join(h.Client.Merging("eth0"), h.Server.Merging("eth0"))
}

func (h *Hosts) client() error {
	for i, a := range clientAddrs {
		if err := h.Client.Address("eth0", a); err != nil {
			return err
		}
		if err := h.Client.Gateway("eth0", routerAddrs[i], h.Server.MAC("eth0")); err != nil {
			return err
		}
	}
	return nil
}

func (h *Hosts) server() error {
	if err := h.Server.AnyIP(); err != nil {
		return err
	}
	for i, a := range clientAddrs {
		router, home := routerAddrs[i], a.Addr()
		if err := h.Server.Address("eth0", netip.PrefixFrom(router, router.BitLen())); err != nil {
			return err
		}
		if err := h.Server.Neighbour("eth0", home, h.Client.MAC("eth0")); err != nil {
			return err
		}
		if err := h.Server.Route("eth0", netip.PrefixFrom(home, home.BitLen()), netip.Addr{}); err != nil {
			return err
		}
	}
	return nil
}

// Close closes the namespaces.
func (h *Hosts) Close() (err error) {
	for _, n := range []*NS{h.Client, h.Box, h.Server} {
		if n != nil {
			err = errors.Join(err, n.Close())
		}
	}
	return err
}
