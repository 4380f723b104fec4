package score_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/pcapfile"
	"chokepoint/classify/finding"
	"chokepoint/pcaps"
	"chokepoint/pcaps/recorded"
	"chokepoint/pcaps/score"
	"chokepoint/pcaps/vary"
)

// known are the variations of captures on which the tool breaks a law today, by
// "case/file/variation: what it says", each with the reason. One that is gone must go
// from here, too.
var known = map[string]string{}

// allCases are the stories and the recordings of the lab.
func allCases(t *testing.T) []pcaps.Case {
	t.Helper()
	stories, err := pcaps.Cases()
	if err != nil || len(stories) < 17 {
		t.Fatalf("%d stories: %v", len(stories), err)
	}
	recordings, err := recorded.All()
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(stories, recordings)
}

// TestVariationsMakeNothingSurer: whoever took the capture, nothing is claimed that the
// truth does not allow, and nothing more surely than of the capture as it was recorded.
func TestVariationsMakeNothingSurer(t *testing.T) {
	seen := make(chan string, 1000)
	t.Run("captures", func(t *testing.T) {
		for _, c := range allCases(t) {
			for _, f := range c.Files {
				t.Run(c.Name+"/"+f.Name, func(t *testing.T) {
					t.Parallel()
					hold(t, &c, f, seen)
				})
			}
		}
	})
	close(seen)
	left := maps.Clone(known)
	for what := range seen {
		delete(left, what)
	}
	if !t.Failed() && !filtered() {
		for _, what := range slices.Sorted(maps.Keys(left)) {
			t.Errorf("this is no longer so: %s", what)
		}
	}
}

// hold puts the variations of one capture to the laws and sends what is known to
// break them.
func hold(t *testing.T, c *pcaps.Case, f pcaps.File, seen chan<- string) {
	src, err := pcapfile.New(bytes.NewReader(f.Bytes), f.Name, pcapfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	packets, err := vary.ReadAll(src)
	if err != nil {
		t.Fatal(err)
	}
	var whole *score.Observed
	for _, v := range vary.All() {
		said := observed(t, v.Apply(packets), src.Interfaces())
		if whole == nil { // the first variation is none
			whole = said
		}
		score.Adopt(said, whole)
		j := score.Judge(c.Name, f.Name, &c.Truth, said)
		wrong := append(score.Surer(whole, said), j.Wrong()...)
		slices.Sort(wrong)
		for _, w := range slices.Compact(wrong) {
			what := fmt.Sprintf("%s/%s/%s: %s", c.Name, f.Name, v.Name, w)
			if known[what] == "" {
				t.Error(what)
			} else {
				t.Log(what)
			}
			seen <- what
		}
	}
}

func observed(t *testing.T, packets []capture.Packet, ifs []capture.Interface) *score.Observed {
	t.Helper()
	said, err := score.Observe(vary.Replay(packets, ifs))
	if err != nil {
		t.Fatal(err)
	}
	return said
}

// filtered reports whether -run leaves out captures.
func filtered() bool {
	f := flag.Lookup("test.run")
	return f != nil && strings.Contains(f.Value.String(), "/")
}

func TestSurerComparesByKindAndService(t *testing.T) {
	said := func(findings ...finding.Finding) *score.Observed {
		var o score.Observed
		for _, f := range findings {
			o.Findings = append(o.Findings, score.Found{Finding: f})
		}
		return &o
	}
	end := &finding.Endpoint{Port: 1}
	whole := said(finding.Finding{Kind: finding.DropHello, Service: "max", Verdict: finding.Suspected, Client: end, Server: end},
		finding.Finding{Kind: finding.DropHello, Service: "max", Verdict: finding.Likely})
	for _, tt := range []struct {
		name  string
		now   finding.Finding
		wrong int
	}{
		{"as sure", finding.Finding{Kind: finding.DropHello, Service: "max", Verdict: finding.Likely}, 0},
		{"surer", finding.Finding{Kind: finding.DropHello, Service: "max", Verdict: finding.Confirmed}, 1},
		{"of another kind", finding.Finding{Kind: finding.DropCall, Service: "max", Verdict: finding.Suspected}, 1},
		{"of another service", finding.Finding{Kind: finding.DropHello, Service: "vk", Verdict: finding.Suspected}, 1},
		{"of a service that cannot be seen any more", finding.Finding{Kind: finding.DropHello, Verdict: finding.Suspected, Client: end, Server: end}, 0},
		{"inconclusive", finding.Finding{Kind: finding.DropCall, Service: "max", Verdict: finding.Inconclusive}, 0},
		{"context", finding.Finding{Kind: finding.PathLoss, Service: "max", Verdict: finding.Confirmed}, 0},
	} {
		now := said(tt.now)
		score.Adopt(now, whole)
		if got := score.Surer(whole, now); len(got) != tt.wrong {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
