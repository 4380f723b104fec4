package expr

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"
)

// net parses "10", "10.1", "192.0.2.0/24", "10.0.0.0 mask 255.0.0.0" or
// "2001:db8::/32". The last token stays for the caller to advance over.
func (c *compiler) net(q qualifiers) (test, error) {
	text, length, hasLength := strings.Cut(c.tok.text, "/")
	addr, octets, ok := shortAddr(text)
	if !ok {
		return test{}, c.notANet(text)
	}
	bits := 8 * octets // as many octets as were written, classes or not
	if hasLength && octets == 1 {
		return test{}, c.fail("read %q as a network: a bare number takes no prefix length, write %s/%s", text, addr, length)
	}
	if hasLength {
		n, err := strconv.ParseUint(length, 10, 8)
		if err != nil || int(n) > addr.BitLen() {
			return test{}, c.fail("read prefix length %q: 0 to %d expected", length, addr.BitLen())
		}
		bits = int(n)
	}
	t, err := c.within(q, netip.PrefixFrom(addr, bits))
	if err == nil && !hasLength && addr.Is4() && octets > 1 {
		err = c.mask(&t)
	}
	if err != nil {
		return t, err
	}
	if t.addr[0]&^t.mask[0]|t.addr[1]&^t.mask[1] != 0 {
		return t, c.fail("read %q as a network: bits are set beyond its mask", text)
	}
	return t, nil
}

// mask parses "mask 255.0.0.0" behind a network, if it is there. Masks may have
// holes, as in libpcap.
func (c *compiler) mask(t *test) error {
	word, after := lex(c.s, c.next)
	if word.text != "mask" {
		return nil
	}
	value, end := lex(c.s, after)
	c.tok = value // what an error is to point at
	m, octets, ok := shortAddr(value.text)
	if !ok || m.Is6() || octets != 4 {
		return c.fail("read mask %q: four numbers up to 255 expected", value.text)
	}
	b := m.As4()
	t.mask[1] = 0xffffffff<<32 | uint64(binary.BigEndian.Uint32(b[:]))
	c.next = end
	return nil
}

// shortAddr reads an address that may lack octets at its end, and returns how
// many were given.
func shortAddr(s string) (a netip.Addr, octets int, ok bool) {
	if strings.Contains(s, ":") {
		a, err := netip.ParseAddr(s)
		return a, 16, err == nil
	}
	var b [4]byte
	for part := range strings.SplitSeq(s, ".") {
		n, err := strconv.ParseUint(part, 10, 8)
		if err != nil || octets == len(b) {
			return a, 0, false
		}
		b[octets] = byte(n)
		octets++
	}
	return netip.AddrFrom4(b), octets, true
}

func (c *compiler) notANet(text string) error {
	switch {
	case strings.Contains(text, ":"):
		return c.fail("read %q as an IPv6 network: malformed", text)
	case strings.Trim(text, "0123456789.") == "":
		return c.fail("read %q as a network: one to four numbers up to 255 expected", text)
	}
	return c.fail("resolve network name %q: names are not resolved, give the address", text)
}
