package detect

import (
	"slices"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

func has(list []finding.Reason, code string) bool {
	return slices.ContainsFunc(list, func(r finding.Reason) bool { return r.Code == code })
}

// TestTriggeredSaysWhy: why a failure hangs on something, or what the comparison lacks.
func TestTriggeredSaysWhy(t *testing.T) {
	bad, good := attempt(dropServer, "web.whatsapp.com", chromeJA4), attempt(dropServer, "www.example.com", chromeJA4)
	for _, c := range []struct {
		name       string
		tries      *tries
		saw, stops string
	}{
		{"it hangs on the name", newTries().lost(bad, 1, 2, 3, 4).won(good, 1, 2, 3, 4, 5), "triggered", ""},
		{"two failed", newTries().lost(bad, 1, 2).won(good, 1, 2, 3, 4, 5), "name", "few"},
		{"three against three", newTries().lost(bad, 1, 2, 3).won(good, 1, 2, 3), "name", "chance"},
		{"two others were answered", newTries().lost(bad, 1, 2, 3, 4).won(good, 1, 2), "name", "nothing_beside"},
		{"the name passed once", newTries().lost(bad, 1, 2, 3, 4).won(bad, 6).won(good, 1, 2, 3, 4, 5), "name", "answered"},
		{"nothing else was tried", newTries().lost(bad, 1, 2, 3, 4), "name", "nothing_beside"},
		{"the attempt is not among them", newTries().won(good, 1, 2, 3, 4, 5), "", "not_compared"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := fact.Failure{Finding: "fc000001", Stage: "hello", Client: bad.Client, Server: bad.Server, Port: 443, Proto: capture.ProtoTCP}
			j := Triggered{}.Reasons(&f, c.tries.World)
			if len(j.Needed) == 0 || c.saw != "" && !has(j.Saw, c.saw) {
				t.Errorf("needed %v, saw %v", j.Needed, j.Saw)
			}
			if c.stops == "" && len(j.Stopped) > 0 || c.stops != "" && !has(j.Stopped, c.stops) {
				t.Errorf("stopped by %v, want %q", j.Stopped, c.stops)
			}
			lifts := len(Triggered{}.Judge(c.tries.World).Lifts) > 0
			if lifts != (c.stops == "") {
				t.Errorf("it says %v, and lifts: %v", j.Stopped, lifts)
			}
		})
	}
}

// TestAllowListSaysWhy: what was dead and alive around a failure, and what is too little.
func TestAllowListSaysWhy(t *testing.T) {
	listed := []string{"217.20.152.19", "217.20.147.8", "213.59.253.8"}
	for _, c := range []struct {
		name  string
		world *fact.World
		stops string
	}{
		{"all but three are dead", &fact.World{Failures: unlisted(finding.DropHello, 10, "a", "b", "c", "d"), Controls: working(listed...)}, ""},
		{"seven are dead", &fact.World{Failures: unlisted(finding.DropHello, 7, "a", "b", "c", "d"), Controls: working(listed...)}, "few"},
		{"one works", &fact.World{Failures: unlisted(finding.DropHello, 10, "a", "b", "c", "d"), Controls: working(listed[0])}, "nothing_works"},
		{"a name was denied", &fact.World{Failures: unlisted(finding.DNSDenied, 10, "a", "b", "c", "d"), Controls: working(listed...)}, "another_kind"},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := AllowList{}.Reasons(&c.world.Failures[0], c.world)
			if c.stops == "" && len(j.Stopped) > 0 || c.stops != "" && !has(j.Stopped, c.stops) {
				t.Errorf("stopped by %v, want %q", j.Stopped, c.stops)
			}
			found := len(AllowList{}.Judge(c.world).Findings) > 0
			if found != (c.stops == "") {
				t.Errorf("it says %v, and finds: %v", j.Stopped, found)
			}
		})
	}
}

// TestDropClusterSaysWhy: what stopped like a flow, and what a cluster is short of.
func TestDropClusterSaysWhy(t *testing.T) {
	alike := func(w *fact.World) *fact.World {
		stopped(w, "meta", "157.240.205.53", 25, 16_400)
		stopped(w, "discord", "162.159.133.233", 26, 11_300)
		stopped(w, "signal", "104.18.10.47", 25, 13_100)
		return w
	}
	apart := dropWorld(long(0, 9))
	stopped(apart, "meta", "157.240.205.53", 16, 5_000)
	stopped(apart, "discord", "162.159.133.233", 58, 60_000)
	stopped(apart, "signal", "104.18.10.47", 36, 30_000)
	two := alike(dropWorld(long(0, 9)))
	two.Frozen = two.Frozen[:2]
	one := dropWorld(long(0, 9))
	for range 3 {
		stopped(one, "meta", "157.240.205.53", 25, 16_400)
	}
	for _, c := range []struct {
		name  string
		world *fact.World
		stops string
	}{
		{"three of three owners", alike(dropWorld(long(0, 9))), ""},
		{"two", two, "few"},
		{"three of one owner", one, "one_party"},
		{"they stop anywhere", apart, "apart"},
		{"nothing long passed", alike(dropWorld(living(0, 9))), "no_long_control"},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := DropCluster{}.Reasons(&c.world.Frozen[0], c.world)
			if c.stops == "" && (len(j.Stopped) > 0 || !has(j.Saw, "lifts")) || c.stops != "" && !has(j.Stopped, c.stops) {
				t.Errorf("saw %v, stopped by %v, want %q", j.Saw, j.Stopped, c.stops)
			}
			if lifts := len(DropCluster{}.Judge(c.world).Lifts) > 0; lifts != (c.stops == "") {
				t.Errorf("it says %v, and lifts: %v", j.Stopped, lifts)
			}
		})
	}
	if j := (DropCluster{}).Reasons(&fact.Failure{Flow: 999}, two); !has(j.Stopped, "no_freeze") {
		t.Errorf("a flow that never stood still: %v", j.Stopped)
	}
}
