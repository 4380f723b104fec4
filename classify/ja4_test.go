package classify

import (
	"slices"
	"strings"
	"testing"

	"chokepoint/internal/corpora"
)

// ja4Row is a fingerprint of a flow.
type ja4Row struct {
	file string
	pair
	ja4 string
}

// TestJA4IsThatOfTheReferences: of the fingerprints on which both reference
// implementations agree, all are found. Of QUIC one of them says nothing, so that
// there the other is alone.
func TestJA4IsThatOfTheReferences(t *testing.T) {
	flows := listen(t)
	theirs := map[ja4Row]bool{}
	for _, r := range corpora.Rows(t, "ja4_expected_python.tsv") {
		proto := "tcp"
		if strings.HasPrefix(r[6], "q") {
			proto = "udp"
		}
		theirs[ja4Row{r[0], pairIn(t, proto, r[1:5]), r[6]}] = true
	}
	found, of := map[string]int{}, map[string]int{}
	for _, r := range corpora.Rows(t, "ja4_expected.tsv") {
		k := ja4Row{r[0], pairIn(t, r[2], r[3:7]), r[8]}
		who := "both, " + k.proto
		if !theirs[k] {
			who = "one alone, " + k.proto
		}
		of[who]++
		var ours []string
		for _, h := range between(flows[k.file], k.pair) {
			ours = append(ours, h.names.JA4)
		}
		if slices.Contains(ours, k.ja4) {
			found[who]++
		} else {
			t.Errorf("%s: %s %v: %v, want %s", who, k.file, k.pair, ours, k.ja4)
		}
	}
	for _, who := range slices.Sorted(keysOf(of)) {
		t.Logf("%s: %d of %d fingerprints", who, found[who], of[who])
	}
	if of["both, tcp"] < 100 || of["one alone, udp"] < 40 {
		t.Error("hardly anything was compared")
	}
}
