package scenes

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/truth"
)

// TestSweepDrawsAlike: a play that somebody asks about can be drawn again.
func TestSweepDrawsAlike(t *testing.T) {
	few, many, other := Sweep(7, 20), Sweep(7, 60), Sweep(8, 20)
	same := 0
	for i, d := range few {
		if d.Name != many[i].Name || d.Setting != many[i].Setting || demands(t, &d.Truth) != demands(t, &many[i].Truth) {
			t.Errorf("%s: drawn again, it is %s", d.Setting, many[i].Setting)
		}
		if d.Setting == other[i].Setting {
			same++
		}
	}
	if same > 0 {
		t.Errorf("%d of another seed are the same", same)
	}
}

// TestSweepDrawsAllThatItShould: no part of the space is forgotten.
func TestSweepDrawsAllThatItShould(t *testing.T) {
	drawn := map[string]int{}
	names := map[string]bool{}
	for _, d := range Sweep(1, 1500) {
		s := &d.Setting
		names[d.Name] = true
		for what, is := range map[string]bool{
			"address": s.Scope == ScopeAddress, "flow": s.Scope == ScopeFlow, "shared": s.Scope == ScopeShared, "small": s.Policed && s.Bucket < 20e3,
			"large": s.Bucket > 500e3, "slow": s.Policed && s.Rate < 200e3, "fast": s.Rate > 4e6, "loss alone": !s.Policed && s.Loss > 0 && s.Background && s.LossRun == 0,
			"loss in runs": s.LossRun > 0, "drop-tail": !s.Policed && !s.Background && s.AQM == "", "codel": s.AQM == "codel", "red": s.AQM == "red", "pie": s.AQM == "pie",
			"window": !s.Policed && s.Window > 0, "128": s.Pace == 128e3, "140": s.Pace == 140e3, "150": s.Pace == 150e3, "think": s.Think > 0, "reorder": !s.Policed && s.Reorder > 0,
			"policer and loss": s.Policed && s.Loss > 0, "policer and line": s.Policed && s.Line > 0, "far": s.RTT > 250*time.Millisecond, "near": s.RTT < 12*time.Millisecond,
			"no timestamps": s.NoTimestamps, "no SACK": s.NoSACK, "upload": s.Upload, "parts": s.Part > 0, "one file": s.Part == 0, "reno": s.Congestion == "reno",
			"cubic": s.Congestion == "cubic", "bbr": s.Congestion == "bbr", "four flows": s.Flows == 4, "policed, one flow": s.Policed && s.Flows == 1,
			"wanted": len(d.Truth.Finds) > 0, "untellable": s.Policed && len(d.Truth.Finds) == 0,
		} {
			if is {
				drawn[what]++
			} else {
				drawn[what] += 0
			}
		}
		within(t, s)
	}
	if len(names) != 1500 {
		t.Errorf("%d names", len(names))
	}
	for _, what := range slices.Sorted(maps.Keys(drawn)) {
		if drawn[what] < 10 {
			t.Errorf("%s: drawn %d times in 1500", what, drawn[what])
		}
	}
}

func within(t *testing.T, s *Setting) {
	t.Helper()
	between := func(what string, x, a, b float64) {
		if x < a || x > b {
			t.Errorf("%s: %s is %g", s, what, x)
		}
	}
	between("round trip", s.RTT.Seconds(), 0.008, 0.3001)
	between("lasts", s.Lasts.Seconds(), 12, 26)
	between("flows", float64(s.Flows), 1, 4)
	if s.Policed {
		between("rate", s.Rate, 100e3, 6e6)
		between("bucket", float64(s.Bucket), 12e3, 1e6)
	} else {
		between("line", s.Line, 0.5e6, 14e6)
	}
	if s.Loss > 0 {
		between("loss", s.Loss, 0.003, 0.05)
	}
	if s.Upload && s.Pace > 0 {
		t.Errorf("%s: a server's pace, and an upload", s)
	}
	if s.TLS && s.exact() {
		t.Errorf("%s: exact segments inside TLS", s)
	}
	if n := len(s.turns()); n == 0 || n > 1000 {
		t.Errorf("%s: %d turns", s, n)
	}
}

