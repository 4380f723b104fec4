//go:build linux

package page

import (
	"flag"
	"os"
	"strings"
	"testing"

	"chokepoint/pcaps/score"
)

var update = flag.Bool("update", false, "write SCORE.md anew; then read the diff")

const file = "../SCORE.md"

// TestTheScore: no floor is broken, nothing false is said whoever took a capture, no
// line of the matrix is without a case, and the page says what the tool does today.
func TestTheScore(t *testing.T) {
	p, err := Make()
	if err != nil {
		t.Fatal(err)
	}
	floors, err := score.Standing()
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range floors.Broken(p.Score) {
		t.Error(b)
	}
	for _, line := range p.Grid.Missing() {
		t.Errorf("line %s of the matrix has no case, and no test stands in for it", line)
	}
	if *update {
		if err := os.WriteFile(file, []byte(p.Markdown()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	was, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	now := strings.Split(p.Markdown(), "\n")
	for i, line := range strings.Split(string(was), "\n") {
		if i >= len(now) || line != now[i] {
			t.Fatalf("SCORE.md is out of date from line %d on; make score, and read the diff", i+1)
		}
	}
	if string(was) != p.Markdown() {
		t.Error("SCORE.md is out of date: it ends too early")
	}
}
