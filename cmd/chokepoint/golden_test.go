package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chokepoint/classify/finding"
	"chokepoint/pcaps"
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
			t.Run(c.Name+"/"+f.Name, func(t *testing.T) { golden(t, &c, f) })
		}
	}
}

func golden(t *testing.T, c *pcaps.Case, f pcaps.File) {
	dir, err := filepath.Abs(filepath.Join("../../pcaps", c.Name))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	got := outside("analyze", "--json", f.Name)
	if got.code != 0 {
		t.Fatalf("exit code %d: %s", got.code, got.stderr)
	}
	findings, status := lastWord(t, got.stdout)
	for _, w := range c.Truth.Check(f.Name, findings, status) {
		t.Error(w)
	}
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
