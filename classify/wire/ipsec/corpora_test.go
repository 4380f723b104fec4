package ipsec_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/wire/ipsec"
	"chokepoint/classify/wire/openvpn"
	"chokepoint/classify/wire/wireguard"
	"chokepoint/internal/corpora"
	"chokepoint/internal/corpora/replay"
)

// The recognisers of tunnels over every foreign capture: what they fire on, and
// whether names and nDPI agree. All three packages are tried here at once, since
// reading the captures is what takes the time.

// kept is how many payloads of a direction are looked at, as the engine does.
const kept = 16

type payload struct {
	b    []byte
	wire int
}

type conversation struct {
	proto uint8
	ports [2]uint16
	dirs  [2][]payload
}

// either calls test with every payload of one direction and every payload of the
// other, and reports whether it was true once.
func (c *conversation) either(test func(a, b payload) bool) bool {
	for d := range c.dirs {
		for _, a := range c.dirs[d] {
			for _, b := range c.dirs[1-d] {
				if test(a, b) {
					return true
				}
			}
		}
	}
	return false
}

// oneWay is the same with an earlier and a later payload of one direction.
func (c *conversation) oneWay(test func(a, b payload) bool) bool {
	for _, dir := range c.dirs {
		for i, a := range dir {
			if slices.ContainsFunc(dir[i+1:], func(b payload) bool { return test(a, b) }) {
				return true
			}
		}
	}
	return false
}

func (c *conversation) any(test func(a payload) bool) bool {
	return slices.ContainsFunc(c.dirs[0], test) || slices.ContainsFunc(c.dirs[1], test)
}

// fired names what the recognisers say of a conversation. Names that end in "?"
// are of one datagram without its answer.
func (c *conversation) fired() (names []string) {
	add := func(name string, paired, alone bool) {
		if paired {
			names = append(names, name)
		} else if alone {
			names = append(names, name+"?")
		}
	}
	if c.proto == capture.ProtoTCP {
		first := func(d int) payload { return slices.Concat(c.dirs[d], []payload{{}})[0] }
		tcp := func(p payload) bool { _, ok := openvpn.TCP(p.b, p.wire); return ok }
		pair := func(a, b payload) bool {
			q, _ := openvpn.Packet(a.b)
			r, _ := openvpn.Packet(b.b)
			return openvpn.Answers(q, r)
		}
		add("openvpn tcp", pair(first(0), first(1)) || pair(first(1), first(0)), tcp(first(0)) || tcp(first(1)))
		add("pptp", c.either(func(a, b payload) bool { return ipsec.AnswersPPTP(a.b, b.b) }),
			c.any(func(a payload) bool { return ipsec.PPTP(a.b, a.wire) }))
		return names
	}
	kind := func(p payload) wireguard.Type { return wireguard.Kind(p.b, p.wire) }
	add("wireguard", c.either(func(a, b payload) bool { return kind(a) != 0 && kind(b) != 0 && wireguard.Answers(a.b, b.b) }) ||
		c.oneWay(func(a, b payload) bool { return kind(a) != 0 && kind(b) != 0 && wireguard.SameSession(a.b, b.b) }),
		c.any(func(a payload) bool { return kind(a) != wireguard.None }))
	add("openvpn", c.either(func(a, b payload) bool { return openvpn.Answers(a.b, b.b) }),
		c.any(func(a payload) bool { _, ok := openvpn.Reset(a.b, a.wire); return ok }))
	add("ike", c.either(func(a, b payload) bool { return ipsec.Answers(a.b, b.b) }),
		c.any(func(a payload) bool { _, ok := ipsec.Parse(a.b, a.wire); return ok }))
	esp := func(p payload) bool { _, _, ok := ipsec.ESP(p.b, p.wire); return ok }
	if same := c.oneWay(func(a, b payload) bool { return esp(a) && esp(b) && ipsec.SameESP(a.b, b.b) }); slices.Contains(c.ports[:], 4500) {
		add("esp in udp", same, false)
	} else {
		add("esp elsewhere", same, false)
	}
	add("l2tp", c.either(func(a, b payload) bool { return ipsec.AnswersL2TP(a.b, b.b) }),
		c.any(func(a payload) bool { return ipsec.L2TP(a.b, a.wire) }))
	return names
}

// seen is what one capture gave: conversations by what fired, and whether
// packets without ports, which nobody here looks at, were ESP or AH.
type seen struct {
	fired map[string]int
	bare  bool
}

func look(path string) seen {
	out := seen{fired: map[string]int{}}
	table := map[capture.Key]*conversation{}
	_ = replay.Packets(path, func(p *capture.Packet) { // however it ends
		out.bare = out.bare || p.Has&capture.HasIP != 0 && (p.Key.Proto == 50 || p.Key.Proto == 51)
		if p.Has&capture.HasPorts != 0 && p.PayloadLen > 0 {
			keep(table, p)
		}
	})
	for _, c := range table {
		for _, name := range c.fired() {
			out.fired[name]++
		}
	}
	return out
}

func keep(table map[capture.Key]*conversation, p *capture.Packet) {
	key, swapped := p.Key.Canonical()
	c := table[key]
	if c == nil {
		c = &conversation{proto: key.Proto, ports: [2]uint16{key.SrcPort, key.DstPort}}
		table[key] = c
	}
	d := 0
	if swapped {
		d = 1
	}
	if len(c.dirs[d]) < kept {
		c.dirs[d] = append(c.dirs[d], payload{bytes.Clone(p.Payload[:min(len(p.Payload), 2048)]), int(p.PayloadLen)})
	}
}

