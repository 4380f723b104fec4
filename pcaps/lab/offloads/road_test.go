//go:build linux

package offloads

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"chokepoint/pcaps/lab/netns"
)

// eth is the watched interface of either host.
const eth = "eth0"

// road is a client, a server, and a router between them that may lose packets; none
// where the hosts are on one cable.
type road struct {
	client, router, server *netns.NS
}

// end is one interface of the road.
type end struct {
	ns   *netns.NS
	name string
}

// addresses of the hosts, and of the router on their side; by IPv6 or not.
var (
	clients = map[bool]netip.Addr{false: netip.MustParseAddr("192.0.2.1"), true: netip.MustParseAddr("2001:db8:1::1")}
	servers = map[bool]netip.Addr{false: netip.MustParseAddr("198.51.100.1"), true: netip.MustParseAddr("2001:db8:2::1")}
	near    = map[bool]netip.Addr{false: netip.MustParseAddr("192.0.2.254"), true: netip.MustParseAddr("2001:db8:1::fe")}
	far     = map[bool]netip.Addr{false: netip.MustParseAddr("198.51.100.254"), true: netip.MustParseAddr("2001:db8:2::fe")}
)

// need skips a test that cannot be played here; with REQUIRE_BPF=1 it fails.
func need(t *testing.T) {
	t.Helper()
	if lacks := netns.Missing(); len(lacks) > 0 {
		without(t, "needs "+strings.Join(lacks, ", "))
	}
}

func without(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("REQUIRE_BPF") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}

func made(t *testing.T, name string) *netns.NS {
	t.Helper()
	ns, err := netns.New(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ns.Close() })
	return ns
}

// build makes a road.
func build(t *testing.T) *road {
	t.Helper()
	r := &road{client: made(t, "client"), router: made(t, "router"), server: made(t, "server")}
	err := errors.Join(
		netns.Link(r.client, eth, r.router, "c0"), netns.Link(r.server, eth, r.router, "s0"),
		r.host(r.client, "c0", clients, near), r.host(r.server, "s0", servers, far),
		r.router.Sysctl("net.ipv4.ip_forward", "1"), r.router.Sysctl("net.ipv6.conf.all.forwarding", "1"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// host gives a host and the router's interface towards it their addresses.
func (r *road) host(ns *netns.NS, port string, own, gateway map[bool]netip.Addr) (err error) {
	for six, a := range own {
		bits := a.BitLen() * 3 / 4 // /24 and /96
		err = errors.Join(err,
			ns.Address(eth, netip.PrefixFrom(a, bits)),
			ns.Gateway(eth, gateway[six], r.router.MAC(port)),
			r.router.Address(port, netip.PrefixFrom(gateway[six], bits)),
			r.router.Neighbour(port, a, ns.MAC(eth)))
	}
	// Or a connection would begin as the last one ended.
	return errors.Join(err, ns.Sysctl("net.ipv4.tcp_no_metrics_save", "1"))
}

// direct makes a road without a router.
func direct(t *testing.T) *road {
	t.Helper()
	r := &road{client: made(t, "client"), server: made(t, "server")}
	err := netns.Link(r.client, eth, r.server, eth)
	for _, six := range []bool{false, true} {
		for _, h := range []struct {
			ns, peer    *netns.NS
			own, theirs netip.Addr
		}{{r.client, r.server, clients[six], servers[six]}, {r.server, r.client, servers[six], clients[six]}} {
			err = errors.Join(err, h.ns.Address(eth, netip.PrefixFrom(h.own, h.own.BitLen())),
				h.ns.Gateway(eth, h.theirs, h.peer.MAC(eth)))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// ends lists all interfaces.
func (r *road) ends() []end {
	if r.router == nil {
		return []end{{r.client, eth}, {r.server, eth}}
	}
	return []end{{r.client, eth}, {r.router, "c0"}, {r.router, "s0"}, {r.server, eth}}
}

// settle makes the road what a journey needs.
func (r *road) settle(t *testing.T, j *journey) {
	t.Helper()
	stamps, dsack := "1", "1"
	if j.plain {
		stamps = "0"
	}
	// A burst is cut to make room for a duplicate SACK, which its first frame alone
	// carries. Of the others only the kernel knows that their segments are shorter than
	// they might be: a recording of merged frames then tells of one less now and then.
	if j.both && j.offload.tso {
		dsack = "0"
	}
	var err error
	for _, h := range []*netns.NS{r.client, r.server} {
		err = errors.Join(err, h.Sysctl("net.ipv4.tcp_timestamps", stamps), h.Sysctl("net.ipv4.tcp_dsack", dsack))
	}
	for _, e := range r.ends() {
		err = errors.Join(err, j.offload.set(e.ns, e.name), big(e, j.big))
	}
	if err != nil {
		t.Fatal(err)
	}
	if r.router == nil {
		return
	}
	rules := "flush ruleset"
	if j.lose > 0 {
		rules += "; add table inet t; add chain inet t c { type filter hook forward priority 0; policy accept; }"
		for _, from := range []string{"c0", "s0"} { // each counts for itself, and drops the first
			rules += fmt.Sprintf("; add rule inet t c iifname %s meta length > 500 numgen inc mod %d 0 drop", from, j.lose)
		}
	}
	if _, err := r.router.Command(t.Context(), "nft", rules); err != nil {
		t.Fatal(err)
	}
}

// Sizes of merged packets, bytes: what an interface begins with (GSO_LEGACY_MAX_SIZE
// of linux/netdevice.h), and one for which IP has no length field (BIG TCP).
const (
	usual  = 65536
	beyond = 185000
)

// big allows an interface merged packets that are longer than IP can say.
func big(e end, on bool) error {
	size := usual
	if on {
		size = beyond
	}
	return e.ns.Do(func() error {
		h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
		if err != nil {
			return err
		}
		defer h.Close()
		l, err := h.LinkByName(e.name)
		if err != nil {
			return err
		}
		return errors.Join(h.LinkSetGSOMaxSize(l, size), h.LinkSetGROMaxSize(l, size),
			h.LinkSetGSOIPv4MaxSize(l, size), h.LinkSetGROIPv4MaxSize(l, size))
	})
}
