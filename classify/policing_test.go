package classify

import (
	"bufio"
	"context"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/ulikunitz/xz"

	"chokepoint/capture/pcapfile"
	"chokepoint/classify/finding"
	"chokepoint/internal/corpora"
)

// policedAs analyses a compressed router capture and returns the surest finding
// of policing.
func policedAs(t *testing.T, path string) (best finding.Finding) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := xz.NewReader(bufio.NewReader(f))
	if err != nil {
		t.Fatal(err)
	}
	src, err := pcapfile.New(z, path, pcapfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rec := newRecorder()
	if _, err := Run(context.Background(), src, rec, Options{}); err != nil {
		t.Fatal(err)
	}
	for _, id := range rec.order {
		if f := rec.findings[id]; f.Kind == finding.RatePoliced && (best.Kind == "" || f.Verdict.Rank() > best.Verdict.Rank()) {
			best = f
		}
	}
	return best
}

// maxRateError is how far a measured rate may be from the configured one, which
// counts Ethernet bytes with FCS: 1.2 % more than the IP bytes reported.
const maxRateError = 0.06

// TestPolicersAtTheServer runs the whole engine over the router captures with
// one player: policers with a bucket worth the name are found with their rate,
// shapers and random loss accuse nobody.
func TestPolicersAtTheServer(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes of decompression")
	}
	wanted, found, sure, accused, innocent := 0, 0, 0, 0, 0
	for _, r := range corpora.Rows(t, "policing_labels.tsv") {
		kind, two := r[1], len(r) > 6 && r[6] != "0"
		rate, _ := strconv.ParseFloat(r[2], 64)
		burst, _ := strconv.ParseFloat(r[3], 64)
		single := !two && !containsCD1(r[0])
		policer := kind == "policer" && single && rate >= 500e3 && rate <= 3e6 && burst >= 100e3
		if !policer && !strings.HasPrefix(kind, "shaper") {
			continue // two players, a bucket of a few packets, a rate too high for the chunks
		}
		f := policedAs(t, corpora.Path(t, r[0]))
		if !policer {
			innocent++
			if f.Verdict.Rank() >= finding.Likely.Rank() {
				accused++
				t.Errorf("%s: %s at %.0f bit/s, but nobody polices there", r[0], f.Verdict, *f.RateBps)
			}
			continue
		}
		wanted++
		off := math.Inf(1)
		if f.RateBps != nil {
			off = math.Abs(*f.RateBps/rate - 1)
		}
		t.Logf("%-8s %.1f Mbit/s %7.0f byte bucket: %-12s off by %.1f %%", kind, rate/1e6, burst, f.Verdict, 100*off)
		if off > maxRateError {
			continue
		}
		if f.Verdict.Rank() >= finding.Suspected.Rank() {
			found++
		}
		if f.Verdict.Rank() >= finding.Likely.Rank() {
			sure++
		}
	}
	t.Logf("policers: %d of %d found, %d of them likely or confirmed; %d of %d innocent captures accused", found, wanted, sure, accused, innocent)
	if 14*found < 12*wanted {
		t.Errorf("%d of %d policers found, want 12 of 14", found, wanted)
	}
}

// containsCD1 reports whether a capture is of two players: then each has a
// chunk delay of its own in the file's name.
func containsCD1(name string) bool {
	for i := 0; i+4 < len(name); i++ {
		if name[i:i+5] == "-CD1=" {
			return true
		}
	}
	return false
}
