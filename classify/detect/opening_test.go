package detect_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"chokepoint/classify/detect"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// ownQueue is evidence that the flow filled a queue itself.
func ownQueue(e finding.Evidence) bool { return strings.Contains(e.Text, "filled a queue itself") }

// noRise is evidence that it did not.
func noRise(e finding.Evidence) bool {
	return strings.Contains(e.Text, "had not risen before the first loss")
}

// before puts one bottleneck before another.
func before(a, b bottleneck) bottleneck {
	return func(now int64, n float64) (bool, int64) {
		lost, wait := a(now, n)
		if lost {
			return true, 0
		}
		lost, more := b(now+wait, n)
		return lost, wait + more
	}
}

// opened is what --why-not says of how a download began, at either tap.
func opened(d download) map[string]string {
	out := map[string]string{}
	for tap, j := range judgeTaps(d) {
		for _, r := range j.Saw {
			if r.Code == "opening.down" {
				out[tap] = r.Text
			}
		}
	}
	return out
}

func TestWhetherAFlowFilledAQueueItself(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 9))
	for _, tc := range []struct {
		name string
		d    download
		want string // at the server's tap; "": nothing is said
		less bool   // the client's sees too few of its round trips
	}{
		{"a bucket", download{path: policer(1.5e6, 250_000), rtt: 60, bytes: 2_000_000}, "had not risen before the first loss, 60 to 60 ms", true},
		{"an empty queue of a slow line", download{path: dropTail(2e6, 60_000), rtt: 60, bytes: 2_000_000}, "this flow filled a queue itself", true},
		{"an empty queue of a slower line", download{path: dropTail(1e6, 200_000), rtt: 60, bytes: 2_000_000}, "this flow filled a queue itself", false},
		{"a queue that others keep full", download{path: before(dropTail(20e6, 1e9), standing(180*simMS, 250_000)), rtt: 60, bytes: 2_000_000}, "had not risen before the first loss, 241 to", false},
		{"loss at random", download{path: randomLoss(0.02, 50e6, rnd), rtt: 60, bytes: 2_000_000}, "had not risen before the first loss, 60 to 6", true},
		{"nothing is lost", download{path: dropTail(50e6, 1e9), rtt: 60, bytes: 2_000_000, window: 60}, "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.d.responses = 1
			got := opened(tc.d)
			for _, tap := range []string{"server", "client"} {
				text := got[tap]
				if tc.less && tap == "client" && strings.Contains(text, " tell whether") {
					continue
				}
				if tc.want == "" && text != "" || !strings.Contains(text, tc.want) {
					t.Errorf("%s tap: %q, want %q", tap, text, tc.want)
				}
			}
		})
	}
}

// standing is a queue that others keep full: it delays, and what comes at more than
// what they leave is lost.
func standing(wait int64, room float64) bottleneck {
	left := policer(1e6, room)
	return func(now int64, n float64) (bool, int64) {
		lost, _ := left(now, n)
		return lost, wait
	}
}

// TestLittleSaysNothingOfAQueue: the laws of what may be said.
func TestLittleSaysNothingOfAQueue(t *testing.T) {
	slow := download{path: dropTail(2e6, 60_000), rtt: 60, responses: 1, bytes: 2_000_000}
	if got := opened(download{path: dropTail(2e6, 60_000), rtt: 60, responses: 1, bytes: 2_000_000, noTS: true}); got["client"] != "" {
		t.Errorf("without timestamps the client sees no round trip: %q", got["client"])
	}
	slow.path = dropTail(2e6, 60_000)
	server, _ := simulate(slow)
	f := (&tapped{client: server[0].Key}).facts(server)
	f.Handshake = false
	for _, r := range (detect.Policed{}).Judge(f, &fact.World{}).Saw {
		if strings.HasPrefix(r.Code, "opening") {
			t.Errorf("of a flow whose beginning was not seen: %s", r.Text)
		}
	}
	few := &fact.Bulk{Segments: []fact.Segment{{Losses: 20}}}
	for i := range 9 {
		few.Segments[0].Events = append(few.Segments[0].Events, fact.Event{RTT: [2]uint32{uint32(40_000 + 20_000*i)}})
	}
	for range 20 {
		few.Segments[0].Events = append(few.Segments[0].Events, fact.Event{Flags: fact.LostDown})
	}
	f = &fact.Flow{Handshake: true, Bulk: [2]*fact.Bulk{fact.Down: few}}
	saw := (detect.Policed{}).Judge(f, &fact.World{}).Saw
	if !slices.ContainsFunc(saw, func(r finding.Reason) bool {
		return r.Text == "down: 9 round trips before the first loss, of 10 that tell whether it filled a queue itself"
	}) {
		t.Errorf("%v", saw)
	}
}

// TestOwnQueueSpeaksAgainstAPolicer, and a bucket alone does not.
func TestOwnQueueSpeaksAgainstAPolicer(t *testing.T) {
	count := 0
	for _, burst := range []float64{250_000, 500_000} {
		for tap, j := range judgeTaps(download{path: policer(1.5e6, burst), rtt: 60, responses: 3, bytes: 2_000_000, pause: 1500}) {
			if f := only(t, j); f.Kind != finding.RatePoliced || slices.ContainsFunc(f.Against, ownQueue) || slices.ContainsFunc(slices.Concat(f.For, f.Against), noRise) {
				t.Errorf("%s tap: %s, against %v", tap, f.Kind, f.Against)
			}
		}
		line := before(dropTail(4e6, 1e9), policer(1.5e6, burst))
		for tap, j := range judgeTaps(download{path: line, rtt: 60, responses: 3, bytes: 2_000_000, pause: 1500}) {
			for _, f := range j.Findings {
				if f.Kind != finding.RatePoliced {
					continue
				}
				count++
				if i := slices.IndexFunc(f.Against, ownQueue); i < 0 || f.Against[i].Class != finding.X {
					t.Errorf("%s tap, bucket of %.0f: %s, against %v", tap, burst, f.Verdict, f.Against)
				}
			}
		}
	}
	if count == 0 {
		t.Error("no bucket behind a queue was found")
	}
}

// limited are the findings of a flat rate of a download.
func limited(t *testing.T, d download) map[string]*finding.Finding {
	t.Helper()
	out := map[string]*finding.Finding{}
	for tap, f := range tappedRates(t, d) {
		f.Handshake = true // half of it is played
		for _, x := range (detect.Slowed{}).Judge(f, worldOf()).Findings {
			if x.Kind == finding.RateLimited {
				out[tap] = &x
			}
		}
	}
	return out
}

func TestAFlatRateBehindAQueueSaysWhoFilledIt(t *testing.T) {
	got := limited(t, download{path: dropTail(1e6, 80_000), rtt: 50, responses: 1, bytes: 1_900_000})
	if len(got) != 2 {
		t.Fatalf("%d findings", len(got))
	}
	for tap, f := range got {
		if !slices.ContainsFunc(f.For, ownQueue) || slices.ContainsFunc(f.Against, ownQueue) {
			t.Errorf("%s tap: for %v, against %v", tap, f.For, f.Against)
		}
	}
	for tap, f := range limited(t, download{path: dropTail(1e6, 1e9), rtt: 50, responses: 1, bytes: 1_900_000, window: 60}) {
		if slices.ContainsFunc(f.For, ownQueue) || slices.ContainsFunc(f.For, noRise) {
			t.Errorf("%s tap, nothing was lost: %v", tap, f.For)
		}
	}
}
