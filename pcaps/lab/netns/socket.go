package netns

import (
	"context"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"

	"chokepoint/pcaps/lab/peer"
)

var _ peer.Net = (*NS)(nil)

// Dial implements [peer.Net]. It makes its one socket on the calling thread, which
// is inside: a literal address is not looked up, and one address has no rival.
func (n *NS) Dial(ctx context.Context, network string, from, to netip.AddrPort) (c net.Conn, err error) {
	err = n.Do(func() (err error) {
		d := net.Dialer{FallbackDelay: -1, KeepAlive: -1} // nothing says what the scenario does not
		d.SetMultipathTCP(false)
		if from.IsValid() {
			if d.LocalAddr = net.Addr(net.TCPAddrFromAddrPort(from)); isUDP(network) {
				d.LocalAddr = net.UDPAddrFromAddrPort(from)
			}
		}
		c, err = d.DialContext(ctx, network, to.String())
		return err
	})
	return c, err
}

func isUDP(network string) bool { return len(network) >= 3 && network[:3] == "udp" }

// listening has no keep-alives, and plain TCP: Go would listen for multipath TCP. One
// address may have a listener of its own beside that of all addresses (SO_REUSEPORT,
// socket(7)); the kernel prefers it.
func listening() *net.ListenConfig {
	l := &net.ListenConfig{KeepAlive: -1, Control: func(_, _ string, c syscall.RawConn) (err error) {
		if e := c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) }); e != nil {
			return e
		}
		return err
	}}
	l.SetMultipathTCP(false)
	return l
}

// Listen implements [peer.Net].
func (n *NS) Listen(network string, at netip.AddrPort) (l net.Listener, err error) {
	err = n.Do(func() (err error) {
		l, err = listening().Listen(context.Background(), network, at.String())
		return err
	})
	return l, err
}

// ListenPacket implements [peer.Net].
func (n *NS) ListenPacket(network string, at netip.AddrPort) (c net.PacketConn, err error) {
	err = n.Do(func() (err error) {
		c, err = listening().ListenPacket(context.Background(), network, at.String())
		return err
	})
	return c, err
}
