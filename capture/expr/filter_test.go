package expr

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"chokepoint/capture"
)

func packet(proto uint8, src, dst string, sport, dport uint16, has capture.Fields) *capture.Packet {
	a, b := netip.MustParseAddr(src), netip.MustParseAddr(dst)
	p := &capture.Packet{Has: has | capture.Decoded | capture.HasIP}
	p.Key = capture.Key{Src: a.As16(), Dst: b.As16(), SrcPort: sport, DstPort: dport, Proto: proto}
	if a.Is6() {
		p.Has |= capture.HasIPv6
	}
	return p
}

// packets are one of each kind, by a letter.
func packets() map[string]*capture.Packet {
	const tcp, udp, icmp = capture.HasTCP | capture.HasPorts, capture.HasUDP | capture.HasPorts, capture.HasICMP
	m := map[string]*capture.Packet{
		"a": packet(6, "192.0.2.1", "198.51.100.2", 40000, 443, tcp),
		"b": packet(6, "198.51.100.2", "192.0.2.1", 443, 40000, tcp),
		"c": packet(17, "192.0.2.1", "10.1.2.3", 5353, 53, udp),
		"d": packet(17, "2001:db8::1", "2001:db8:1::2", 50000, 443, udp),
		"e": packet(1, "10.9.9.9", "192.0.2.1", 0, 0, icmp),
		"f": packet(58, "2001:db8::1", "2001:db8::2", 0, 0, icmp),
		"g": packet(17, "192.0.2.1", "198.51.100.2", 0, 0, capture.IsFragment),
		"h": packet(47, "10.1.2.3", "10.1.2.4", 0, 0, 0),
		"i": packet(6, "2001:db8::1", "2001:db8:1::2", 6005, 80, tcp|capture.HasVLAN),
		"j": {Has: capture.Decoded | capture.HasVLAN, VLAN: 5}, // ARP in a VLAN
		"k": {Has: capture.Decoded},                            // something else without IP
	}
	m["i"].VLAN = 7
	return m
}

func matched(f *Filter) string {
	var names []string
	for name, p := range packets() {
		if f.Match(p) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, "")
}

// expressions are pcap-filter expressions and the packets they match. libpcap
// 1.10.3 matches the same frames, but for those with vlan, which there moves
// all that follows behind the tag.
var expressions = map[string]string{
	"":                                    "abcdefghijk",
	" \t\n":                               "abcdefghijk",
	"ip":                                  "abcegh",
	"ip6":                                 "dfi",
	"tcp":                                 "abi",
	"udp":                                 "cdg", // a fragment's protocol is known
	"icmp":                                "e",
	"icmp6":                               "f",
	"not ip and not ip6":                  "jk",
	"host 192.0.2.1":                      "abceg",
	"src host 192.0.2.1":                  "acg",
	"dst host 192.0.2.1":                  "be",
	"src 192.0.2.1":                       "acg",
	"dst 192.0.2.1":                       "be",
	"src or dst 192.0.2.1":                "abceg",
	"dst or src host 192.0.2.1":           "abceg",
	"src and dst net 10.1":                "h",
	"ip host 192.0.2.1":                   "abceg",
	"host 2001:db8::1":                    "dfi",
	"ip6 host 2001:db8:0:0::1":            "dfi",
	"host ::ffff:192.0.2.1":               "", // an IPv6 address, not the IPv4 one
	"not host 192.0.2.1":                  "dfhijk",
	"host 192.0.2.1 or 10.1.2.4":          "abcegh",
	"host 192.0.2.1 and 10.1.2.3":         "c",
	"host 192.0.2.1 and not 198.51.100.2": "ce",
	"host 192.0.2.1 and (10.1.2.3 or 10.9.9.9)": "ce",
	"host (10.1.2.4 or 10.9.9.9)":               "eh",
	"host not 192.0.2.1":                        "dfhijk",
	"net 10":                                    "ceh",
	"net 10.1":                                  "ch",
	"net 10.1.2.4":                              "h",
	"net 10.1.2.0/24":                           "ch",
	"net 10.0.0.0 mask 255.0.0.0":               "ceh",
	"net 10.0 mask 255.0.0.0":                   "ceh",
	"net 10.0.2.0 mask 255.0.255.0":             "ch", // a mask with a hole
	"src net 10.0.0.0/8":                        "eh",
	"net 0.0.0.0/0":                             "abcegh",
	"net ::/0":                                  "dfi",
	"net 2001:db8::/32":                         "dfi",
	"dst net 2001:db8:1::/48":                   "di",
	"net 2001:db8::2":                           "f",
	"port 443":                                  "abd",
	"src port 443":                              "b",
	"dst port https":                            "ad",
	"tcp port 443":                              "ab",
	"udp port 443 or 53":                        "cd",
	"udp port 0x35":                             "c",
	"tcp dst port (443 or 80)":                  "ai",
	"port domain":                               "c",
	"port 0":                                    "", // no ports are not port 0
	"portrange 6000-6008":                       "i",
	"portrange 6008-6000":                       "i",
	"tcp src portrange 40000-50000":             "a",
	"portrange 80":                              "i",
	"src and dst port 443":                      "",
	"ip proto 47":                               "h",
	"proto 6":                                   "abi",
	`ip proto \tcp`:                             "ab",
	`ip6 proto \tcp`:                            "i",
	`proto \icmp or gre`:                        "eh",
	"vlan":                                      "ij",
	"vlan 5":                                    "j",
	"vlan 7 and tcp":                            "i",
	"vlan 6":                                    "",
	"tcp or udp":                                "abcdgi",
	"tcp || udp && port 53":                     "c", // from the left: (tcp or udp) and port 53
	"port 53 and udp or tcp":                    "abci",
	"tcp or (udp and port 53)":                  "abci",
	"!tcp":                                      "cdefghjk",
	"!!tcp":                                     "abi",
	"not tcp and ip":                            "cegh", // not binds tightest
	"not (tcp and ip)":                          "cdefghijk",
	"not(tcp or udp)and ip":                     "eh",
	"((tcp))":                                   "abi",
	"not not not tcp or not ip":                 "cdefghijk",
	"tcp port 443 and host 192.0.2.1 or icmp":     "abe",
	"tcp and (port 80 or port 443) and not ip6":   "ab",
	"ip host 192.0.2.1 and tcp and dst port 443":  "a",
	"net 10.0.0.0/8 and not (icmp or udp)":        "h",
	"(src 192.0.2.1 or dst 192.0.2.1) and (icmp)": "e",
}

func TestMatch(t *testing.T) {
	for expr, want := range expressions {
		f, err := Compile(expr)
		if err != nil {
			t.Errorf("%q: %v", expr, err)
		} else if got := matched(f); got != want {
			t.Errorf("%q matches %s, want %s", expr, got, want)
		}
	}
}

func TestNilFilterMatchesEverything(t *testing.T) {
	if got := matched(nil); got != "abcdefghijk" {
		t.Errorf("matches %s", got)
	}
}

func TestMatchDoesNotAllocate(t *testing.T) {
	f, err := Compile("tcp port 443 and (host 192.0.2.1 or net 2001:db8::/32) and not vlan 5")
	if err != nil {
		t.Fatal(err)
	}
	p := packets()["a"]
	if n := testing.AllocsPerRun(100, func() { f.Match(p) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkMatch(b *testing.B) {
	f, err := Compile("tcp port 443 and (host 192.0.2.9 or net 192.0.2.0/24)")
	if err != nil {
		b.Fatal(err)
	}
	p := packets()["a"]
	b.ReportAllocs()
	for b.Loop() {
		f.Match(p)
	}
}
