package call

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// socket is a UDP socket that may stand for any number of addresses, and answers
// from the one that was asked (IP_PKTINFO and IPV6_PKTINFO, ip(7) and ipv6(7)).
// Where IPv6 addresses are a host's by a local route alone, the kernel wants
// net.ipv6.ip_nonlocal_bind for that.
type socket struct {
	*net.UDPConn
	port uint16
	oob  []byte
}

func newSocket(pc net.PacketConn) (*socket, error) {
	c, ok := pc.(*net.UDPConn)
	if !ok {
		return nil, fmt.Errorf("%T is not a UDP socket", pc)
	}
	// One that has both families takes both options, others one.
	err6 := ipv6.NewPacketConn(c).SetControlMessage(ipv6.FlagDst, true)
	err4 := ipv4.NewPacketConn(c).SetControlMessage(ipv4.FlagDst, true)
	if err6 != nil && err4 != nil {
		return nil, errors.Join(err4, err6)
	}
	return &socket{UDPConn: c, port: uint16(c.LocalAddr().(*net.UDPAddr).Port), oob: make([]byte, 256)}, nil
}

// flow is who asks and which of our addresses.
type flow struct{ from, at netip.AddrPort }

func (s *socket) read(b []byte) (int, flow, error) {
	n, oob, _, from, err := s.ReadMsgUDPAddrPort(b, s.oob)
	if err != nil {
		return 0, flow{}, err
	}
	from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	return n, flow{from, netip.AddrPortFrom(destination(s.oob[:oob]), s.port)}, nil
}

// destination is where a datagram was sent to.
func destination(oob []byte) netip.Addr {
	var six ipv6.ControlMessage
	if six.Parse(oob) == nil && six.Dst != nil {
		a, _ := netip.AddrFromSlice(six.Dst)
		return a.Unmap()
	}
	var four ipv4.ControlMessage
	if four.Parse(oob) == nil && four.Dst != nil {
		a, _ := netip.AddrFromSlice(four.Dst)
		return a.Unmap()
	}
	return netip.Addr{}
}

// back sends to the client of a flow from the address it asked.
func (s *socket) back(f flow, b []byte) error {
	var oob []byte
	switch {
	case f.at.Addr().Is4():
		oob = (&ipv4.ControlMessage{Src: f.at.Addr().AsSlice()}).Marshal()
	case f.at.Addr().Is6():
		oob = (&ipv6.ControlMessage{Src: f.at.Addr().AsSlice()}).Marshal()
	}
	_, _, err := s.WriteMsgUDPAddrPort(b, oob, f.from)
	return err
}
