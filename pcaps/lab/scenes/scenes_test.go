package scenes

import (
	_ "embed"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"chokepoint/pcaps/lab"
	kept "chokepoint/pcaps/recorded"
	"chokepoint/pcaps/truth"
)

// fixed is what is played with real stacks by every test run: each part of the lab
// at least once. "make lab" plays them all.
var fixed = []string{"reset-race", "reset-sandvine", "dns-zero", "icmp-prohibited-v6", "quic-initials-silent", "policed-reno", "call-hung-up", "client-nft-rejects", "capture-gateway-race"}

// TestFixedScenariosPlay needs root.
func TestFixedScenariosPlay(t *testing.T) {
	var chosen []*lab.Scenario
	for _, name := range fixed {
		s := Named(name)
		if s == nil {
			t.Fatalf("there is no %s", name)
		}
		if lacks := lab.Missing(s); len(lacks) > 0 {
			if os.Getenv("REQUIRE_BPF") == "1" {
				t.Fatalf("%s needs %v", name, lacks)
			}
			t.Skipf("%s needs %v", name, lacks)
		}
		chosen = append(chosen, s)
	}
	lab.PlayAll(t.Context(), chosen, 11, 3, func(s *lab.Scenario, r *lab.Recording, err error) {
		t.Run(s.Name, func(t *testing.T) {
			if err != nil {
				t.Fatal(err)
			}
			recorded(t, r)
		})
	})
}

// longest is how long a scenario may play with real stacks: they all play within a
// quarter of an hour, three at a time.
const longest = 13 * time.Second

func TestTheTableIsSound(t *testing.T) {
	name := regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)+$`)
	line := regexp.MustCompile(`^(F|B|P|S|Z|C|N|R)[0-9]+[a-z]?$`)
	seen := map[string]bool{}
	benign := 0
	for _, s := range All() {
		if !name.MatchString(s.Name) || len(s.Name) > 32 || seen[s.Name] {
			t.Errorf("name %q: taken, too long, or not lower case with hyphens", s.Name)
		}
		seen[s.Name] = true
		if (s.Play == nil) == (s.Script == nil) {
			t.Errorf("%s: is played in one of two ways", s.Name)
		}
		if s.Lasts <= 0 || s.Play != nil && s.Lasts > longest {
			t.Errorf("%s lasts %v", s.Name, s.Lasts)
		}
		for _, c := range s.Cases {
			if !line.MatchString(c) {
				t.Errorf("%s: %q is no line of the matrix", s.Name, c)
			}
		}
		if s.Benign() {
			benign++
		}
		told(t, s)
	}
	if n := len(seen); n < 60 || 2*benign < n {
		t.Errorf("%d scenarios, %d of them harmless", n, benign)
	}
}

//go:embed MATRIX.md
var matrix string

// TestEveryLineOfTheMatrixIsPlayed: or it is said why not. A line that scenarios
// name is explained.
func TestEveryLineOfTheMatrixIsPlayed(t *testing.T) {
	meaning := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\| ([A-Z][0-9]+) \| (.+) \|$`).FindAllStringSubmatch(matrix, -1) {
		meaning[m[1]] = m[2]
	}
	if len(meaning) < 100 {
		t.Errorf("%d lines", len(meaning))
	}
	played := map[string]bool{}
	for _, s := range All() {
		for _, line := range s.Cases {
			played[line] = true
			if meaning[line] == "" {
				t.Errorf("%s is on line %s, which nobody explains", s.Name, line)
			}
		}
	}
	for line, what := range meaning {
		if played[line] == strings.Contains(what, ": not played") {
			t.Errorf("line %s: %s", line, what)
		}
	}
}

