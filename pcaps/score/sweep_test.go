package score

import (
	"slices"
	"strings"
	"testing"

	"chokepoint/classify/finding"
	"chokepoint/pcaps"
	"chokepoint/pcaps/truth"
)

// bundled is telegram-policed, with its truth changed: a policer of 1 Mbit/s.
func bundled(t *testing.T, starved string, change func(*truth.Truth)) Swept {
	t.Helper()
	all, err := pcaps.Cases()
	if err != nil {
		t.Fatal(err)
	}
	c := all[slices.IndexFunc(all, func(c pcaps.Case) bool { return c.Name == "telegram-policed" })]
	c.Truth.Ceilings = []truth.Limit{{Kinds: []finding.Kind{finding.RatePoliced}, AtMost: finding.Confirmed, Files: []string{"client.pcapng", "server.pcapng"},
		RateBPS: 1e6, RateOff: 0.1, Why: "another rate"}}
	if change != nil {
		change(&c.Truth)
	}
	r, err := Judged(&c, 5, starved)
	if err != nil {
		t.Fatal(err)
	}
	return Swept{Run: r, What: "a setting", Classes: map[string]string{"scope": "address"}, Kept: "out/there"}
}

// TestSweepsAreToldByClass: with the same capture, and truths that say otherwise.
func TestSweepsAreToldByClass(t *testing.T) {
	rate := func(bps float64) func(*truth.Truth) {
		return func(of *truth.Truth) { of.Ceilings[0].RateBPS = bps }
	}
	unasked := func(of *truth.Truth) {
		of.May = append(of.May, truth.Limit{Kinds: []finding.Kind{finding.RatePoliced}, AtMost: finding.Confirmed, Files: []string{"client.pcapng", "server.pcapng"}})
		of.Finds = nil
	}
	elsewhere := func(of *truth.Truth) {
		unasked(of)
		of.Finds = []truth.Must{{Kinds: []finding.Kind{finding.RatePoliced}, Service: "max", AtLeast: finding.Likely}}
	}
	for _, tt := range []struct {
		name, starved string
		change        func(*truth.Truth)
		row           string // plays, starved, wanted, found, weaker, missed, found unasked, of starved, false
		keep          bool
		says          []string
	}{
		{"found", "", nil, "| 1 | 0 | 2 | 2 | 0 | 0 | 0 |  | 0 | 0.", false, []string{"False claims: 0.", "off by more than 6 %: 0.", "or not surely: 0."}},
		{"found with a rate that is off", "", rate(1e6 / 1.08), "| 1 | 0 | 2 | 2 | 0 | 0 | 0 |  | 0 | 8.", true,
			[]string{"False claims: 0.", "off by more than 6 %: 4.", "client.pcapng: likely rate.policed off by ", "a setting; out/there"}},
		{"found with another rate", "", rate(1e6 / 1.2), "| 1 | 0 | 2 | 2 | 0 | 0 | 0 |  | 1 | 20.", true, []string{"False claims: 4.", "another rate", "seed 5"}},
		{"nobody polices", "", func(of *truth.Truth) { of.Finds, of.Ceilings = nil, nil }, "| 1 | 0 | 0 | 0 | 0 | 0 | 0 |  | 1 |  |", true, []string{"False claims: 4.", "which nobody did"}},
		{"nobody has to find it", "", unasked, "| 1 | 0 | 0 | 0 | 0 | 0 | 1 |  | 0 | 0.", false, []string{"False claims: 0."}},
		{"another was policed", "", elsewhere, "| 1 | 0 | 1 | 0 | 0 | 1 | 0 |  | 0 |", true, []string{"or not surely: 1.", "telegram-policed/client.pcapng: missed: a setting"}},
		{"a slow machine, and nothing is wrong", "slept", elsewhere, "| 0 | 1 | 0 | 0 | 0 | 0 | 0 | 0 of 1 | 0 |  |", false, []string{"or not surely: 0.", "counts: 1.", "telegram-policed: slept"}},
		{"a slow machine excuses no accusation", "slept", rate(1e6 / 1.2), "| 0 | 1 | 0 | 0 | 0 | 0 | 0 | 2 of 2 | 1 |  |", true, []string{"False claims: 4.", "; starved; out/there"}},
	} {
		s := bundled(t, tt.starved, tt.change)
		page := Sweep{s}.Markdown()
		for _, want := range append(tt.says, "| all |  "+tt.row, "| scope | address "+tt.row) {
			if !strings.Contains(page, want) {
				t.Errorf("%s: not told: %s\n%s", tt.name, want, page)
			}
		}
		if s.WorthKeeping() != tt.keep {
			t.Errorf("%s: kept: %v", tt.name, !tt.keep)
		}
	}
}

// TestSweepsAddUp: rows are of all plays of a class.
func TestSweepsAddUp(t *testing.T) {
	a, b := bundled(t, "", nil), bundled(t, "", nil)
	b.Classes = map[string]string{"scope": "shared"}
	page := Sweep{a, b}.Markdown()
	for _, want := range []string{"| all |  | 2 | 0 | 4 | 4 |", "| scope | address | 1 | 0 | 2 | 2 |", "| scope | shared | 1 | 0 | 2 | 2 |"} {
		if !strings.Contains(page, want) {
			t.Errorf("not told: %s\n%s", want, page)
		}
	}
}
