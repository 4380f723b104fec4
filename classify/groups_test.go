package classify

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"chokepoint/capture/pcapfile"
	"chokepoint/classify/finding"
	"chokepoint/pcaps"
)

// groupOf is the group whose detectors make a kind of finding.
func groupOf(k finding.Kind) Group {
	switch {
	case strings.HasPrefix(string(k), "rate."), k == finding.PathLoss:
		return Rates
	case k == finding.CallDegraded:
		return Calls
	}
	return 0
}

// TestWhatIsLeftOut: without a group its findings are missing, and no other is.
func TestWhatIsLeftOut(t *testing.T) {
	cases, err := pcaps.Cases()
	if err != nil {
		t.Fatal(err)
	}
	missing := map[Group]int{}
	for _, c := range cases {
		for _, f := range c.Files {
			all := kindsWithout(t, f.Bytes, 0)
			for _, without := range [...]Group{Rates, Calls, Rates | Calls} {
				want := slices.DeleteFunc(slices.Clone(all), func(s string) bool {
					return groupOf(finding.Kind(strings.Fields(s)[0]))&without != 0
				})
				if got := kindsWithout(t, f.Bytes, without); !slices.Equal(got, want) {
					t.Errorf("%s/%s without %b:\n got %q\nwant %q", c.Name, f.Name, without, got, want)
				}
				missing[without] += len(all) - len(want)
			}
		}
	}
	if missing[Rates] == 0 {
		t.Error("no case has a finding of the group: the test shows nothing")
	}
}

// kindsWithout are the findings of a run, by kind, flows and verdict.
func kindsWithout(t *testing.T, frames []byte, without Group) (out []string) {
	t.Helper()
	src, err := pcapfile.New(bytes.NewReader(frames), "case", pcapfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rec := newRecorder()
	if _, err := Run(context.Background(), src, rec, Options{Workers: 1, Seed: 1, Without: without}); err != nil {
		t.Fatal(err)
	}
	for _, id := range rec.order {
		f := rec.findings[id]
		out = append(out, fmt.Sprint(f.Kind, " ", f.Flows, " ", f.Verdict))
	}
	slices.Sort(out)
	return out
}

// TestNothingIsKeptOfWhatIsLeftOut: neither logs nor throughput of transfers that would
// have both.
func TestNothingIsKeptOfWhatIsLeftOut(t *testing.T) {
	for _, without := range [...]Group{0, Rates} {
		logs, rates := keptOf(t, without)
		if kept := without == 0; (logs > 0) != kept || (rates > 0) != kept {
			t.Errorf("without %b: %d logs, %d throughputs", without, logs, rates)
		}
	}
}

// keptOf runs a case to its end, and counts what was kept of its transfers then.
func keptOf(t *testing.T, without Group) (logs, rates int) {
	t.Helper()
	cases, err := pcaps.Cases()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(cases, func(c pcaps.Case) bool { return c.Name == "telegram-policed" })
	src, err := pcapfile.New(bytes.NewReader(cases[i].Files[0].Bytes), "case", pcapfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := newRun(src, newRecorder(), Options{Workers: 1, Seed: 1, Without: without})
	if err := r.crew.work(context.Background()); err != io.EOF {
		t.Fatal(err)
	}
	for _, s := range r.shards {
		logs += len(s.logs)
	}
	return logs, len(r.world.Rates)
}
