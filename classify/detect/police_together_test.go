package detect_test

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/detect"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// beside lays what a tap saw of downloads side by side.
func beside(sims []*sim, tap string, change func(i int, l *fact.Logged)) []fact.Logged {
	var out []fact.Logged
	for i, s := range sims {
		seen := s.server
		if tap == "client" {
			seen = s.client
		}
		f := &tapped{client: seen[0].Key, packets: seen}
		ff := f.facts(seen)
		ff.ID = fact.FlowID(i + 1)
		l := detect.Logged(ff, fact.Down)
		if l.Bulk == nil {
			continue
		}
		l.Service = "telegram"
		if change != nil {
			change(i, &l)
		}
		out = append(out, l)
	}
	return out
}

func many(n int, d download) (out []download) {
	for range n {
		out = append(out, d)
	}
	return out
}

// TestOneBucketOfSeveralFlows: P3 of the matrix and its look-alikes.
func TestOneBucketOfSeveralFlows(t *testing.T) {
	const rate, burst = 1.5e6, 100_000
	each := func(path func() bottleneck) []download {
		out := many(4, download{rtt: 60, responses: 3, bytes: 500_000, pause: 300})
		for i := range out {
			out[i].path = path()
		}
		return out
	}
	shared := func(path bottleneck) []download { return each(func() bottleneck { return path }) }
	for _, c := range []struct {
		name string
		make func() []download
		want bool
	}{
		{"P3 four flows in one policer", func() []download { return shared(policer(rate, burst)) }, true},
		{"P3 two flows in one policer", func() []download { return shared(policer(rate, burst))[:2] }, true},
		{"a policer for each flow", func() []download { return each(func() bottleneck { return policer(rate, burst) }) }, false},
		{"N1 random loss of 1 %", func() []download { return shared(randomLoss(0.01, 20e6, rand.New(rand.NewPCG(3, 1)))) }, false},
		{"N1 random loss of 5 %", func() []download { return shared(randomLoss(0.05, 20e6, rand.New(rand.NewPCG(3, 2)))) }, false},
		{"N3 one queue for all", func() []download { return shared(dropTail(1.5e6, 30_000)) }, false},
		{"N4 one queue of 8 kB for all", func() []download { return shared(dropTail(3e6, 8_000)) }, false},
		{"N9 a slow link with a long queue", func() []download { return shared(dropTail(1e6, 120_000)) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			sims := simulateTogether(c.make(), 170)
			for _, tap := range []string{"server", "client"} {
				got := detect.PolicedTogether(beside(sims, tap, nil), &fact.World{})
				if !c.want {
					for _, f := range got.Findings {
						if f.Verdict.Rank() >= finding.Suspected.Rank() {
							t.Errorf("%s tap: %s %s: %v", tap, f.Kind, f.Summary, got.Judged)
						}
					}
					continue
				}
				if len(got.Findings) != 1 {
					t.Fatalf("%s tap: %d findings: %v", tap, len(got.Findings), got.Judged)
				}
				f := &got.Findings[0]
				if f.Verdict.Rank() < finding.Likely.Rank() || math.Abs(*f.RateBps/rate-1) > 0.05 || f.Scope != "network" || len(f.Flows) != len(sims) || len(f.Packets) == 0 {
					t.Errorf("%s tap: %s %s, scope %s, flows %v", tap, f.Verdict, f.Summary, f.Scope, f.Flows)
				}
				if b := float64(*f.BurstBytes); b > 1.2*burst {
					t.Errorf("%s tap: bucket of %.0f bytes, in truth %d", tap, b, burst)
				}
			}
		})
	}
}

// TestFlowsYieldToTheBucketTheyShare: what one bucket explains is told once.
func TestFlowsYieldToTheBucketTheyShare(t *testing.T) {
	path := policer(1.5e6, 100_000)
	sims := simulateTogether(many(3, download{path: path, rtt: 60, responses: 3, bytes: 500_000, pause: 300}), 170)
	w := &fact.World{}
	got := detect.PolicedTogether(beside(sims, "client", nil), w)
	if len(got.Shared) != 3 {
		t.Fatalf("shared by %v", got.Shared)
	}
	w.Shared = got.Shared
	for i, s := range sims {
		f := &tapped{client: s.client[0].Key, packets: s.client}
		ff := f.facts(s.client)
		ff.ID = fact.FlowID(i + 1)
		j := detect.Policed{}.Judge(ff, w)
		if len(j.Findings) != 0 || !stoppedBy(j, "shared_bucket") {
			t.Errorf("flow %d: %v, stopped by %v", i+1, j.Findings, j.Stopped)
		}
	}
}

func stoppedBy(j detect.Judgement, code string) bool {
	for _, r := range j.Stopped {
		if r.Code == code {
			return true
		}
	}
	return false
}

// TestWithoutABucketForAllTheFlowsRateIsNotTold: the flow lost beside others of its
// service, and none was found for all.
func TestWithoutABucketForAllTheFlowsRateIsNotTold(t *testing.T) {
	server, _ := simulate(download{path: policer(1.5e6, 250_000), rtt: 60, responses: 4, bytes: 2_000_000, pause: 1500})
	f := &tapped{client: server[0].Key, packets: server}
	w := &fact.World{Shared: []fact.SharesBucket{{Flow: 1, Dir: fact.Down, With: []fact.FlowID{7}}}}
	if got := only(t, detect.Policed{}.Judge(f.facts(server), w)); got.Verdict != finding.Inconclusive || got.Missing[0].Code != finding.LacksAllFlows {
		t.Errorf("%s, lacks %v: %s", got.Verdict, got.Missing, got.Summary)
	}
}

