package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"chokepoint/internal/corpora"
)

// bundled lists the recorded captures of the project.
func bundled(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("../../pcaps/*/*.pcapng")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no bundled captures: %v", err)
	}
	lab, err := filepath.Glob("../../pcaps/recorded/*/*.pcapng.zst")
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(paths, lab)
}

func TestEveryRecordOfEveryBundledCaptureFitsTheSchema(t *testing.T) {
	for _, path := range bundled(t) {
		t.Run(filepath.Base(filepath.Dir(path))+"/"+filepath.Base(path), func(t *testing.T) {
			got := outside("analyze", "--json", "--all", "--expect", "whatsapp,telegram", path)
			rs := records(t, got.stdout)
			if got.code != 0 || got.stderr != "" {
				t.Fatalf("code %d, stderr %s", got.code, got.stderr)
			}
			order := kinds(rs)
			if !strings.HasPrefix(order, "meta ") || !strings.HasSuffix(order, " service stats") || strings.Count(order, "meta") != 1 {
				t.Errorf("order: %s", order)
			}
			known := map[string]bool{}
			for _, r := range rs {
				if r["type"] == "finding" {
					known[r["id"].(string)] = true
				}
			}
			for _, r := range rs {
				ids, _ := r["findings"].([]any)
				for _, id := range ids {
					if !known[id.(string)] {
						t.Errorf("%v names finding %v, which nobody told", r["type"], id)
					}
				}
			}
		})
	}
}

func TestTheOutputDoesNotDependOnWorkersOrTheDoor(t *testing.T) {
	for _, path := range bundled(t)[:3] {
		one := outside("analyze", "--json", "--all", "--workers", "1", path)
		for _, args := range [][]string{{"--workers", "2"}, {"--workers", "5", "-v"}} {
			if got := outside(append([]string{"analyze", "--json", "--all", path}, args...)...); got.stdout != one.stdout {
				t.Errorf("%s: %v differs", path, args)
			}
		}
	}
}

// Captures that nobody here made are the test of what nobody here thought of.
// Those over a megabyte cost more time than they add.
func TestForeignCapturesGiveRecordsThatFitTheSchemaAndNeverAFault(t *testing.T) {
	const largest = 1 << 20
	read := 0
	for _, f := range corpora.Captures(t) {
		if !strings.Contains(filepath.Ext(f.Path), "cap") || f.Size(t) > largest {
			continue
		}
		got := outside("analyze", "--json", "-q", f.Path)
		if got.code != exitDone && got.code != exitInput {
			t.Errorf("%s: code %d, %s", f.Path, got.code, got.stderr)
		}
		if bad := raw(got.stdout + got.stderr); bad != nil {
			t.Errorf("%s: %U raw", f.Path, bad)
		}
		read += len(records(t, got.stdout))
		if t.Failed() {
			t.Log(f.Path)
			break
		}
	}
	if read == 0 {
		t.Error("no records")
	}
}
