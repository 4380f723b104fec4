package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chokepoint/pcaps"
	"chokepoint/pcaps/score"
	"chokepoint/pcaps/score/beside"
)

func TestThePageIsPrintedAndWritten(t *testing.T) {
	o := options{kept: true, page: filepath.Join(t.TempDir(), "SCORE.md")}
	var out bytes.Buffer
	if err := o.run(&out); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(o.page)
	if err != nil || out.String() != string(page) || !strings.Contains(out.String(), "| reset.injected |") {
		t.Errorf("%v: %d bytes printed, %d written", err, out.Len(), len(page))
	}
}

func TestTheFloorsItStandsOnArePrinted(t *testing.T) {
	o := options{kept: true, stand: true}
	var out bytes.Buffer
	if err := o.run(&out); err != nil || !strings.HasPrefix(out.String(), "false_alarms: ") {
		t.Errorf("%v: %s", err, out.String())
	}
}

func TestFreshRecordingsAreScoredBySeed(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, as the lab does")
	}
	o := options{lab: true, seed: 7, runs: 2}
	var seeds []uint64
	var out bytes.Buffer
	o.fresh = func(_ *options, seed uint64, _ *beside.Report) (score.Runs, error) {
		seeds = append(seeds, seed)
		all, err := pcaps.Cases()
		if err != nil {
			return nil, err
		}
		r, err := score.Judged(&all[0], seed, "")
		starved, again := score.Judged(&all[0], seed, "the machine slept")
		return score.Runs{starved, r}, errors.Join(err, again)
	}
	err := o.run(&out)
	if err != nil || len(seeds) != 2 || seeds[0] != 7 || seeds[1] != 8 || !strings.Contains(out.String(), "\n2 captures.\n") ||
		!strings.Contains(out.String(), "seed 8: the machine slept") {
		t.Errorf("%v, seeds %v: %s", err, seeds, out.String())
	}
	o.fresh = func(*options, uint64, *beside.Report) (score.Runs, error) { return nil, errors.New("no veth") }
	if err := o.run(&out); err == nil || err.Error() != "no veth" {
		t.Error(err)
	}
}

func TestScenariosAreChosenByNameAndLine(t *testing.T) {
	var o options
	if err := o.choose("^reset-", "^[FR]|-"); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		lines []string
		want  bool
	}{{"reset-race", []string{"F2"}, true}, {"reset-race", []string{"P1"}, false}, {"reset-other", nil, true}, {"freeze", []string{"F14"}, false}} {
		if got := o.pick.has(tt.name, tt.lines); got != tt.want {
			t.Errorf("%s of %v: %v", tt.name, tt.lines, got)
		}
	}
	if (&options{}).choose("(", "") == nil {
		t.Error("no regular expression, and no error")
	}
}

func TestBrokenFloorsAreErrors(t *testing.T) {
	if err := refusal([]string{"recall", "precision"}); err == nil || strings.Count(err.Error(), "a floor is broken") != 2 || refusal(nil) != nil {
		t.Error(err)
	}
}
