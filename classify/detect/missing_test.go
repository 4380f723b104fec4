package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// Unnamed says how a finding breaks the law that one which is inconclusive names what
// it lacks, out of the closed list, and no other lacks anything; "" it does not.
func Unnamed(f *finding.Finding) string {
	open := f.Verdict == finding.Inconclusive
	if open != (len(f.Missing) > 0) || f.Kind == finding.RateLimited && !open {
		return fmt.Sprintf("%s %s lacks %v: %s", f.Verdict, f.Kind, f.Missing, f.Summary)
	}
	for _, m := range f.Missing {
		if !slices.Contains(finding.Inputs(), m.Code) || m.Settles == "" || m.Text == "" {
			return fmt.Sprintf("%s %s lacks %+v, which is none of the list", f.Verdict, f.Kind, m)
		}
	}
	return ""
}

// TestLawWhatIsInconclusiveNamesWhatIsMissing, whatever becomes of a connection.
func TestLawWhatIsInconclusiveNamesWhatIsMissing(t *testing.T) {
	some := map[finding.Input]bool{}
	hold := func(t *rapid.T, list []finding.Finding) {
		for i := range list {
			if s := Unnamed(&list[i]); s != "" {
				t.Fatal(s)
			}
			for _, m := range list[i].Missing {
				some[m.Code] = true
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		f, w := anyDropFlow(t), anyDropWorld(t)
		f.Blind |= rapid.SampledFrom([]fact.Blindness{0, fact.BlindKernelDrops, fact.BlindTruncated, fact.BlindClockStep, fact.BlindSynthetic}).Draw(t, "more")
		for _, d := range dropDetectors {
			hold(t, d.Judge(f, w).Findings)
		}
		r := anyFlow(t)
		r.Blind |= rapid.SampledFrom([]fact.Blindness{0, fact.BlindGap, fact.BlindOneWay, fact.BlindMidstream, fact.BlindEvicted, fact.BlindClockStep}).Draw(t, "blind")
		hold(t, ResetInjected{}.Judge(r, &fact.World{}).Findings)
	})
	if len(some) < 8 && !testing.Short() { // a few draws show less
		t.Errorf("only %v was ever missing", some)
	}
}

// TestWhatATokenBucketLacks: each way in which a bucket that fits is not told.
func TestWhatATokenBucketLacks(t *testing.T) {
	limited := policing{kind: finding.RateLimited, verdict: finding.Inconclusive}
	with := func(edit func(*policing)) policing { p := limited; edit(&p); return p }
	for _, tc := range []struct {
		name string
		p    policing
		rate *fact.Rate
		want finding.Input
		text string
	}{
		{"a small bucket", limited, nil, finding.LacksBucket, "30 kB"},
		{"a bucket of less than a round trip and a half", with(func(p *policing) { p.burst = 2 * minBurst }), nil, finding.LacksBucket, "1.5 round trips"},
		{"no round trips, of one direction", with(func(p *policing) { p.stop = policeNoRTT }), &fact.Rate{OneWay: true}, finding.LacksRoundTrips, "no timestamps and one-way capture"},
		{"no round trips, without timestamps", with(func(p *policing) { p.stop = policeNoRTT }), &fact.Rate{}, finding.LacksRoundTrips, "no timestamps"},
		{"no round trips", with(func(p *policing) { p.stop = policeNoRTT }), nil, finding.LacksRoundTrips, "too few"},
		{"gaps", with(func(p *policing) { p.stop = policeGaps }), nil, finding.LacksGapless, "missed"},
		{"others beside it", policing{kind: finding.RatePoliced, verdict: finding.Inconclusive, beside: 2}, nil, finding.LacksAllFlows, "2 other flows"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := tc.p.missing(tc.rate)
			if len(got) != 1 || got[0].Code != string(tc.want) || !strings.Contains(got[0].Text, tc.text) {
				t.Errorf("%v, want %s with %q", got, tc.want, tc.text)
			}
		})
	}
	for _, tc := range []struct {
		j    joint
		want finding.Input
	}{
		{joint{hidden: []string{"c000009"}}, finding.LacksHidden},
		{joint{policing: policing{torn: true}}, finding.LacksHidden},
		{joint{local: true}, finding.LacksHost},
	} {
		if got := tc.j.missing(); len(got) != 1 || got[0].Code != string(tc.want) || got[0].Text == "" {
			t.Errorf("%+v, want %s", got, tc.want)
		}
	}
}
