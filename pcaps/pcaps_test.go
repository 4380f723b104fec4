package pcaps

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/capture/pcapfile"
	"chokepoint/pcaps/story"
)

// Size limits of what is bundled, bytes.
const (
	maxCapture = 400_000
	maxBundle  = 3_700_000
)

func allCases(t *testing.T) []Case {
	t.Helper()
	cases, err := Cases()
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

// packets decodes a capture and holds it against what a recorder guarantees.
func packets(t *testing.T, c Case, file string) []capture.Packet {
	t.Helper()
	b, ok := c.File(file)
	if !ok {
		t.Fatalf("%s has no %s", c.Name, file)
	}
	r, err := pcapfile.New(bytes.NewReader(b), file, pcapfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var out []capture.Packet
	var d decode.Decoder
	for {
		var batch capture.Batch // a fresh one each time: the packets are kept
		err := r.Read(&batch)
		for _, p := range batch.Packets {
			d.Decode(&p)
			out = append(out, p)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if d.Counts != (decode.Counts{}) {
		t.Errorf("%s/%s: malformed: %v", c.Name, file, d.Counts)
	}
	return out
}

func caseNamed(t *testing.T, name string) Case {
	t.Helper()
	for _, c := range allCases(t) {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no case %s", name)
	return Case{}
}

func TestBundledCapturesAreWhatTheStoriesTell(t *testing.T) {
	told := map[string]map[string][]byte{}
	for _, s := range story.All() {
		files, err := s.Files()
		if err != nil {
			t.Fatal(err)
		}
		told[s.Name] = files
	}
	cases := allCases(t)
	if len(cases) != len(told) {
		t.Errorf("%d folders, %d stories", len(cases), len(told))
	}
	for _, c := range cases {
		if len(c.Files) != len(told[c.Name]) {
			t.Errorf("%s has %d captures, its story %d", c.Name, len(c.Files), len(told[c.Name]))
		}
		for _, f := range c.Files {
			if !bytes.Equal(f.Bytes, told[c.Name][f.Name]) {
				t.Errorf("%s/%s differs from its story: go generate ./pcaps", c.Name, f.Name)
			}
		}
	}
}

func TestBundleIsSmall(t *testing.T) {
	total := 0
	for _, c := range allCases(t) {
		for _, f := range c.Files {
			total += len(f.Bytes)
			if len(f.Bytes) > maxCapture {
				t.Errorf("%s/%s has %d bytes", c.Name, f.Name, len(f.Bytes))
			}
		}
	}
	if total > maxBundle {
		t.Errorf("%d bytes in all", total)
	}
}

func TestCapturesAreInOrderAndOfNovember(t *testing.T) {
	const from, to = 1793491200e9, 1796083200e9 // 2026-11-01 to 2026-12-01, ns
	for _, c := range allCases(t) {
		for _, f := range c.Files {
			last := int64(from)
			for _, p := range packets(t, c, f.Name) {
				if p.Time < last || p.Time >= to {
					t.Fatalf("%s/%s: packet %d at %d after %d", c.Name, f.Name, p.Num, p.Time, last)
				}
				last = p.Time
			}
		}
	}
}

// statuses of services (contract, "Records").
var statuses = []string{"ok", "blocked", "throttled", "degraded", "failing", "inconclusive", "unseen"}

func TestTruthsAreComplete(t *testing.T) {
	for _, c := range allCases(t) {
		truth := c.Truth
		if truth.What == "" || truth.Where == "" || len(truth.Services) < 3 {
			t.Errorf("%s: the truth does not say what, where and of which services", c.Name)
		}
		for _, f := range c.Files {
			if truth.Vantage[f.Name] == "" {
				t.Errorf("%s: no vantage for %s", c.Name, f.Name)
			}
		}
		for s, want := range truth.Services {
			for _, w := range want {
				if !slices.Contains(statuses, w) {
					t.Errorf("%s: %s may be %q, which is no status", c.Name, s, w)
				}
			}
		}
		if interfered := !truth.Since.IsZero(); interfered != strings.HasPrefix(truth.Where, "a box") {
			t.Errorf("%s: since %v but where is %q", c.Name, truth.Since, truth.Where)
		}
	}
}

func TestReadmesAreTwoLines(t *testing.T) {
	for _, c := range allCases(t) {
		b, err := fs.ReadFile(folders, path.Join(c.Name, "README.md"))
		if err != nil || bytes.Count(b, []byte("\n")) != 2 {
			t.Errorf("%s: README.md: %d lines, %v", c.Name, bytes.Count(b, []byte("\n")), err)
		}
	}
}

func TestFlowTruthsAreOfFieldsThatAreAsked(t *testing.T) {
	named := 0
	for _, c := range allCases(t) {
		seen := map[string]bool{}
		for _, f := range c.Truth.Flows {
			named++
			if _, ok := f.Says["service"]; !ok || seen[f.To] {
				t.Errorf("%s: %s: no service, or told twice", c.Name, f.To)
			}
			seen[f.To] = true
			for field := range f.SoFar {
				if want, ok := f.Says[field]; !ok || want == f.SoFar[field] || f.Why == "" {
					t.Errorf("%s: %s: so_far of %s", c.Name, f.To, field)
				}
			}
		}
	}
	if named < 30 {
		t.Errorf("%d flows have a truth", named)
	}
}
