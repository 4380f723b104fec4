package classify

import (
	"context"
	"math"
	"strings"
	"testing"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/internal/corpora"
	recordings "chokepoint/pcaps/recorded"
)

// callFindings are what a run found of calls, the last revision of each.
func callFindings(l *listener) (out []finding.Finding) {
	for _, id := range l.order {
		if f := l.findings[id]; f.Kind == finding.CallDegraded || f.Kind == finding.RatePoliced {
			out = append(out, f)
		}
	}
	return out
}

// TestRecordedCalls holds the recordings of calls against what was done to them: how
// much was lost and in what runs, at what rate, and that nothing is said where
// nothing was done.
func TestRecordedCalls(t *testing.T) {
	all, err := recordings.All()
	if err != nil {
		t.Fatal(err)
	}
	near := func(t *testing.T, what string, got *float64, want, off float64) {
		t.Helper()
		if got == nil || math.Abs(*got-want) > off {
			t.Errorf("%s is %v, want %v within %v", what, got, want, off)
		}
	}
	spoilt := map[string]func(t *testing.T, by map[finding.Kind]finding.Finding){
		"call-burst-loss": func(t *testing.T, by map[finding.Kind]finding.Finding) { // C4: 8 % in runs of five
			f := by[finding.CallDegraded]
			near(t, "loss", f.Loss, 0.08, 0.005)
			near(t, "burst ratio", f.BurstRatio, 5*(1-0.08), 0.2*5*(1-0.08))
			if f.Verdict != finding.Likely || f.Service != "whatsapp" {
				t.Errorf("%s of %s", f.Verdict, f.Service)
			}
		},
		"call-video-clamp": func(t *testing.T, by map[finding.Kind]finding.Finding) { // C5: 150 kbit/s
			near(t, "rate", by[finding.RatePoliced].RateBps, 150_000, 3000)
			for _, k := range []finding.Kind{finding.CallDegraded, finding.RatePoliced} {
				if f := by[k]; f.Verdict != finding.Likely || f.Service != "signal" {
					t.Errorf("%s: %q of %q", k, f.Verdict, f.Service)
				}
			}
		},
		"call-opaque-gaps": func(t *testing.T, by map[finding.Kind]finding.Finding) { // C6
			if f := by[finding.CallDegraded]; f.Verdict != finding.Suspected || f.Service != "telegram" || f.Loss != nil || f.JitterMs != nil {
				t.Errorf("%+v", f)
			}
		},
	}
	calls := 0
	for _, c := range all {
		if !strings.HasPrefix(c.Name, "call-") {
			continue
		}
		t.Run(strings.Join(append(c.Truth.Cases, c.Name), " "), func(t *testing.T) {
			l := &listener{recorder: newRecorder()}
			b, _ := c.File("client.pcapng")
			if _, err := Run(context.Background(), open(t, b, 0), l, Options{Seed: 1}); err != nil {
				t.Fatal(err)
			}
			calls += len(l.calls)
			by := map[finding.Kind]finding.Finding{}
			for _, f := range callFindings(l) {
				by[f.Kind] = f
			}
			if check := spoilt[c.Name]; check != nil {
				check(t, by)
			} else if len(by) > 0 {
				t.Errorf("%+v", by)
			}
		})
	}
	if calls < len(spoilt) {
		t.Errorf("%d calls in all", calls)
	}
}

// TestForeignCalls: captures of calls that worked (N16), of whatever messenger, have
// nothing bad about them.
func TestForeignCalls(t *testing.T) {
	calls, media, windows := 0, uint32(0), uint32(0)
	for _, f := range corpora.Captures(t) {
		l := callsIn(f.Path)
		for _, c := range l.calls {
			if w := c.call.Ways; w[fact.Up].Media+w[fact.Down].Media > 0 {
				calls++
				media += w[fact.Up].Media + w[fact.Down].Media
				windows += w[fact.Down].Held.Windows + w[fact.Down].Gaps.Windows
			}
		}
		for _, x := range callFindings(l) {
			if x.Kind == finding.CallDegraded {
				t.Errorf("%s: %s: %s", f.Name, x.Verdict, x.Summary)
			}
		}
	}
	t.Logf("%d flows with media, %d datagrams, %d windows judged", calls, media, windows)
	if calls < 40 || windows < 10 {
		t.Error("that is too few to mean anything")
	}
}