// told: the truth says what a judge needs.
func told(t *testing.T, s *lab.Scenario) {
	tr := &s.Truth
	if tr.What == "" || tr.Where == "" || strings.ContainsAny(tr.What+tr.Where, "\n\t") {
		t.Errorf("%s: what and where in one line each", s.Name)
	}
	if tr.Vantage["client.pcapng"] == "" {
		t.Errorf("%s: where was client.pcapng taken?", s.Name)
	}
	for _, m := range tr.Finds {
		if len(m.Kinds) == 0 || m.AtLeast.Rank() == 0 {
			t.Errorf("%s: wants %v at %q", s.Name, m.Kinds, m.AtLeast)
		}
		for _, f := range m.Files {
			if tr.Vantage[f] == "" {
				t.Errorf("%s: wants something of %s, which is not recorded", s.Name, f)
			}
		}
	}
	if s.Benign() && len(tr.Ceilings) == 0 {
		t.Errorf("%s: harmless, and no ceiling says how far one may go, and why", s.Name)
	}
	statuses := []string{"ok", "blocked", "throttled", "degraded", "failing", "inconclusive", "unseen"}
	for of, want := range tr.Services {
		for _, w := range want {
			if !slices.Contains(statuses, w) {
				t.Errorf("%s: %s may be %q", s.Name, of, w)
			}
		}
	}
}

// TestScriptsPlayAlike: in simulated time the same seed gives the same bytes, and
// the truth is complete. It needs no root.
func TestScriptsPlayAlike(t *testing.T) {
	played := 0
	for _, s := range All() {
		if s.Script == nil {
			continue
		}
		played++
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			one, again := play(t, s, 3), play(t, s, 3)
			if !maps.EqualFunc(one.Files, again.Files, slices.Equal[[]byte]) {
				t.Error("the same seed gave other bytes")
			}
			recorded(t, one)
		})
	}
	if played == 0 {
		t.Error("nothing was played")
	}
}

// TestRecordingsAreOfTheseScenarios: what a recording in the project is held against
// is what its scenario says today.
func TestRecordingsAreOfTheseScenarios(t *testing.T) {
	all, err := kept.All()
	if err != nil || len(all) == 0 {
		t.Fatalf("%d recordings: %v", len(all), err)
	}
	for _, c := range all {
		s := Named(c.Name)
		if s == nil {
			t.Errorf("%s is no scenario", c.Name)
			continue
		}
		if got, want := demands(t, &c.Truth), demands(t, &s.Truth); got != want || !slices.Equal(c.Truth.Cases, s.Cases) {
			t.Errorf("%s says otherwise today: sudo make recordings NAMES=%s\n%s", c.Name, c.Name, cmp(got, want))
		}
	}
}

// demands is what of a truth does not come from playing.
func demands(t *testing.T, of *truth.Truth) string {
	t.Helper()
	told := *of
	told.Since, told.Done, told.Seed, told.Cases = time.Time{}, nil, 0, nil
	b, err := yaml.Marshal(&told)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// cmp shows the first line in which two texts differ.
func cmp(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return "recorded: " + a[i] + "\ntoday:    " + b[i]
		}
	}
	return "one is longer"
}

func play(t *testing.T, s *lab.Scenario, seed uint64) *lab.Recording {
	t.Helper()
	r, err := lab.Play(t.Context(), s, seed)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// recorded: what the truth says of packets is so.
func recorded(t *testing.T, r *lab.Recording) {
	t.Helper()
	for name := range r.Scenario.Truth.Vantage {
		if len(r.Files[name]) == 0 {
			t.Errorf("%s was not recorded", name)
		}
	}
	for _, d := range r.Truth.Done {
		located := 0
		for _, list := range d.Packets {
			located += len(list)
			if !slices.IsSorted(list) || len(list) > d.N {
				t.Errorf("%s %s: %v of %d", d.Rule, d.What, list, d.N)
			}
		}
		// What was made or changed arrives where somebody records, unless it goes to
		// a server that does not.
		if d.What == "injected" && d.Dir == "down" && located == 0 {
			t.Errorf("%s: none of %d injected packets is in a capture", d.Rule, d.N)
		}
	}
}
