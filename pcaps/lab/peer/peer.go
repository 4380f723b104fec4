// Package peer is what the hosts of the lab have in common. The hosts themselves
// are in the packages below: talk (TLS, HTTP, obfuscated streams), quicpeer,
// dnspeer, call (STUN, TURN, RTP).
package peer

import (
	"context"
	"net"
	"net/netip"
)

// Net opens sockets on one host: a namespace of the lab, or in tests the loopback.
type Net interface {
	// Dial connects to an address literal. network is tcp or udp; from, when valid,
	// is the local address.
	Dial(ctx context.Context, network string, from, to netip.AddrPort) (net.Conn, error)
	Listen(network string, at netip.AddrPort) (net.Listener, error)         // tcp
	ListenPacket(network string, at netip.AddrPort) (net.PacketConn, error) // udp
}

// Host is the network of the machine the process runs on, for tests on loopback.
type Host struct{}

// Dial implements [Net].
func (Host) Dial(ctx context.Context, network string, from, to netip.AddrPort) (net.Conn, error) {
	d := net.Dialer{FallbackDelay: -1, KeepAlive: -1}
	if from.IsValid() {
		d.LocalAddr = local(network, from)
	}
	return d.DialContext(ctx, network, to.String())
}

func local(network string, a netip.AddrPort) net.Addr {
	if network == "udp" {
		return net.UDPAddrFromAddrPort(a)
	}
	return net.TCPAddrFromAddrPort(a)
}

// Listen implements [Net].
func (Host) Listen(network string, at netip.AddrPort) (net.Listener, error) {
	return net.Listen(network, at.String())
}

// ListenPacket implements [Net].
func (Host) ListenPacket(network string, at netip.AddrPort) (net.PacketConn, error) {
	return net.ListenPacket(network, at.String())
}
