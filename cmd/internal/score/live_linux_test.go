package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/scenes"
	"chokepoint/pcaps/score"
	"chokepoint/pcaps/score/beside"
)

// live are scenarios of all kinds, with what must be said of live capture from the
// client's end or the server's.
var live = []struct {
	name string
	file string
	kind finding.Kind // "" nobody is accused
}{
	{"reset-race", "client", finding.ResetInjected},
	{"reset-rewrite-train", "client", finding.ResetInjected},
	{"reset-in-window", "client", finding.ResetInjected},
	{"hello-dropped", "client", finding.DropHello},
	{"freeze-16k", "client", finding.DropMidflow},
	{"policed-reno", "client", maybe},
	{"dns-race", "client", finding.DNSForged},
	{"server-port-closed", "client", ""},
	{"server-aborts-on-accept", "client", ""},
	{"client-nft-rejects", "client", finding.DropLocal},
	{"server-nft-rejects", "server", finding.DropLocal},
	{"app-paced-140k", "client", ""},
}

// maybe: what is found of it hangs on the machine's own delays. That live capture
// finds what the recording shows is asked of all.
const maybe finding.Kind = "maybe"

// TestLiveIsBesideTheRecording plays scenarios that are recorded and watched live
// from both ends, once with frames as on a wire and once with hosts that merge them.
// Live capture must have every packet that the recorder has, and the engine must say
// of both the same, but for what is explained.
func TestLiveIsBesideTheRecording(t *testing.T) {
	needLive(t)
	var chosen []*lab.Scenario
	b := besides{}
	reports := map[bool]*beside.Report{false: {}, true: {}}
	for _, offloads := range []bool{false, true} {
		for _, x := range live {
			s := scenes.Named(x.name)
			if lacks := lab.Missing(s); len(lacks) > 0 {
				needed(t, fmt.Sprint(x.name, " needs ", lacks))
			}
			chosen = append(chosen, s)
			b[s] = &session{report: reports[offloads], offloads: offloads}
		}
	}
	lab.PlayAllBeside(t.Context(), chosen, 11, 8, b.beside, func(s *lab.Scenario, r *lab.Recording, err error) {
		if err == nil {
			err = b.done(s, r)
		}
		if err != nil {
			t.Error(err)
		}
	})
	for offloads, r := range reports {
		t.Logf("offloads %v: %d packets recorded, %d delivered: %d before they were cut, %d merged on arrival; %d findings and statuses alike, %d differ",
			offloads, r.Packets, r.Frames, r.Merged, r.Gathered, r.Alike, len(r.Differences))
		for _, d := range r.Differences {
			t.Log(d.String())
		}
		if left := slices.Concat(r.Faults, lines(r.Unexplained())); len(left) > 0 {
			t.Errorf("offloads %v:\n%s", offloads, strings.Join(left, "\n"))
		}
		if r.Alike == 0 || r.Merged == 0 || r.Gathered > 0 != offloads {
			t.Errorf("offloads %v: %d alike, %d cut later, %d merged on arrival", offloads, r.Alike, r.Merged, r.Gathered)
		}
		accused(t, r)
	}
}

// accused: live capture accuses of what was done, and of nothing where nothing was.
func accused(t *testing.T, r *beside.Report) {
	t.Helper()
	for _, x := range live {
		claims := map[finding.Kind]bool{}
		for _, c := range r.Claims[x.name+"/"+x.file+".pcapng"] {
			if c.Verdict.Rank() >= finding.Likely.Rank() && score.Accuses(c.Kind) {
				claims[c.Kind] = true
			}
		}
		if x.kind == maybe {
			continue
		}
		if x.kind == "" && len(claims) > 0 || x.kind != "" && !claims[x.kind] {
			t.Errorf("%s, from the %s's end: accused of %v, not of %q", x.name, x.file, claims, x.kind)
		}
	}
}

func lines(of []beside.Difference) (out []string) {
	for i := range of {
		out = append(out, of[i].String())
	}
	return out
}

// needLive skips a test that cannot be played here; with REQUIRE_BPF=1 it fails.
func needLive(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		needed(t, "needs root")
	}
	if lacks := lacksLive(); lacks != nil {
		needed(t, "needs live capture: "+lacks.Error())
	}
}

func needed(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("REQUIRE_BPF") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}