// TestScopeIsTheNarrowestKey: which flows share the bucket names its scope.
func TestScopeIsTheNarrowestKey(t *testing.T) {
	to := func(l *fact.Logged, addr, service string) {
		l.Key.Dst, l.Service = netip.MustParseAddr(addr).As16(), service
	}
	for _, c := range []struct {
		name   string
		change func(i int, l *fact.Logged)
		scope  string
		text   string
	}{
		{"one network", func(i int, l *fact.Logged) {}, "network", "192.0.2.7"},
		{"two addresses of one network", func(i int, l *fact.Logged) { to(l, []string{"192.0.2.7", "192.0.2.9"}[i%2], "telegram") }, "network", "192.0.2.0/24"},
		{"two networks of one service", func(i int, l *fact.Logged) { to(l, []string{"192.0.2.7", "198.51.100.7"}[i%2], "telegram") }, "service", "telegram"},
		{"two services", func(i int, l *fact.Logged) {
			to(l, []string{"192.0.2.7", "198.51.100.7"}[i%2], []string{"telegram", "signal"}[i%2])
		}, "client", "everywhere"},
	} {
		t.Run(c.name, func(t *testing.T) {
			sims := simulateTogether(many(2, download{path: policer(1.5e6, 100_000), rtt: 60, responses: 3, bytes: 500_000, pause: 300}), 170)
			got := detect.PolicedTogether(beside(sims, "client", c.change), &fact.World{})
			if len(got.Findings) != 1 {
				t.Fatalf("%d findings: %v", len(got.Findings), got.Judged)
			}
			if f := got.Findings[0]; f.Scope != c.scope || !strings.Contains(f.Summary, c.text) {
				t.Errorf("scope %q: %s", f.Scope, f.Summary)
			}
		})
	}
}

// TestABucketForEachIsNotOneForAll: two flows that are policed each, at one rate, look
// much like two in a bucket of twice that. Where one alone shows its part of the rate,
// that of all is not claimed. Of flows that take turns neither does, now and then.
func TestABucketForEachIsNotOneForAll(t *testing.T) {
	d := dice{rand.New(rand.NewPCG(5, 5))}
	claimed, unsure := 0, 0
	const draws = 150
	for range draws {
		rate, burst := d.between(120e3, 2e6), d.between(30e3, 200e3)
		each := make([]download, 2)
		for i := range each {
			each[i] = download{path: policer(rate, burst), rtt: int64(d.between(20, 200)), responses: 1 + d.IntN(8), bytes: int(rate / 8 * d.between(1, 8)), pause: int64(d.between(20, 900))}
		}
		sims := simulateTogether(each, int64(d.between(20, 3000)))
		for _, tap := range []string{"server", "client"} {
			for _, f := range detect.PolicedTogether(beside(sims, tap, nil), &fact.World{}).Findings {
				if f.Verdict.Rank() >= finding.Likely.Rank() {
					claimed++
					t.Logf("%s: %s, %.0f kbit/s each", f.Verdict, f.Summary, rate/1e3)
				}
				if strings.Contains(f.Summary, "each may have") {
					unsure++
					if !slices.ContainsFunc(f.Missing, func(m finding.Missing) bool { return m.Code == finding.LacksAllFlows }) || len(f.Against) == 0 {
						t.Errorf("lacks %v, against %v", f.Missing, f.Against)
					}
				}
			}
		}
	}
	if claimed > 1 || unsure == 0 {
		t.Errorf("one bucket claimed %d times of %d, %d times in doubt", claimed, 2*draws, unsure)
	}
}

// TestHiddenTrafficAbstains: N20 of the matrix. A flow of the same key that moved
// much and could not be followed may drain the bucket, too; one of another service
// is a control.
func TestHiddenTrafficAbstains(t *testing.T) {
	sims := simulateTogether(many(2, download{path: policer(1.5e6, 100_000), rtt: 60, responses: 3, bytes: 500_000, pause: 300}), 170)
	logs := beside(sims, "client", nil)
	last := sims[0].client[len(sims[0].client)-1].Time
	for _, c := range []struct {
		name  string
		other fact.Control
		want  finding.Verdict
	}{
		{"of the same key", fact.Control{Service: "telegram", Server: netip.MustParseAddr("192.0.2.99"), Bytes: 2_000_000}, finding.Inconclusive},
		{"of the same key, but little", fact.Control{Service: "telegram", Server: netip.MustParseAddr("192.0.2.99"), Bytes: 2_000}, finding.Confirmed},
		{"of another service", fact.Control{Service: "signal", Server: netip.MustParseAddr("203.0.113.1"), Bytes: 2_000_000}, finding.Confirmed},
	} {
		c.other.Flow, c.other.Client, c.other.Last, c.other.Proto = 9, netip.MustParseAddr("10.0.0.2"), last, capture.ProtoUDP
		got := detect.PolicedTogether(logs, &fact.World{Controls: []fact.Control{c.other}})
		if len(got.Findings) != 1 || (got.Findings[0].Verdict == finding.Inconclusive) != (c.want == finding.Inconclusive) {
			t.Errorf("%s: %v", c.name, got.Findings)
			continue
		}
		f := got.Findings[0]
		if s := detect.Unnamed(&f); s != "" {
			t.Error(s)
		}
		if c.want == finding.Inconclusive && (f.Missing[0].Code != finding.LacksHidden || !strings.Contains(f.Summary, "not followed") || len(f.Against) == 0 || !contains(f.NotRuledOut, "hidden_traffic")) {
			t.Errorf("%s: %s, %v, %v", c.name, f.Summary, f.Against, f.NotRuledOut)
		}
		if c.want != finding.Inconclusive && c.other.Bytes > 1e6 && !contains(f.Controls, "c000009") {
			t.Errorf("%s: controls %v", c.name, f.Controls)
		}
	}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
