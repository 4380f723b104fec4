package quic_test

import (
	"fmt"
	"net/netip"
	"os"
	"sort"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/wire"
	"chokepoint/classify/wire/quic"
	"chokepoint/classify/wire/tls"
	"chokepoint/internal/corpora"
	"chokepoint/internal/corpora/replay"
)

// row is one server name on one flow of one capture.
type row struct{ capture, ends, name string }

// namesOf reads the QUIC rows of a table whose transport is in column c.
func namesOf(t *testing.T, table string, c, n int) map[row]bool {
	t.Helper()
	rows := map[row]bool{}
	for _, col := range corpora.Rows(t, table) {
		if len(col) > n && col[c] == "QUIC" && col[n] != "" {
			rows[row{col[0], strings.Join([]string{address(col[c+1]), col[c+2], address(col[c+3]), col[c+4]}, " "), strings.ToLower(col[n])}] = true
		}
	}
	return rows
}

// address spells an address the way of RFC 5952; the tables do not agree.
func address(s string) string {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.String()
	}
	return s
}

// watched is one direction of a flow of UDP.
type watched struct {
	client quic.Client
	second quic.Client // what does not belong to the first
	last   wire.Status
	chlo   string
	when   int // datagrams with Initials when the hello was complete
}

func (w *watched) add(payload []byte) {
	before := w.client.Other()
	if w.last = w.client.Add(payload); w.last == wire.Done && w.when == 0 {
		w.when = w.client.Datagrams()
	}
	if w.client.Other() && !before {
		w.second.Add(payload)
	}
	if name, ok := quic.CHLOName(payload); ok && w.chlo == "" {
		w.chlo = name
	}
}

// watch runs a Client over each direction of each flow of a capture.
func watch(path string) map[string]*watched {
	flows := map[string]*watched{}
	// Damage ends a capture, it is not tested here.
	_ = replay.Packets(path, func(p *capture.Packet) {
		if p.Has&capture.HasUDP == 0 || len(p.Payload) == 0 {
			return
		}
		ends := fmt.Sprintf("%v %d %v %d", p.Key.SrcAddr(), p.Key.SrcPort, p.Key.DstAddr(), p.Key.DstPort)
		w := flows[ends]
		if w == nil {
			w = &watched{}
			flows[ends] = w
		}
		w.add(p.Payload)
	})
	return flows
}

// name parses the hello of a Client.
func name(c *quic.Client) string {
	var h tls.ClientHello
	if st, _ := h.ParseMessage(c.Hello()); st != wire.Done {
		return ""
	}
	return strings.ToLower(h.SNIRaw)
}

// ours is what the parser says of a whole corpus: the names, with how they came.
func ours(t *testing.T) (names map[row]string, seen map[[2]string]*watched) {
	names, seen = map[row]string{}, map[[2]string]*watched{}
	for _, f := range corpora.Captures(t) {
		for ends, w := range watch(f.Path) {
			seen[[2]string{f.Name, ends}] = w
			if n := name(&w.client); n != "" {
				names[row{f.Name, ends, n}] = fmt.Sprintf("%v, %d datagrams, %d bytes", w.client.Version(), w.when, len(w.client.Hello()))
			}
			if n := name(&w.second); n != "" {
				names[row{f.Name, ends, n}] = "as another connection on the same ports"
			}
			if w.chlo != "" {
				names[row{f.Name, ends, w.chlo}] = "gquic, plaintext"
			}
		}
	}
	return names, seen
}

// state tells why a flow has no name.
func state(w *watched) string {
	if w == nil {
		return "flow not seen"
	}
	c := &w.client
	return fmt.Sprintf("%v, version %v, %d datagrams with Initials, %d unopened, %d bytes, %d missing",
		w.last, c.Version(), c.Datagrams(), c.Unopened(), len(c.Partial()), c.Missing())
}

