package expr

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"

	"chokepoint/capture"
)

// identifier parses what the qualifiers speak of: an address, a network, a
// port, a range or a protocol.
func (c *compiler) identifier(q qualifiers) (block, error) {
	if c.tok.text == "" || c.tok.text == ")" || c.tok.text == "(" || c.tok.text == "and" || c.tok.text == "or" {
		return block{}, c.fail("expect what %s is to match, got %s", q.kind, c.got())
	}
	if err := c.refuse(); err != nil {
		return block{}, err
	}
	t, err := test{}, error(nil)
	switch q.kind {
	case "host":
		t, err = c.host(q)
	case "net":
		t, err = c.net(q)
	case "port":
		t, err = c.port()
	case "portrange":
		t, err = c.portRange()
	case "proto":
		t, err = c.proto()
	}
	if err != nil {
		return block{}, err
	}
	t.dir = q.dir
	t.qualify(q.proto)
	b, err := c.emit(t)
	if err == nil {
		c.advance()
	}
	return b, err
}

// qualify narrows a test to the protocol named before it.
func (t *test) qualify(proto string) {
	switch proto {
	case "ip":
		t.ver = 4
	case "ip6":
		t.ver = 6
	case "tcp":
		t.proto = capture.ProtoTCP
	case "udp":
		t.proto = capture.ProtoUDP
	}
}

// protocol returns the test for a protocol's name alone.
func protocol(name string) test {
	switch name {
	case "ip":
		return test{op: opVersion, ver: 4}
	case "ip6":
		return test{op: opVersion, ver: 6}
	case "tcp":
		return test{op: opProto, proto: capture.ProtoTCP}
	case "udp":
		return test{op: opProto, proto: capture.ProtoUDP}
	case "icmp":
		return test{op: opProto, proto: capture.ProtoICMP, ver: 4}
	}
	return test{op: opProto, proto: capture.ProtoICMPv6, ver: 6}
}

func (c *compiler) host(q qualifiers) (test, error) {
	a, err := netip.ParseAddr(c.tok.text)
	if err != nil {
		return test{}, c.notAnAddress()
	}
	return c.within(q, netip.PrefixFrom(a, a.BitLen()))
}

// notAnAddress tells apart the ways in which a word fails to be an address.
func (c *compiler) notAnAddress() error {
	text := c.tok.text
	switch {
	case strings.Contains(text, "/"):
		return c.fail("read %q as a host: a prefix length needs net", text)
	case strings.Count(text, ":") == 5 && len(text) <= 17 && !strings.Contains(text, "::"):
		return c.fail("match Ethernet address %q: not supported", text)
	case strings.Trim(text, "0123456789.") == "":
		return c.fail("read %q as an address: four numbers up to 255 expected (short forms need net, port numbers need port)", text)
	case strings.Contains(text, ":"):
		return c.fail("read %q as an IPv6 address: malformed", text)
	}
	return c.fail("resolve host name %q: names are not resolved, give the address", text)
}

// within returns the test for a network, refusing the wrong IP version.
func (c *compiler) within(q qualifiers, n netip.Prefix) (test, error) {
	if n.Addr().Is4() && q.proto == "ip6" || n.Addr().Is6() && q.proto == "ip" {
		return test{}, c.fail("combine %s with %q: not an address of that version", q.proto, c.tok.text)
	}
	t := test{op: opAddr, ver: 6}
	bits := n.Bits()
	if n.Addr().Is4() {
		t.ver, bits = 4, bits+96
	}
	t.setAddr(n.Addr())
	t.mask = [2]uint64{^uint64(0) << max(64-bits, 0), ^uint64(0) << min(128-bits, 64)}
	return t, nil
}

func (t *test) setAddr(a netip.Addr) {
	b := a.As16()
	t.addr = [2]uint64{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

func (c *compiler) vlan() (block, error) {
	t := test{op: opVLAN, hi: 0x0fff} // 12 bits, IEEE 802.1Q
	if first := c.tok.text; first != "" && first[0] >= '0' && first[0] <= '9' {
		id, ok := number(first, 0x0fff)
		if !ok {
			return block{}, c.fail("read %q as a VLAN id: 0 to 4095 expected", first)
		}
		t.lo, t.hi = uint16(id), uint16(id)
		c.advance()
	}
	return c.emit(t)
}

func (c *compiler) proto() (test, error) {
	text := c.tok.text
	if n, ok := number(text, 255); ok {
		return test{op: opProto, proto: uint8(n)}, nil
	}
	name, escaped := strings.CutPrefix(text, `\`)
	n, keyword := protoNumber(name)
	switch {
	case n == 0:
		return test{}, c.fail("look up protocol %q: not a number up to 255 nor a known name", text)
	case keyword && !escaped:
		return test{}, c.fail("read %q as a protocol's name: it is a keyword, write \\%s", text, name)
	}
	return test{op: opProto, proto: n}, nil
}

// protoNumber returns the number of a protocol (IANA protocol-numbers), 0 if
// unknown, and whether its name is also a keyword of pcap-filter.
func protoNumber(name string) (n uint8, keyword bool) {
	switch name {
	case "icmp":
		return capture.ProtoICMP, true
	case "igmp":
		return 2, true
	case "tcp":
		return capture.ProtoTCP, true
	case "udp":
		return capture.ProtoUDP, true
	case "gre":
		return 47, false
	case "esp":
		return 50, true
	case "ah":
		return 51, true
	case "icmp6":
		return capture.ProtoICMPv6, true
	case "ipv6-icmp":
		return capture.ProtoICMPv6, false
	case "sctp":
		return 132, true
	}
	return 0, false
}

// number reads a number as pcap-filter writes them: decimal, 0x or leading 0
// for octal.
func number(s string, limit uint64) (uint64, bool) {
	base := 10
	switch {
	case strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X"):
		s, base = s[2:], 16
	case len(s) > 1 && s[0] == '0':
		s, base = s[1:], 8
	}
	n, err := strconv.ParseUint(s, base, 32)
	return n, err == nil && n <= limit
}