// TestSweepsTruthsAreConsistent: they want what was done where it can be told, allow it
// where it cannot, and nothing where nothing was done.
func TestSweepsTruthsAreConsistent(t *testing.T) {
	for _, d := range Sweep(3, 400) {
		s, of := &d.Setting, &d.Truth
		told(t, d.Scenario)
		policed := func(bps float64, v finding.Verdict, service string) []finding.Finding {
			return []finding.Finding{{Kind: finding.RatePoliced, Verdict: v, Service: service, RateBps: &bps}}
		}
		for file := range of.Vantage {
			wanted := slices.Contains(s.Tellable(), file)
			right := of.Check(file, policed(s.Rate, finding.Likely, s.service()), nil)
			wrong := of.Check(file, policed(1.12*s.Rate, finding.Likely, s.service()), nil)
			weak := of.Check(file, policed(1.12*s.Rate, finding.Suspected, s.service()), nil)
			other := of.Check(file, policed(s.Rate, finding.Likely, "max"), nil)
			silent := of.Check(file, nil, nil)
			switch {
			case !s.Policed && (len(right) == 0 || len(weak)+len(silent) > 0):
				t.Errorf("%s, %s: nobody polices: %q, %q, %q", d.Name, file, right, weak, silent)
			case s.Policed && (len(right) > 0 || len(wrong) != 1 || len(other) == 0):
				t.Errorf("%s, %s: policed: %q, %q, %q", d.Name, file, right, wrong, other)
			case s.Policed && wanted != (len(silent) > 0) || s.Policed && wanted != (len(weak) > 0):
				t.Errorf("%s, %s: wanted is %v, and of nothing %q is said", d.Name, file, wanted, silent)
			}
		}
	}
}

// TestWhatCannotBeToldIsNotWanted: by settings that differ from one that can be told in
// one thing.
func TestWhatCannotBeToldIsNotWanted(t *testing.T) {
	clear := Setting{Policed: true, Rate: 1e6, Bucket: 100_000, Scope: ScopeAddress, RTT: 60 * time.Millisecond, Congestion: "cubic", Flows: 1, Lasts: 20 * time.Second}
	both := []string{"client.pcapng", "server.pcapng"}
	for _, tt := range []struct {
		name   string
		change func(*Setting)
		why    string
		files  []string
	}{
		{"all is well", func(*Setting) {}, "", both},
		{"nobody polices", func(s *Setting) { s.Policed = false }, "", nil},
		{"a bucket of less than a round trip", func(s *Setting) { s.Rate, s.Bucket, s.RTT = 4e6, 100_000, 250*time.Millisecond }, "small bucket", nil},
		{"a small bucket of less than two", func(s *Setting) { s.Bucket, s.RTT = 20_000, 100*time.Millisecond }, "small bucket", nil},
		{"a small bucket of many", func(s *Setting) { s.Bucket, s.RTT = 20_000, 20*time.Millisecond }, "", both},
		{"parts that take round trips", func(s *Setting) { s.Part, s.RTT = 65_000, 150*time.Millisecond }, "rate not reached", nil},
		{"a window too small", func(s *Setting) { s.Window = 20_000 }, "rate not reached", nil},
		{"a line hardly wider", func(s *Setting) { s.Line = 1.5e6 }, "rate not reached", nil},
		{"losses that slow down sooner", func(s *Setting) { s.Rate, s.Loss = 4e6, 0.01 }, "rate not reached", nil},
		{"a large bucket emptied at the end", func(s *Setting) { s.Part, s.Bucket, s.Rate, s.RTT = 65_000, 1_000_000, 400e3, 150*time.Millisecond }, "few losses", nil},
		{"too slow for many packets", func(s *Setting) { s.Rate, s.Bucket, s.Lasts = 100e3, 40_000, 12*time.Second }, "few losses", nil},
		{"a receiver that cannot see a queue", func(s *Setting) { s.NoTimestamps = true }, "", both[1:]},
		{"a sender that cannot see what came twice", func(s *Setting) { s.NoSACK = true }, "", both[:1]},
		{"neither", func(s *Setting) { s.NoSACK, s.NoTimestamps = true, true }, "", nil},
		{"an upload's receiver", func(s *Setting) { s.NoTimestamps, s.Upload = true, true }, "", both[:1]},
	} {
		s := clear
		tt.change(&s)
		if got := s.Tellable(); !slices.Equal(got, tt.files) || s.Policed && s.Why() != tt.why {
			t.Errorf("%s: in %v, because %q", tt.name, got, s.Why())
		}
	}
}

// TestEverySettingIsToldOnOneLine, and what was drawn is on it.
func TestEverySettingIsToldOnOneLine(t *testing.T) {
	for _, d := range Sweep(2, 100) {
		text := d.String()
		if strings.ContainsAny(text, "\n\t") || d.Policed != strings.Contains(text, "policer of") || d.NoSACK != strings.Contains(text, "no SACK") {
			t.Errorf("%+v: %s", d.Setting, text)
		}
		if c := d.Classes(); c["what"] == "" || c["congestion"] != d.Congestion || (c["rate"] != "") != (len(d.Truth.Finds) > 0) {
			t.Errorf("%s is of %v", text, c)
		}
	}
	of := truth.Truth{}
	if !of.Benign() {
		t.Error("nothing is wanted, and that is no harmless scenario")
	}
}
