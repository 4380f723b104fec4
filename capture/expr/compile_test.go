package expr

import (
	"strings"
	"testing"
)

// refused are expressions and part of the error they get.
var refused = map[string]string{
	"host example.com":            `byte 5: resolve host name "example.com": names are not resolved`,
	"tcp and src www":             `byte 12: resolve host name "www"`,
	"net loopback":                `byte 4: resolve network name "loopback"`,
	"192.0.2.1":                   `byte 0: interpret "192.0.2.1": no qualifier`,
	"tcp or 80":                   `byte 7: interpret "80": no qualifier`,
	"vlan 5 or 6":                 `byte 10: interpret "6": no qualifier`,
	"host":                        `byte 4: expect what host is to match, got the end`,
	"host and tcp":                `byte 5: expect what host is to match, got "and"`,
	"host 10.1":                   `byte 5: read "10.1" as an address`,
	"src 80":                      `byte 4: read "80" as an address: four numbers up to 255 expected (short forms need net, port numbers need port)`,
	"host 192.0.2.256":            `byte 5: read "192.0.2.256" as an address`,
	"host 10.0.0.0/8":             `byte 5: read "10.0.0.0/8" as a host: a prefix length needs net`,
	"host 2001:db8":               `byte 5: read "2001:db8" as an IPv6 address: malformed`,
	"host 2:0:0:0:0:1":            `match Ethernet address "2:0:0:0:0:1": not supported`,
	"ip host 2001:db8::1":         `byte 8: combine ip with "2001:db8::1"`,
	"ip6 net 10.0.0.0/8":          `combine ip6 with "10.0.0.0/8"`,
	"tcp host 192.0.2.1":          `byte 4: combine tcp with host`,
	"udp src net 10":              `byte 4: combine udp with net`,
	"ip port 80":                  `byte 3: combine ip with port`,
	"icmp host 192.0.2.1":         `byte 5: combine icmp with host`,
	"tcp proto 6":                 `byte 4: combine tcp with proto`,
	"src proto 6":                 `byte 0: combine src with proto`,
	"ip dst proto 6":              `byte 3: combine dst with proto`,
	"tcp src 192.0.2.1":           `byte 4: combine tcp with host`,
	"net 10.0.0.1/8":              `read "10.0.0.1" as a network: bits are set beyond its mask`,
	"net 10.0.0.0/33":             `read prefix length "33": 0 to 32 expected`,
	"net 2001:db8::/129":          `read prefix length "129": 0 to 128 expected`,
	"net 10.0.0.0/":               `read prefix length ""`,
	"net 10.0.0.0 mask 255":       `byte 18: read mask "255"`,
	"net 10.0.0.0 mask":           `byte 17: read mask ""`,
	"net 10.0.0.0/8 mask 255.0":   `byte 15: read "mask": a keyword out of place`,
	"net 10 mask 255.0.0.0":       `byte 7: read "mask": a keyword out of place`,
	"net 10/8":                    `a bare number takes no prefix length, write 10.0.0.0/8`,
	"net 1.2.3.4.5":               `read "1.2.3.4.5" as a network`,
	"net 300":                     `read "300" as a network`,
	"port 65536":                  `byte 5: read port "65536": a number up to 65535`,
	"port gopher":                 `read port "gopher"`,
	"port -1":                     `read port "-1"`,
	"port 09":                     `read port "09"`,
	"portrange 1-2-3":             `read port "2-3"`,
	"portrange 80-":               `read port ""`,
	"proto 256":                   `look up protocol "256"`,
	"proto tcp":                   `byte 6: read "tcp": a keyword out of place`,
	"proto igmp":                  `byte 6: use "igmp": not supported`,
	`proto \nothing`:              `look up protocol`,
	"vlan 4096":                   `byte 5: read "4096" as a VLAN id`,
	"src or host 192.0.2.1":       `byte 7: expect the other of src and dst, got "host"`,
	"src or src 192.0.2.1":        `expect the other of src and dst, got "src"`,
	"tcp udp":                     `byte 4: read "udp": a keyword out of place`,
	"host 192.0.2.1 192.0.2.2":    `byte 15: expect and, or, or the end, got "192.0.2.2"`,
	"tcp and":                     `byte 7: expect a primitive, got the end`,
	"and tcp":                     `byte 0: expect a primitive, got "and"`,
	"tcp or or udp":               `byte 7: expect a primitive, got "or"`,
	"(tcp":                        `byte 4: expect ), got the end`,
	"tcp)":                        `byte 3: expect and, or, or the end, got ")"`,
	"tcp (udp)":                   `byte 4: expect and, or, or the end, got "("`,
	"()":                          `byte 1: expect a primitive, got ")"`,
	"not":                         `byte 3: expect a primitive, got the end`,
	"port (80 or 443":             `byte 15: expect ), got the end`,
	"tcp[13] & 4 != 0":            `byte 3: use "[": comparing packet bytes is not supported`,
	"tcp[tcpflags] & tcp-rst":     `byte 3: use "["`,
	"len > 100":                   `byte 0: use "len": not supported`,
	"less 100":                    `byte 0: use "less"`,
	"ether host 2:0:0:0:0:1":      `byte 0: use "ether"`,
	"tcp and arp":                 `byte 8: use "arp"`,
	"gateway 192.0.2.1":           `byte 0: use "gateway"`,
	"host 192.0.2.1 or multicast": `byte 18: use "multicast"`,
	"mpls 5":                      `use "mpls"`,
	"1 = 1":                       `interpret "1": no qualifier`,
	"tcp; udp":                    `byte 3: read ";": not part of the language`,
	"tcp \x00":                    `byte 4: read "\x00"`,
	"host \xff":                   `byte 5: read "\xff"`,
}

func TestCompileRefuses(t *testing.T) {
	for expr, want := range refused {
		f, err := Compile(expr)
		if err == nil || f != nil {
			t.Errorf("%q: compiled", expr)
		} else if !strings.HasPrefix(err.Error(), "parse filter") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v\nwant %s", expr, err, want)
		}
	}
}

func TestCompileIsBounded(t *testing.T) {
	for name, c := range map[string]struct {
		expr, want string
	}{
		"as deep as allowed":       {strings.Repeat("(", maxDepth-1) + "tcp" + strings.Repeat(")", maxDepth-1), ""},
		"too many parentheses":     {strings.Repeat("(", maxDepth) + "tcp" + strings.Repeat(")", maxDepth), "nest deeper"},
		"too many nots":            {strings.Repeat("!", maxDepth) + "tcp", "nest deeper"},
		"too many parentheses ids": {"port " + strings.Repeat("(", maxDepth), "nest deeper"},
		"as many primitives":       {"tcp" + strings.Repeat(" or tcp", maxTests-1), ""},
		"too many primitives":      {"tcp" + strings.Repeat(" or tcp", maxTests), "more than 4096"},
		"too long":                 {strings.Repeat(" ", maxLength+1), "more than 65536"},
	} {
		f, err := Compile(c.expr)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && matched(f) != "abi" {
			t.Errorf("%s: matches %s", name, matched(f))
		}
	}
}
