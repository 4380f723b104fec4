package table

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"chokepoint/classify/fact"
)

var update = flag.Bool("update", false, "write the golden screens anew; read the diff")

// blindOf turns words into bits.
func blindOf(names ...string) fact.Blindness {
	var b fact.Blindness
	for bit := fact.Blindness(1); bit != 0 && bit <= fact.BlindHostFilter; bit <<= 1 {
		if slices.Contains(names, bit.Names()[0]) {
			b |= bit
		}
	}
	return b
}

// checkScreen holds the limits that every screen keeps.
func checkScreen(t *testing.T, out string) {
	t.Helper()
	screen, _, _ := strings.Cut(out, "\nDetails\n")
	if n := len(strings.Split(strings.TrimRight(screen, "\n"), "\n")); n > rows {
		t.Errorf("%d lines before the details", n)
	}
	checkLines(t, out)
}

// checkLines holds the limits of every line.
func checkLines(t *testing.T, out string) {
	t.Helper()
	for i, line := range strings.Split(out, "\n") {
		if w := width(line); w > columns {
			t.Errorf("line %d has %d columns: %s", i+1, w, line)
		}
		if strings.HasSuffix(line, " ") {
			t.Errorf("line %d ends in a blank: %q", i+1, line)
		}
		for _, r := range line {
			if !unicode.IsPrint(r) {
				t.Errorf("line %d has %U", i+1, r)
			}
		}
	}
	if strings.Contains(strings.ToLower(out), "censor") {
		t.Error("it says what was seen, not what it means")
	}
}

func TestGoldenScreens(t *testing.T) {
	tests := []struct {
		name string
		run  *run
		opt  Options
	}{
		{"blocked", blockedRun(), Options{}},
		{"blocked-verbose", blockedVerbose(), Options{Verbose: true}},
		{"throttled", throttledRun(), Options{}},
		{"fine", fineRun(), Options{}},
		{"beside", asideRun(), Options{}},
		{"places", placesRun(), Options{}},
		{"first-hop", lossyRun(), Options{}},
		{"poor", poorRun(), Options{}},
		{"quiet", blockedRun(), Options{Quiet: true}},
		{"crowded", crowdedRun(), Options{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.run.print(t, tt.opt)
			checkScreen(t, got)
			path := filepath.Join("testdata", tt.name+".txt")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("differs from %s; -update writes it\n%s", path, got)
			}
		})
	}
}
