package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"chokepoint/classify/finding"
	"chokepoint/pcaps"
	"chokepoint/pcaps/recorded"
	"chokepoint/pcaps/truth"
)

var update = flag.Bool("update", false, "write want.jsonl anew; then read the diff")

// TestGolden holds what the tool says of every bundled capture against what was
// recorded, to the byte, and against the truth of the case.
func TestGolden(t *testing.T) {
	cases, err := pcaps.Cases()
	if err != nil || len(cases) < 10 {
		t.Fatalf("%d cases: %v", len(cases), err)
	}
	for _, c := range cases {
		for _, f := range c.Files {
			t.Run(c.Name+"/"+f.Name, func(t *testing.T) { golden(t, &c, f, filepath.Join("../../pcaps", c.Name), f.Name) })
		}
	}
}

// TestGoldenRecordings is the same of the lab's recordings. What is not found in
// them yet is the score's business; what is claimed must be so here, too.
func TestGoldenRecordings(t *testing.T) {
	cases, err := recorded.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		demands := c.Truth
		c.Truth.Services, c.Truth.Finds, c.Truth.May = nil, nil, allowed(&demands)
		for _, f := range c.Files {
			t.Run(c.Name+"/"+f.Name, func(t *testing.T) {
				golden(t, &c, f, filepath.Join("../../pcaps/recorded", c.Name), f.Name+".zst")
			})
		}
	}
}

// allowed is what may be claimed of a recording: demands are no more than that.
func allowed(of *truth.Truth) []truth.Limit {
	may := slices.Clone(of.May)
	for _, m := range of.Finds {
		may = append(may, truth.Limit{Kinds: m.Kinds, Service: m.Service, AtMost: finding.Confirmed, Files: m.Files})
	}
	return may
}

func golden(t *testing.T, c *pcaps.Case, f pcaps.File, folder, name string) {
	dir, err := filepath.Abs(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	got := outside("analyze", "--json", name)
	if got.code != 0 {
		t.Fatalf("exit code %d: %s", got.code, got.stderr)
	}
	findings, status := lastWord(t, got.stdout)
	for _, w := range c.Truth.Check(f.Name, findings, status) {
		t.Error(w)
	}
	packetsExist(t, got.stdout)
	if f.Name != "client.pcapng" {
		return
	}
	if *update {
		if err := os.WriteFile("want.jsonl", []byte(got.stdout), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(c.Want, []byte(got.stdout)) {
		t.Errorf("differs from want.jsonl at line %d; make golden, and read the diff", firstDifference(string(c.Want), got.stdout))
	}
}

// packetsExist: every packet that a finding names is in the capture.
func packetsExist(t *testing.T, records string) {
	t.Helper()
	var named []uint64
	for _, line := range strings.Split(strings.TrimSpace(records), "\n") {
		var r struct {
			Type    string
			Packets json.RawMessage
			For     []struct{ Packets []uint64 }
			Against []struct{ Packets []uint64 }
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		switch r.Type {
		case "finding":
			for _, e := range slices.Concat(r.For, r.Against) {
				named = append(named, e.Packets...)
			}
			var own []uint64
			if err := json.Unmarshal(r.Packets, &own); err != nil {
				t.Fatalf("%v: %s", err, line)
			}
			named = append(named, own...)
		case "stats":
			var total uint64
			if err := json.Unmarshal(r.Packets, &total); err != nil || total == 0 {
				t.Fatalf("stats without packets: %s", line)
			}
			for _, n := range named {
				if n == 0 || n > total {
					t.Errorf("packet %d of %d is named", n, total)
				}
			}
		}
	}
}

// lastWord returns the last revision of every finding and the status of every
// service.
func lastWord(t *testing.T, records string) ([]finding.Finding, map[string]string) {
	t.Helper()
	status := map[string]string{}
	var list []finding.Finding
	at := map[string]int{}
	for _, line := range strings.Split(strings.TrimSpace(records), "\n") {
		var head struct{ Type, Service, Status string }
		if err := json.Unmarshal([]byte(line), &head); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		switch head.Type {
		case "service":
			status[head.Service] = head.Status
		case "finding":
			var f finding.Finding
			if err := json.Unmarshal([]byte(line), &f); err != nil {
				t.Fatalf("%v: %s", err, line)
			}
			if i, ok := at[f.ID]; ok {
				list[i] = f
				continue
			}
			at[f.ID] = len(list)
			list = append(list, f)
		}
	}
	return list, status
}

func firstDifference(a, b string) int {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range x {
		if i >= len(y) || x[i] != y[i] {
			return i + 1
		}
	}
	return len(x) + 1
}
