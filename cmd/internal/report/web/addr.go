package web

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// loopback is where it listens if it is not told otherwise.
var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// ParseAddr reads where to listen: HOST:PORT, or :PORT on loopback. HOST is an address,
// IPv6 in brackets, or localhost; other names would have to be looked up. Port 0 is any
// that is free.
func ParseAddr(text string) (netip.AddrPort, error) {
	wrong := func(why string) (netip.AddrPort, error) {
		return netip.AddrPort{}, fmt.Errorf("%q as an address to listen on: %s; want HOST:PORT or :PORT", text, why)
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return wrong("host and port cannot be told apart")
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || strings.HasPrefix(port, "+") {
		return wrong("the port is not a number up to 65535")
	}
	addr := loopback
	if host != "" && !strings.EqualFold(host, "localhost") {
		if addr, err = netip.ParseAddr(host); err != nil {
			return wrong("the host is neither an address nor localhost")
		}
	}
	return netip.AddrPortFrom(addr.Unmap(), uint16(n)), nil
}

// Listen begins to listen. Nobody is answered before [Server.Start].
func Listen(at netip.AddrPort) (net.Listener, error) {
	network := "tcp" // :: is every address of both families
	if at.Addr().Is4() {
		network = "tcp4"
	}
	return net.Listen(network, at.String())
}
