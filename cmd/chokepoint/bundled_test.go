package main

import (
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