func sorted(rows map[row]bool) (out []row) {
	for r := range rows {
		out = append(out, r)
	}
	sort.Slice(out, func(i, j int) bool { return fmt.Sprint(out[i]) < fmt.Sprint(out[j]) })
	return out
}

// TestNamesAgreeWithBothOracles: at least 98 % of the names on which tshark and
// nDPI agree are found, and hardly a name that neither of them knows.
func TestNamesAgreeWithBothOracles(t *testing.T) {
	tshark := namesOf(t, "tshark_sni.tsv", 2, 7)
	ndpi := namesOf(t, "ndpi_sni.tsv", 1, 6)
	got, seen := ours(t)
	agreed, hit := 0, 0
	for r := range tshark {
		if ndpi[r] {
			agreed++
			if got[r] != "" {
				hit++
			}
		}
	}
	for _, table := range []struct {
		who string
		has map[row]bool
	}{{"tshark", tshark}, {"nDPI", ndpi}} {
		n := 0
		for _, r := range sorted(table.has) {
			if got[r] != "" {
				n++
			} else {
				t.Logf("%s has %v, we have not: %s", table.who, r, state(seen[[2]string{r.capture, r.ends}]))
			}
		}
		t.Logf("%s: %d of %d names are ours too", table.who, n, len(table.has))
	}
	alone, mine := 0, map[row]bool{}
	for r := range got {
		mine[r] = true
	}
	for _, r := range sorted(mine) {
		if !tshark[r] {
			t.Logf("tshark has not %v: %s; nDPI %v", r, got[r], ndpi[r])
		}
		if !tshark[r] && !ndpi[r] {
			alone++
		}
	}
	for _, w := range sortedFlows(seen) { // not one of these captures has a decoy
		if f := seen[w]; f.client.Other() || f.client.Conflict() {
			t.Errorf("other %v, conflict %v: %v: %s", f.client.Other(), f.client.Conflict(), w, state(f))
		}
	}
	if alone*20 > len(got) {
		t.Errorf("%d of %d names are ours alone", alone, len(got))
	}
	t.Logf("%d of %d agreed names found; %d names in all, %d ours alone", hit, agreed, len(got), alone)
	if agreed == 0 || hit*100 < agreed*98 {
		t.Errorf("only %d of %d agreed names found", hit, agreed)
	}
}

func sortedFlows(seen map[[2]string]*watched) (out [][2]string) {
	for k := range seen {
		out = append(out, k)
	}
	sort.Slice(out, func(i, j int) bool { return out[i][0]+out[i][1] < out[j][0]+out[j][1] })
	return out
}

// TestOnlyQUICIsTakenForIt: over all foreign captures, where Initials are seen
// they open, or what else the flow says makes it QUIC.
func TestOnlyQUICIsTakenForIt(t *testing.T) {
	_, seen := ours(t)
	aliens := 0
	for _, k := range sortedFlows(seen) {
		w := seen[k]
		switch {
		case w.last == wire.Alien:
			aliens++
		case w.last != wire.Done && !strings.Contains(k[1], " 443"):
			t.Logf("%v: %s", k, state(w))
		}
	}
	t.Logf("%d of %d directions of UDP flows are no QUIC", aliens, len(seen))
	if aliens*10 < len(seen)*8 {
		t.Errorf("too many flows are taken for QUIC")
	}
}

// TestBlobsOfDecoysGiveTheirNames: payloads that a tool against blocking sends
// ahead of the real hello.
func TestBlobsOfDecoysGiveTheirNames(t *testing.T) {
	for file, want := range map[string]string{"quic_initial_vk_com.bin": "st.vk.com", "quic_initial_www_google_com.bin": "www.google.com"} {
		b, err := os.ReadFile(corpora.Path(t, "zapret-fake/files/fake/"+file))
		if err != nil {
			t.Fatal(err)
		}
		var c quic.Client
		st := c.Add(b)
		if st != wire.Done || name(&c) != want {
			t.Errorf("%s: %v, %q, want %q", file, st, name(&c), want)
		}
	}
}
