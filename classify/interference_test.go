package classify

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"chokepoint/capture/pcapfile"
	"chokepoint/classify/finding"
	"chokepoint/internal/corpora"
)

// findingsIn analyses a capture and returns its findings, in the order told.
func findingsIn(t *testing.T, path string) []finding.Finding {
	t.Helper()
	src, err := pcapfile.Open(path, pcapfile.Options{})
	if err != nil {
		return nil
	}
	defer src.Close()
	rec := newRecorder()
	Run(context.Background(), src, rec, Options{})
	var out []finding.Finding
	for _, id := range rec.order {
		out = append(out, rec.findings[id])
	}
	return out
}

// TestInCountryCaptures: injected resets and FINs recorded where they happen are
// found and the packets named; the control beside each accuses nobody.
func TestInCountryCaptures(t *testing.T) {
	root := corpora.Path(t, "centrace/testdata")
	files, err := filepath.Glob(filepath.Join(root, "*.pcap"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no captures: %v", err)
	}
	named := map[uint64]finding.Verdict{}
	for _, path := range files {
		control := strings.HasSuffix(path, "_example.com.pcap")
		for _, f := range findingsIn(t, path) {
			t.Logf("%s: %s %s %v %s", filepath.Base(path), f.Verdict, f.Kind, f.Packets, f.Summary)
			if control && f.Verdict.Rank() >= finding.Likely.Rank() {
				t.Errorf("%s is a control: %s %s", filepath.Base(path), f.Verdict, f.Kind)
			}
			if f.Kind == finding.ResetInjected {
				for _, n := range f.Packets {
					named[n] = f.Verdict
				}
			}
		}
	}
	for _, want := range []struct {
		packet  uint64
		what    string
		atLeast finding.Verdict
	}{
		{162, "the RST with the probe's IP id and reserved bits (two families)", finding.Likely},
		{166, "the FIN with data before a RST below it", finding.Suspected},
		{178, "the same, next attempt", finding.Suspected},
	} {
		if got := named[want.packet]; got.Rank() < want.atLeast.Rank() {
			t.Errorf("packet %d, %s: %q, want %s", want.packet, want.what, got, want.atLeast)
		}
	}
}

// TestServerSideResets: resets injected in an Indian network and a burst, as the
// server saw them.
func TestServerSideResets(t *testing.T) {
	root := corpora.Path(t, "censorship-detection/testdata")
	for _, c := range []struct {
		file    string
		packets []uint64
	}{
		{"airtel.pcap", []uint64{10, 20, 38}},
		{"test2/smtp.pcap", []uint64{15}},
		{"full_http_request.pcap", nil},
	} {
		var got []uint64
		for _, f := range findingsIn(t, filepath.Join(root, c.file)) {
			t.Logf("%s: %s %s %v %s", c.file, f.Verdict, f.Kind, f.Packets, f.Summary)
			for _, e := range f.For {
				t.Logf("  %s %s %s: %s", e.Code, e.Class, e.Family, e.Text)
			}
			if f.Kind == finding.ResetInjected && f.Verdict.Rank() >= finding.Likely.Rank() {
				got = append(got, f.Packets[0])
			}
		}
		if !slices.Equal(got, c.packets) {
			t.Errorf("%s: injected resets at %v, want %v", c.file, got, c.packets)
		}
	}
}

// madeForIt are the corpora recorded where somebody interferes.
var madeForIt = []string{"centrace", "censorship-detection", "policing-detection"}

// TestForeignCapturesAreNotAccused lists every confirmed or likely finding over
// all captures that nobody made for interference. None is known to be right, so
// each is a false alarm until it is explained here.
func TestForeignCapturesAreNotAccused(t *testing.T) {
	read, alarms := 0, 0
	for _, c := range corpora.Captures(t) {
		if c.From(madeForIt...) {
			continue
		}
		read++
		for _, f := range findingsIn(t, c.Path) {
			if f.Verdict.Rank() >= finding.Likely.Rank() {
				alarms++
				t.Logf("%s: %s %s %v %s", c.Path, f.Verdict, f.Kind, f.Packets, f.Summary)
			}
		}
	}
	t.Logf("%d files, %d confirmed or likely findings", read, alarms)
	if alarms > 3 {
		t.Errorf("%d findings that nobody can explain, at most 3", alarms)
	}
}
