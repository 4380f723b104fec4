package browser

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"testing"
)

// saw is what look.mjs writes of a page. Lengths and positions are in CSS pixels, times
// in ms.
type saw struct {
	File  string
	MS    map[string]int // what took how long: dom and load are since it was asked for
	Notes struct {
		Console, Errors, Violations, Requests, Dialogs, Popups []string
	}
	Answer struct {
		Title    string
		Headline *edges
		Cards    []struct {
			edges
			Status string
		}
	}
	Desktop, Phone layout
	Findings       []shown
	Plots          []struct {
		Of    string
		Inked int // pixels with a colour
	}
	Zoom *struct { // what the time axis of the first plot showed
		First, Then, Last [2]float64
	}
	Keys struct {
		Order  []string // sorts of controls, as Tab met them
		Unseen []string // those whose focus does not show
		Sorted []struct {
			Sort  string // aria-sort
			First []float64
		}
	}
	Search                    *struct{ First, Then, Last int } // rows of flows: all, with a word that is nowhere, all again
	Colours                   map[string]int                   // brightness by theme, 0 to 255
	Printed, Strangers, Alien []string
	Barriers                  []string // to people, as axe-core holds
	Dark                      []string // the same of contrasts in the dark
}

type edges struct {
	Text        string
	Top, Bottom int
}

// layout is what does not fit.
type layout struct {
	Sideways int                // how far the page scrolls
	Wide     []string           // what sticks out
	Small    map[string]float64 // text that is too small to read, and its size
}

// shown is a finding as the page shows it.
type shown struct {
	Ref, ID           string
	Marked, Elsewhere []uint64 // packets, in its ladders and beside them
	Seen              int      // marked rows that can be seen
	Rows              int
	Plots             []string
}

// need skips a test that cannot be run here; with REQUIRE_CHROMIUM=1 it fails.
func need(t *testing.T) {
	t.Helper()
	lacks := ""
	if _, err := exec.LookPath("node"); err != nil {
		lacks = "node is missing"
	} else if _, err := os.Stat("node_modules/playwright-core"); err != nil {
		lacks = "npm ci was not run in cmd/internal/report/html/browser"
	} else if _, err := os.Stat(chromium()); err != nil {
		lacks = chromium() + " is missing"
	}
	switch {
	case lacks == "":
	case os.Getenv("REQUIRE_CHROMIUM") == "1":
		t.Fatal(lacks)
	default:
		t.Skip("no report is looked at in a browser: " + lacks)
	}
}

func chromium() string {
	if path := os.Getenv("CHROMIUM"); path != "" {
		return path
	}
	return "/usr/bin/chromium"
}

// look opens the pages one after the other in one browser.
func look(t *testing.T, files ...string) []saw {
	t.Helper()
	cmd := exec.Command("node", append([]string{"look.mjs"}, files...)...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("look.mjs: %v\n%s", err, complaints.Bytes())
	}
	var all []saw
	if err := json.Unmarshal(out, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != len(files) {
		t.Fatalf("%d pages were looked at, of %d", len(all), len(files))
	}
	return all
}
