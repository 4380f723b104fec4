package classify

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"chokepoint/classify/service"
	"chokepoint/internal/corpora"

	"github.com/google/gopacket/layers"
)

// tunnelNames are nDPI's names of tunnels, and words in the names of captures, by
// what we call them.
var tunnelNames = map[string]struct{ ndpi, words []string }{
	"wireguard":       {[]string{"WireGuard"}, []string{"wireguard"}},
	"openvpn":         {[]string{"OpenVPN"}, []string{"openvpn", "opvn"}},
	"ipsec_ikev2":     {[]string{"IPSec"}, []string{"ikev", "isakmp", "ipsec", "/esp/"}},
	"pptp":            {[]string{"PPTP"}, []string{"pptp"}},
	"l2tp":            {[]string{"L2TP"}, []string{"l2tp"}},
	"tailscale":       {[]string{"Tailscale"}, []string{"tailscale"}},
	"cloudflare_warp": {[]string{"CloudflareWarp"}, []string{"cloudflare-warp"}},
}

// summaries are nDPI's labels by capture, "IPSec:2, TLS.CloudflareWarp:1".
func summaries(t *testing.T) map[string]string {
	out := map[string]string{}
	for _, r := range corpora.Rows(t, "ndpi_capture_summary.tsv") {
		if len(r) > 2 {
			out[r[0]] = r[2]
		}
	}
	return out
}

// summarised reports whether a summary has one of nDPI's names, master protocol
// or the one above it.
func summarised(summary string, names []string) bool {
	return slices.ContainsFunc(strings.Split(summary, ", "), func(w string) bool {
		label, _, _ := strings.Cut(w, ":")
		return slices.ContainsFunc(strings.Split(label, "."), func(n string) bool { return slices.Contains(names, n) })
	})
}

// category is that of a service, "" where there is none.
func category(id string) string {
	i, _ := service.Default().Service(id)
	return i.Category
}

// TestTunnelsAreNotInvented: what we call a tunnel is in a capture of which nDPI
// or its name says so.
func TestTunnelsAreNotInvented(t *testing.T) {
	flows, summary := listen(t), summaries(t)
	n, seen := map[string]int{}, map[string]string{}
	for _, file := range slices.Sorted(keysOf(flows)) {
		for _, k := range flows[file] {
			id := k.label.Service
			if category(id) != "vpn" || k.label.Confidence < sure {
				continue
			}
			n[id]++
			named := slices.ContainsFunc(tunnelNames[id].words, func(w string) bool { return strings.Contains(strings.ToLower(file), w) })
			if !named && !summarised(summary[file], tunnelNames[id].ndpi) {
				seen[file+" "+k.pair.String()] = fmt.Sprint(id, " | ", k.label.Why)
			}
		}
	}
	t.Logf("flows by tunnel: %v", n)
	for id, least := range map[string]int{"wireguard": 5, "openvpn": 12, "ipsec_ikev2": 70, "cloudflare_warp": 3} {
		if n[id] < least {
			t.Errorf("%s: %d flows, were %d", id, n[id], least)
		}
	}
	compareRead(t, seen, nil)
}

// TestTunnelsAgreeWithNDPI: where nDPI finds a tunnel, a flow of the capture is
// called that, surely or not.
func TestTunnelsAgreeWithNDPI(t *testing.T) {
	flows, summary := listen(t), summaries(t)
	found, unsure, of, seen := map[string]int{}, []string{}, map[string]int{}, map[string]string{}
	for _, file := range slices.Sorted(keysOf(summary)) {
		for id, names := range tunnelNames {
			if !summarised(summary[file], names.ndpi) {
				continue
			}
			of[id]++
			best := 0.0
			for _, k := range flows[file] {
				if k.label.Service == id {
					best = max(best, k.label.Confidence)
				}
			}
			switch {
			case best == 0:
				seen[file] = id
				continue
			case best < sure:
				unsure = append(unsure, fmt.Sprintf("%s: %s %.2f", file, id, best))
			}
			found[id]++
		}
	}
	t.Logf("captures: %v of %v", found, of)
	if len(of) < 4 {
		t.Error("nDPI finds hardly a tunnel: was its table read?")
	}
	for _, u := range unsure {
		t.Log("possible only: ", u)
	}
	compareRead(t, seen, readTunnels)
}

