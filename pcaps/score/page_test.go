package score_test

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"chokepoint/pcaps"
	"chokepoint/pcaps/recorded"
	"chokepoint/pcaps/score"
)

var update = flag.Bool("update", false, "write SCORE.md anew; then read the diff")

const page = "../SCORE.md"

// allCases are the stories and the recordings of the lab.
func allCases(t *testing.T) []pcaps.Case {
	t.Helper()
	stories, err := pcaps.Cases()
	if err != nil || len(stories) < 17 {
		t.Fatalf("%d stories: %v", len(stories), err)
	}
	recordings, err := recorded.All()
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(stories, recordings)
}

// TestTheScore: no floor is broken, and the page says what the tool does today.
func TestTheScore(t *testing.T) {
	s, err := score.Of(allCases(t))
	if err != nil {
		t.Fatal(err)
	}
	floors, err := score.Standing()
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range floors.Broken(s) {
		t.Error(b)
	}
	if *update {
		if err := os.WriteFile(page, []byte(s.Markdown()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	was, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	now := strings.Split(s.Markdown(), "\n")
	for i, line := range strings.Split(string(was), "\n") {
		if i >= len(now) || line != now[i] {
			t.Fatalf("SCORE.md is out of date from line %d on; make score, and read the diff", i+1)
		}
	}
	if string(was) != s.Markdown() {
		t.Error("SCORE.md is out of date: it ends too early")
	}
}
