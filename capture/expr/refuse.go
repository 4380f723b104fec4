package expr

import "strconv"

// refuse returns an error if the token belongs to the rest of the pcap-filter
// language, so that nobody takes a keyword for a name that failed to resolve.
func (c *compiler) refuse() error {
	switch word := c.tok.text; word {
	case "", "(", ")":
		return nil
	case "ether", "fddi", "tr", "wlan", "link", "ppp", "slip",
		"arp", "rarp", "atalk", "aarp", "decnet", "iso", "stp", "ipx", "netbeui", "lat", "moprc", "mopdl",
		"esis", "isis", "clnp", "es-is", "is-is", "sctp", "igmp", "igrp", "pim", "vrrp", "carp", "ah", "esp",
		"broadcast", "multicast", "gateway", "protochain",
		"less", "greater", "len", "inbound", "outbound", "ifname", "on", "ifindex",
		"rnr", "rulenum", "reason", "rset", "ruleset", "srnr", "subrulenum", "action",
		"mpls", "pppoed", "pppoes", "geneve", "vxlan", "lane", "vpi", "vci", "llc",
		"type", "subtype", "dir", "addr1", "addr2", "addr3", "addr4", "ra", "ta":
		return c.fail("use %q: not supported here", word)
	case "[", "]", "=", "<", ">", "+", "*", "&", "|", "^", "%", "{", "}", "-", "/":
		return c.fail("use %q: comparing packet bytes is not supported here", word)
	case "src", "dst", "host", "net", "port", "portrange", "proto", "mask", "vlan", "ip", "ip6", "tcp", "udp", "icmp", "icmp6":
		return c.fail("read %q: a keyword out of place", word)
	}
	if !isWord(c.tok.text[0]) {
		return c.fail("read %q: not part of the language", c.tok.text)
	}
	return nil
}

// got describes the token for an error.
func (c *compiler) got() string {
	if c.tok.text == "" {
		return "the end"
	}
	return strconv.Quote(c.tok.text)
}
