package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chokepoint/pcaps"
	"chokepoint/pcaps/score/beside"
)

func TestThePageIsPrintedAndWritten(t *testing.T) {
	o := options{page: filepath.Join(t.TempDir(), "SCORE.md")}
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
	o := options{stand: true}
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
	o.fresh = func(seed uint64, _ func(string) bool, _ *beside.Report) ([]pcaps.Case, error) {
		seeds = append(seeds, seed)
		all, err := pcaps.Cases()
		return all[:1], err
	}
	err := o.run(&out)
	if err != nil || len(seeds) != 2 || seeds[0] != 7 || seeds[1] != 8 || !strings.Contains(out.String(), "\n2 captures.\n") {
		t.Errorf("%v, seeds %v", err, seeds)
	}
	o.fresh = func(uint64, func(string) bool, *beside.Report) ([]pcaps.Case, error) {
		return nil, errors.New("no veth")
	}
	if err := o.run(&out); err == nil || err.Error() != "no veth" {
		t.Error(err)
	}
}

func TestBrokenFloorsAreErrors(t *testing.T) {
	if err := refusal([]string{"recall", "precision"}); err == nil || strings.Count(err.Error(), "a floor is broken") != 2 || refusal(nil) != nil {
		t.Error(err)
	}
}
