package classify

import (
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/capturetest"
	"chokepoint/classify/wire/quic"
	"chokepoint/internal/corpora"
	"chokepoint/internal/corpora/replay"
)

// quicName is the name of a flow of QUIC.
type quicName struct {
	file string
	pair
	name string
}

// quicNamesIn reads the QUIC rows of a table whose transport is in column c.
func quicNamesIn(t *testing.T, table string, c int) map[quicName]bool {
	out := map[quicName]bool{}
	for _, r := range corpora.Rows(t, table) {
		if r[c] == "QUIC" && r[c+5] != "" {
			out[quicName{r[0], pairIn(t, "udp", r[c+1:c+5]), strings.ToLower(r[c+5])}] = true
		}
	}
	return out
}

// TestQUICNamesAgreeWithBothOracles: at least 98 % of the names in QUIC on which
// tshark and nDPI agree are found, none is another, and those that only we have
// are there for a reason.
func TestQUICNamesAgreeWithBothOracles(t *testing.T) {
	flows := listen(t)
	tshark := quicNamesIn(t, "tshark_sni.tsv", 2)
	ndpi := quicNamesIn(t, "ndpi_sni.tsv", 1)
	ours := map[quicName]bool{}
	for file, of := range flows {
		for _, k := range of {
			if k.proto == "udp" && k.names.SNI != "" && k.app == "quic" {
				ours[quicName{file, k.pair, k.names.SNI}] = true
			}
		}
	}
	found, agreed := 0, 0
	for k := range tshark {
		if !ndpi[k] {
			continue
		}
		if agreed++; ours[k] {
			found++
		} else {
			t.Logf("missing: %s %v %s", k.file, k.pair, k.name)
		}
	}
	t.Logf("%d of %d names on which both agree; tshark has %d, nDPI %d, we %d", found, agreed, len(tshark), len(ndpi), len(ours))
	if agreed < 80 || 100*found < 98*agreed {
		t.Errorf("%d of %d found, want 98 %%", found, agreed)
	}
	for _, k := range sortedNames(tshark, ours) {
		if !ndpi[k] {
			t.Logf("tshark alone (an address is no name): %s %v %s", k.file, k.pair, k.name)
		}
	}
	for _, k := range sortedNames(ndpi, ours) {
		if !tshark[k] {
			t.Logf("nDPI alone: %s %v %s", k.file, k.pair, k.name)
		}
	}
	only, how := 0, map[string]int{}
	for _, k := range sortedNames(ours, nil) {
		hello := hellosIn(t, k)
		_, kind, _ := strings.Cut(hello, ": ")
		how[kind]++
		if tshark[k] {
			if strings.HasPrefix(kind, "in several") {
				t.Logf("more than one datagram: %s, %s: %s %v", k.name, hello, k.file, k.pair)
			}
			continue
		}
		only++
		t.Logf("tshark lacks, nDPI has it: %v: %s, %s: %s %v", ndpi[k], k.name, hello, k.file, k.pair)
		if !ndpi[k] && oursAlone[k.file] != k.name {
			t.Errorf("invented? %s %s", k.file, k.name)
		}
	}
	t.Logf("%d names that tshark lacks; hellos of all our names: %v", only, how)
}

// oursAlone are names that no oracle has, and that were looked at.
var oursAlone = map[string]string{
	// gQUIC in the clear, below extension headers of IPv6; nDPI calls the flow QUIC.GoogleServices.
	"suricata-verify/tests/ipv6-evasion/ipv6-dos-with-ext-headers-5/denial6-5.pcap": "clientservices.googleapis.com",
	// On a loopback link, which the oracles' rows leave out; version 1 opens under its keys.
	"tcpdump/tests/quic_handshake.pcap": "localhost",
	"tcpdump/tests/quic_retry.pcap":     "localhost",
}

// sortedNames returns what is in a and not in b.
func sortedNames(a, b map[quicName]bool) (out []quicName) {
	for k := range a {
		if !b[k] {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(x, y quicName) int {
		return strings.Compare(x.file+x.name+x.pair.String(), y.file+y.name+y.pair.String())
	})
	return out
}

// hellosIn says in how many datagrams the client of a flow said its hello, and
// whether its beginning came first.
func hellosIn(t *testing.T, k quicName) string {
	var sides [2]quic.Client
	var behind [2]bool // the first datagram held no beginning
	err := replay.Packets(corpora.Path(t, k.file), func(p *capture.Packet) {
		from := netip.AddrPortFrom(p.Key.SrcAddr(), p.Key.SrcPort)
		if p.Has&capture.HasPorts == 0 || pairOf("udp", from, netip.AddrPortFrom(p.Key.DstAddr(), p.Key.DstPort)) != k.pair {
			return
		}
		s := 0
		if from == k.b {
			s = 1
		}
		if sides[s].Hello() != nil {
			return
		}
		sides[s].Add(p.Payload)
		behind[s] = behind[s] || sides[s].Datagrams() > 0 && len(sides[s].Partial()) == 0
	})
	if err != io.EOF {
		t.Logf("%s: %v", k.file, err)
	}
	for s := range sides {
		if n := sides[s].Datagrams(); len(sides[s].Partial()) > 0 {
			kind := "in one Initial datagram"
			switch {
			case behind[s]:
				kind = "in several, the beginning late"
			case n > 1:
				kind = "in several, the beginning first"
			}
			return fmt.Sprintf("%v, %d: %s", sides[s].Version(), n, kind)
		}
	}
	return "Q0xx: in the clear (gQUIC)"
}

// TestQUICNamesOfDecoys: datagrams that a tool against blocking sends ahead of the
// true hello say what they are made to say.
func TestQUICNamesOfDecoys(t *testing.T) {
	for file, want := range map[string]string{"quic_initial_vk_com.bin": "st.vk.com", "quic_initial_www_google_com.bin": "www.google.com"} {
		b, err := os.ReadFile(corpora.Path(t, "zapret-fake/files/fake/"+file))
		if err != nil {
			t.Fatal(err)
		}
		frame := udpFrame(t, netip.MustParseAddr("203.0.113.80"), 443, b)
		for _, k := range hear(&capturetest.Source{Packets: []capture.Packet{frame}}) {
			t.Logf("%s: %s %s", file, k.app, k.names.SNI)
			if k.names.SNI != want || k.app != "quic" {
				t.Errorf("%s: %s %q, want %q", file, k.app, k.names.SNI, want)
			}
		}
	}
}
