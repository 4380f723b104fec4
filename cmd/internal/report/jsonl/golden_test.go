package jsonl

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/*.jsonl anew")

// The files are what scripts are written against: a line may gain fields, and
// what it had before stays as it was.
func TestEachRecordKeepsWhatItPromised(t *testing.T) {
	for name, tell := range samples() {
		t.Run(name, func(t *testing.T) {
			got := written(t, tell)
			path := filepath.Join("testdata", name+".jsonl")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !keeps(object(t, got), object(t, string(want))) {
				t.Errorf("got  %swant %s", got, want)
			}
		})
	}
}

// keeps reports whether got has all that want has.
func keeps(got, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		for k, v := range want {
			have, there := g[k]
			ok = ok && there && keeps(have, v)
		}
		return ok
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(want) {
			return false
		}
		for i := range want {
			ok = ok && keeps(g[i], want[i])
		}
		return ok
	}
	return got == want
}