// evidence is what a capture must say of itself for a pair to be believed: nDPI's
// protocol, or a part of its name.
var evidence = map[string]struct {
	label string
	names []string
}{
	"wireguard":   {"WireGuard", []string{"wireguard"}},
	"openvpn":     {"OpenVPN", []string{"openvpn", "opvn"}},
	"openvpn tcp": {"OpenVPN", []string{"openvpn", "opvn"}},
	"ike":         {"IPSec", []string{"ike", "isakmp", "ipsec"}},
	"esp in udp":  {"IPSec", []string{"ike", "isakmp", "ipsec", "nat_t"}},
	"l2tp":        {"L2TP", []string{"l2tp"}},
	"pptp":        {"PPTP", []string{"pptp"}},
}

// missed are captures that nDPI labels and in which nothing is paired, with the
// reason, other than ESP and AH in IP and requests without their answer.
var missed = map[string]string{
	"pcapflowlab/tests/data/parsing/ah/02_ipv4_ah_udp.pcap":                         peeled,
	"pcapflowlab/tests/data/parsing/ah/03_ipv6_ah_tcp.pcap":                         peeled,
	"pcapflowlab/tests/data/parsing/ah/04_ipv6_ah_udp.pcap":                         peeled,
	"pcapflowlab/tests/data/parsing/ah/05_ipv4_ah_same_tuple_different_spi.pcap":    peeled,
	"pcapflowlab/tests/data/parsing/ah/06_ipv4_ah_same_spi_two_packets.pcap":        peeled,
	"pcapflowlab/tests/data/parsing/ah/07_ipv6_ah_same_tuple_different_spi.pcap":    peeled,
	"pcapflowlab/tests/data/parsing/ah/12_ipv4_ah_inner_ipv4_udp.pcap":              peeled,
	"tcpdump/tests/OSPFv3_with_AH.pcap":                                             peeled,
	"tcpdump/tests/ospf-signed-integer-ubsan.pcap":                                  peeled,
	"suricata-verify/tests/ipv6-evasion/ipv6-dos-with-ext-headers-5/denial6-5.pcap": peeled,
	"pcapflowlab/tests/data/parsing/esp/17_udp4500_nat_t_ike_marker_staged.pcap":    "a marker and 16 bytes that are no IKE",
	"tcpdump/tests/ikev2-id-short.pcap":                                             "damaged on purpose: no initiator",
	"tcpdump/tests/isakmp-delete-segfault.pcap":                                     "damaged on purpose: no version there is",
	"tcpdump/tests/isakmp-no-none-np.pcapng":                                        "damaged on purpose: no initiator, another length",
	"tcpdump/tests/isakmp-pointer-loop.pcap":                                        "damaged on purpose: no initiator",
	"suricata-verify/tests/bug-6402-01/input.pcap":                                  "Geneve, whose first byte nDPI takes for an opcode",
	"tcpdump/tests/vxlan_port_8472.pcap":                                            "VXLAN, whose first byte nDPI takes for an opcode",
}

// peeled: the decoder looks through AH, what is inside is no tunnel.
const peeled = "AH in IP"

// labels reads which protocols nDPI found in which capture.
func labels(t *testing.T) map[string]string {
	out := map[string]string{}
	for _, col := range corpora.Rows(t, "ndpi_capture_summary.tsv") {
		if len(col) == 3 {
			out[col[0]] = col[2]
		}
	}
	return out
}

func TestTunnelsInForeignCaptures(t *testing.T) {
	label := labels(t)
	files, paired, lone := 0, map[string]int{}, map[string]int{}
	for _, f := range corpora.Captures(t) {
		name, got := f.Name, look(f.Path)
		files++
		for _, what := range slices.Sorted(maps.Keys(got.fired)) {
			if strings.HasSuffix(what, "?") || evidence[what].label == "" {
				lone[what]++
				t.Logf("%-14s %3d in %s (nDPI: %s)", what, got.fired[what], name, label[name])
				continue
			}
			paired[what]++
			t.Logf("%-14s %3d in %s (nDPI: %s)", what, got.fired[what], name, label[name])
			if e := evidence[what]; !strings.Contains(label[name], e.label) && !slices.ContainsFunc(e.names, func(s string) bool { return strings.Contains(strings.ToLower(name), s) }) {
				t.Errorf("%s in %s, which nobody else says (nDPI: %s)", what, name, label[name])
			}
		}
		explain(t, name, label[name], got)
	}
	t.Logf("%d files; captures with pairs %v, with one side or by counting alone %v", files, paired, lone)
	for what, least := range map[string]int{"wireguard": 4, "openvpn": 2, "openvpn tcp": 3, "ike": 10, "esp in udp": 3} {
		if paired[what] < least {
			t.Errorf("%s in %d captures, were at least %d", what, paired[what], least)
		}
	}
}

// explain says why a capture that nDPI labels gave no pair.
func explain(t *testing.T, name, label string, got seen) {
	for _, l := range []string{"WireGuard", "OpenVPN", "IPSec", "L2TP", "PPTP"} {
		if !strings.Contains(label, l) {
			continue
		}
		hit, half := false, false
		for what, e := range evidence {
			hit = hit || e.label == l && got.fired[what] > 0
			half = half || e.label == l && got.fired[what+"?"] > 0
		}
		switch {
		case hit:
		case missed[name] != "":
			t.Logf("no %s pair in %s: %s", l, name, missed[name])
		case half:
			t.Logf("no %s pair in %s: one side only", l, name)
		case l == "IPSec" && got.bare:
			t.Logf("no %s pair in %s: ESP or AH in IP, no ports", l, name)
		default:
			t.Errorf("no %s pair in %s, and no reason known (nDPI: %s)", l, name, label)
		}
	}
}
