package scenes

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"chokepoint/capture/pcapfile"
	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/score"
)

var (
	pick = flag.String("lab", "", "play the scenarios whose name matches, show what was done and what the tool says")
	keep = flag.String("keep", "", "folder to keep their recordings in")
	seed = flag.Uint64("seed", 1, "of the first run")
)

// TestShow plays what -lab names; what the tool misses is no failure.
func TestShow(t *testing.T) {
	if *pick == "" {
		t.Skip("nothing was asked for: -lab 'reset-.*'")
	}
	re := regexp.MustCompile(*pick)
	for _, s := range All() {
		if re.MatchString(s.Name) {
			t.Run(s.Name, func(t *testing.T) {
				t.Parallel()
				show(t, s)
			})
		}
	}
}

func show(t *testing.T, s *lab.Scenario) {
	if lacks := lab.Missing(s); len(lacks) > 0 {
		t.Skip("needs ", lacks)
	}
	began := time.Now()
	r, err := lab.Play(t.Context(), s, *seed)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("played in %v", time.Since(began))
	for _, n := range r.Notes {
		t.Log("met: ", n)
	}
	for _, d := range r.Truth.Done {
		t.Logf("done: %s %s %s × %d %v", d.Rule, d.What, d.Dir, d.N, d.Packets)
	}
	for name, b := range r.Files {
		src, err := pcapfile.New(bytes.NewReader(b), name, pcapfile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		said, err := score.Observe(src)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range said.Findings {
			t.Logf("%s: %s %s of %q at %.2f: %s", name, f.Verdict, f.Kind, f.Service, f.Confidence, f.Summary)
		}
		var found []finding.Finding
		for _, f := range said.Findings {
			found = append(found, f.Finding)
		}
		for _, w := range r.Truth.Check(name, found, said.Status) {
			t.Logf("%s: WRONG: %s", name, w)
		}
	}
	if *keep != "" {
		dir := filepath.Join(*keep, s.Name)
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := r.Write(dir, lab.WriteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}