// readTunnels are captures in which nDPI finds a tunnel and we do not.
var readTunnels = []reading{
	{"pcapflowlab/tests/data/parsing/ah/02_ipv4_ah_udp.pcap", "ipsec_ikev2", peeled},
	{"pcapflowlab/tests/data/parsing/ah/03_ipv6_ah_tcp.pcap", "ipsec_ikev2", peeled},
	{"pcapflowlab/tests/data/parsing/ah/04_ipv6_ah_udp.pcap", "ipsec_ikev2", peeled},
	{"pcapflowlab/tests/data/parsing/ah/05_ipv4_ah_same_tuple_different_spi.pcap", "ipsec_ikev2", peeled},
	{"pcapflowlab/tests/data/parsing/ah/06_ipv4_ah_same_spi_two_packets.pcap", "ipsec_ikev2", peeled},
	{"pcapflowlab/tests/data/parsing/ah/07_ipv6_ah_same_tuple_different_spi.pcap", "ipsec_ikev2", peeled},
	{"pcapflowlab/tests/data/parsing/ah/12_ipv4_ah_inner_ipv4_udp.pcap", "ipsec_ikev2", peeled},
	{"pcapflowlab/tests/data/parsing/ah/19_ah_truncated_icv.pcap", "ipsec_ikev2", "damaged on purpose: the header ends early, so there is no flow"},
	{"suricata-verify/tests/ipv6-evasion/ipv6-dos-with-ext-headers-5/denial6-5.pcap", "ipsec_ikev2", peeled},
	{"tcpdump/tests/OSPFv3_with_AH.pcap", "ipsec_ikev2", peeled + ", here OSPF, which is no flow"},
	{"tcpdump/tests/ospf-signed-integer-ubsan.pcap", "ipsec_ikev2", peeled + ", here OSPF, which is no flow"},
	{"pcapflowlab/tests/data/parsing/esp/17_udp4500_nat_t_ike_marker_staged.pcap", "ipsec_ikev2", "we are right: a marker and 16 bytes that are no IKE"},
	{"tcpdump/tests/ikev2-id-short.pcap", "ipsec_ikev2", "damaged on purpose: no initiator"},
	{"tcpdump/tests/isakmp-delete-segfault.pcap", "ipsec_ikev2", "damaged on purpose: no version there is"},
	{"tcpdump/tests/isakmp-no-none-np.pcapng", "ipsec_ikev2", "damaged on purpose: no initiator, another length"},
	{"tcpdump/tests/isakmp-pointer-loop.pcap", "ipsec_ikev2", "damaged on purpose: no initiator"},
	{"suricata-verify/tests/bug-6402-01/input.pcap", "openvpn", "we are right: Geneve, whose first byte nDPI takes for an opcode"},
	{"tcpdump/tests/vxlan_port_8472.pcap", "openvpn", "we are right: VXLAN, whose first byte nDPI takes for an opcode"},
}

// peeled: AH hides nothing, the flow is what it authenticates.
const peeled = "both: AH, through which the decoder looks at what is inside"

// TestPushIsNamedByName: what is called push says its name, or its lookup did. No
// flow of the corpora is a carrier's.
func TestPushIsNamedByName(t *testing.T) {
	flows, n := listen(t), map[string]int{}
	for _, file := range slices.Sorted(keysOf(flows)) {
		for _, k := range flows[file] {
			c := category(k.label.Service)
			if c != "push" && c != "carrier" {
				continue
			}
			n[k.label.Service]++
			if why := reasonFor(k, ""); why != "name" {
				t.Errorf("%s %s: %s by %q: %v", file, k.pair, k.label.Service, why, k.label.Why)
			}
		}
	}
	t.Logf("%v", n)
	if n["apns"] < 8 || n["fcm"] < 6 {
		t.Errorf("%v: apns were 8, fcm 6", n)
	}
}

// wgMessage is a message of WireGuard: its type and reserved bytes, index by
// index, and what is hidden.
func wgMessage(kind byte, n int, indices ...byte) []byte {
	b := make([]byte, n)
	b[0] = kind
	for i := range b[4:] {
		b[4+i] = byte(37*i) ^ kind
	}
	for i, x := range indices {
		copy(b[4+4*i:], []byte{x, x + 1, x + 2, x + 3})
	}
	return b
}

// wgData is data of a session, with its counter.
func wgData(index, counter byte) []byte {
	b := wgMessage(4, 128, index)
	copy(b[8:16], []byte{counter, 0, 0, 0, 0, 0, 0, 0})
	return b
}

// TestDecoysOfTunnels: a first message of WireGuard proves nothing, whatever
// answers (zapret sends copies before the true hello), until the answer names it.
func TestDecoysOfTunnels(t *testing.T) {
	initiation := wgMessage(1, 148, 0x10)
	type said struct {
		down bool
		b    []byte
	}
	for _, c := range []struct {
		what   string
		port   uint16
		said   []said
		likely bool
	}{
		{"a tunnel", 443, []said{{false, initiation}, {true, wgMessage(2, 92, 0x20, 0x10)}}, true},
		{"a decoy before a tunnel", 443, []said{
			{false, wgMessage(1, 148, 0x40)}, {false, initiation}, {true, wgMessage(2, 92, 0x20, 0x10)}, {false, wgData(0x20, 0)},
		}, true},
		{"data of a session that began unseen", 443, []said{{false, wgData(0x20, 7)}, {true, wgData(0x10, 3)}, {false, wgData(0x20, 8)}}, true},
		{"one of each way", 443, []said{{false, wgData(0x20, 7)}, {true, wgData(0x10, 3)}}, false},
		{"a decoy before QUIC", 443, []said{{false, initiation}, {false, initialOf(t, helloTo("www.example.org"))}, {true, make([]byte, 1200)}}, false},
		{"a decoy before a call", 3478, []said{{false, initiation}, {false, make([]byte, 160)}, {true, make([]byte, 160)}}, false},
		{"copies of it", 443, []said{{false, initiation}, {false, initiation}, {false, initiation}, {true, make([]byte, 77)}}, false},
		{"at the customary port", 51820, []said{{false, initiation}, {true, make([]byte, 77)}}, false},
		{"a response to another", 51820, []said{{false, initiation}, {true, wgMessage(2, 92, 0x20, 0x30)}}, false},
		{"no answer", 51820, []said{{false, initiation}}, false},
	} {
		s := script{t: t, server: netip.MustParseAddr(atNobody)}
		for _, x := range c.said {
			l := &layers.UDP{SrcPort: homePort, DstPort: layers.UDPPort(c.port)}
			if x.down {
				l.SrcPort, l.DstPort = l.DstPort, l.SrcPort
			}
			s.put(x.down, homeTTL, l, x.b)
		}
		k := theOne(t, s.hear())
		if likely := k.label.Service == "wireguard" && k.label.Confidence >= sure; likely != c.likely {
			t.Errorf("%s: %q %.2f %v", c.what, k.label.Service, k.label.Confidence, k.label.Why)
		}
	}
}
