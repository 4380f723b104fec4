package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// bundled lists the recorded captures of the project.
func bundled(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("../../pcaps/*/*.pcapng")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no bundled captures: %v", err)
	}
	return paths
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
	root := os.Getenv("CHOKEPOINT_CORPORA")
	if root == "" {
		t.Skip("CHOKEPOINT_CORPORA is not set")
	}
	const largest = 1 << 20
	read := 0
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || !strings.Contains(filepath.Ext(path), "cap") {
			return err
		}
		if info, err := e.Info(); err != nil || info.Size() > largest {
			return err
		}
		got := outside("analyze", "--json", "-q", path)
		if got.code != exitDone && got.code != exitInput {
			t.Errorf("%s: code %d, %s", path, got.code, got.stderr)
		}
		if bad := raw(got.stdout + got.stderr); bad != nil {
			t.Errorf("%s: %U raw", path, bad)
		}
		read += len(records(t, got.stdout))
		if t.Failed() {
			t.Log(path)
			return filepath.SkipAll
		}
		return nil
	})
	if err != nil || read == 0 {
		t.Errorf("read %d records: %v", read, err)
	}
}
