package expr

import "strings"

const maxPort = 0xffff

func (c *compiler) port() (test, error) {
	n, err := c.portNumber(c.tok.text)
	return test{op: opPort, lo: n, hi: n}, err
}

// portRange parses "6000-6008"; a single port is a range, and libpcap turns a
// reversed one round.
func (c *compiler) portRange() (test, error) {
	first, last, isRange := strings.Cut(c.tok.text, "-")
	if !isRange {
		return c.port()
	}
	lo, err := c.portNumber(first)
	if err != nil {
		return test{}, err
	}
	hi, err := c.portNumber(last)
	return test{op: opPort, lo: min(lo, hi), hi: max(lo, hi)}, err
}

func (c *compiler) portNumber(s string) (uint16, error) {
	if n := service(s); n != 0 {
		return n, nil
	}
	n, ok := number(s, maxPort)
	if !ok {
		return 0, c.fail("read port %q: a number up to %d or a well-known name expected", s, maxPort)
	}
	return uint16(n), nil
}

// service returns the port of a name (IANA service-names), 0 if it is not among
// the few known here. libpcap asks the system for it.
func service(name string) uint16 {
	switch name {
	case "ftp":
		return 21
	case "ssh":
		return 22
	case "telnet":
		return 23
	case "smtp":
		return 25
	case "domain":
		return 53
	case "http":
		return 80
	case "pop3":
		return 110
	case "ntp":
		return 123
	case "snmp":
		return 161
	case "https":
		return 443
	case "imaps":
		return 993
	case "openvpn":
		return 1194
	case "stun":
		return 3478
	case "sip":
		return 5060
	case "xmpp-client":
		return 5222
	}
	return 0
}
