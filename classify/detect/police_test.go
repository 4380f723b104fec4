package detect_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/detect"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// judgeTaps judges what both taps saw of a download.
func judgeTaps(d download) map[string]detect.Judgement {
	server, client := simulate(d)
	out := map[string]detect.Judgement{}
	for tap, seen := range map[string][]capture.Packet{"server": server, "client": client} {
		f := &tapped{client: seen[0].Key, packets: seen}
		out[tap] = detect.Policed{}.Judge(f.facts(seen), &fact.World{})
	}
	return out
}

func only(t *testing.T, j detect.Judgement) *finding.Finding {
	t.Helper()
	if len(j.Findings) != 1 {
		t.Fatalf("%d findings; saw %v; stopped by %v", len(j.Findings), j.Saw, j.Stopped)
	}
	if s := detect.Unnamed(&j.Findings[0]); s != "" {
		t.Error(s)
	}
	return &j.Findings[0]
}

func TestPolicerIsFoundFromBothEndsWithItsRate(t *testing.T) {
	for _, rate := range []float64{0.3e6, 1.5e6, 3e6} {
		for _, burst := range []float64{60_000, 250_000, 1_000_000} {
			for _, rtt := range []int64{30, 100, 200} {
				if burst < 4*rate/8*float64(rtt)/1e3 {
					continue // this TCP overshoots such a bucket, and idles it away while it recovers
				}
				name := fmt.Sprintf("%.1f Mbit/s, bucket %.0f kB, round trip %d ms", rate/1e6, burst/1e3, rtt)
				t.Run(name, func(t *testing.T) {
					taps := judgeTaps(download{path: policer(rate, burst), rtt: rtt, responses: 3, bytes: int(burst + 12*rate/8), pause: 1500})
					for tap, j := range taps {
						f := only(t, j)
						if f.Kind != finding.RatePoliced || f.Verdict.Rank() < finding.Likely.Rank() {
							t.Errorf("%s tap: %s %s: %v", tap, f.Kind, f.Verdict, j.Saw)
							continue
						}
						if off := math.Abs(*f.RateBps/rate - 1); off > 0.05 {
							t.Errorf("%s tap: %.0f bit/s is %.1f %% off", tap, *f.RateBps, 100*off)
						}
						// A bucket is as deep as seen, or deeper.
						if b := float64(*f.BurstBytes); b > 1.15*burst || tap == "server" && b < 0.5*burst {
							t.Errorf("%s tap: bucket of %.0f bytes, in truth %.0f", tap, b, burst)
						}
					}
				})
			}
		}
	}
}

func TestTwoStretchesOfOneRateAreCertain(t *testing.T) {
	for tap, j := range judgeTaps(download{path: policer(1.5e6, 250_000), rtt: 60, responses: 4, bytes: 2_000_000, pause: 1500}) {
		if f := only(t, j); f.Verdict != finding.Confirmed {
			t.Errorf("%s tap: %s: %v", tap, f.Verdict, j.Saw)
		}
	}
}

func TestOneLongResponseIsJudgedInPieces(t *testing.T) {
	for tap, j := range judgeTaps(download{path: policer(3e6, 250_000), rtt: 60, responses: 1, bytes: 20_000_000}) {
		f := only(t, j)
		if f.Verdict != finding.Confirmed || math.Abs(*f.RateBps/3e6-1) > 0.05 {
			t.Errorf("%s tap: %s at %.0f: %v", tap, f.Verdict, *f.RateBps, j.Saw)
		}
	}
}

func TestWhatLooksLikeAPolicerAndIsNone(t *testing.T) {
	rnd := func() *rand.Rand { return rand.New(rand.NewPCG(7, 7)) }
	bdp := 3e6 / 8 * 0.1
	for _, c := range []struct {
		name string
		d    download
		any  bool // a finding below likely is allowed
	}{
		{"random loss of 1 %", download{path: randomLoss(0.01, 10e6, rnd()), rtt: 60}, false},
		{"random loss of 2 %", download{path: randomLoss(0.02, 10e6, rnd()), rtt: 60}, false},
		{"random loss of 5 %", download{path: randomLoss(0.05, 10e6, rnd()), rtt: 60}, false},
		{"random loss of 2 % of a steady 3 Mbit/s", download{path: randomLoss(0.02, 50e6, rnd()), rtt: 60, appBps: 3e6, steady: true}, false},
		{"random loss of 2 % of a steady 10 Mbit/s", download{path: randomLoss(0.02, 50e6, rnd()), rtt: 60, appBps: 10e6, steady: true}, false},
		{"a queue of one bandwidth-delay product", download{path: dropTail(3e6, bdp), rtt: 100}, false},
		{"a queue of four bandwidth-delay products", download{path: dropTail(1e6, 4*1e6/8*0.1), rtt: 100}, false},
		{"a queue of 8 kB", download{path: dropTail(1.5e6, 8_000), rtt: 100}, true},
		{"a bucket of 8 kB", download{path: policer(1.5e6, 8_000), rtt: 100}, true},
		{"an application that writes 150 kbit/s", download{path: dropTail(10e6, 1e6), rtt: 60, appBps: 150e3}, false},
		{"a receive window of 64 KB", download{path: dropTail(100e6, 1e6), rtt: 100, window: 44}, false},
		{"packets that overtake others", download{path: overtaken(0.03, rnd()), rtt: 60, window: 60}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.d.responses, c.d.bytes, c.d.pause = 3, 2_000_000, 1500
			for tap, j := range judgeTaps(c.d) {
				for _, f := range j.Findings {
					if !c.any || f.Verdict.Rank() >= finding.Likely.Rank() {
						t.Errorf("%s tap: %s %s: %v", tap, f.Kind, f.Verdict, j.Saw)
					}
				}
				if len(j.Needed) == 0 || len(j.Findings) == 0 && len(j.Stopped) == 0 {
					t.Errorf("%s tap: nothing says why not", tap)
				}
			}
		})
	}
}

// policed is a flow that must be found, for the cases that take something away.
func policed(noTS bool) (server, client []capture.Packet) {
	return simulate(download{path: policer(1.5e6, 250_000), rtt: 60, responses: 3, bytes: 2_000_000, pause: 1500, noTS: noTS})
}

func judge(seen []capture.Packet, w *fact.World) detect.Judgement {
	f := &tapped{client: seen[0].Key}
	return detect.Policed{}.Judge(f.facts(seen), w)
}

func TestReceiverWithoutTimestampsCannotTellThePolicer(t *testing.T) {
	_, client := policed(true)
	seen := &tapped{client: client[0].Key, server: 60 * time.Millisecond}
	j := detect.Policed{}.Judge(seen.facts(client), &fact.World{})
	f := only(t, j)
	if f.Kind != finding.RateLimited || f.Verdict != finding.Inconclusive || !slices.Contains(f.NotRuledOut, "full_queue") {
		t.Errorf("%s %s, not ruled out: %v", f.Kind, f.Verdict, f.NotRuledOut)
	}
	if len(f.Missing) != 1 || f.Missing[0].Code != finding.LacksRoundTrips {
		t.Errorf("lacks %v", f.Missing)
	}
	if !slices.ContainsFunc(j.Stopped, func(r finding.Reason) bool { return r.Code == "police.8" }) {
		t.Errorf("stopped by %v", j.Stopped)
	}
}

// thinned is what a capture that drops a share of all packets has left.
func thinned(seen []capture.Packet, share float64) []capture.Packet {
	r := rand.New(rand.NewPCG(3, 3))
	return slices.DeleteFunc(slices.Clone(seen), func(p capture.Packet) bool { return r.Float64() < share })
}

func TestPacketsTheCaptureDroppedAreNotLossOfTheNetwork(t *testing.T) {
	server, client := simulate(download{path: dropTail(20e6, 1e6), rtt: 60, responses: 3, bytes: 2_000_000, pause: 1500, window: 60})
	for tap, seen := range map[string][]capture.Packet{"server": server, "client": client} {
		if j := judge(thinned(seen, 0.02), &fact.World{}); len(j.Findings) > 0 {
			t.Errorf("%s tap: %+v", tap, j.Findings)
		}
	}
}

func TestPolicerIsFoundInACaptureThatDroppedAFewPackets(t *testing.T) {
	server, _ := policed(false)
	if f := only(t, judge(thinned(server, 0.002), &fact.World{})); f.Verdict.Rank() < finding.Likely.Rank() {
		t.Errorf("%s %s", f.Kind, f.Verdict)
	}
}

func TestOneDirectionAloneProvesNothing(t *testing.T) {
	server, client := policed(false)
	for tap, seen := range map[string][]capture.Packet{"server": server, "client": client} {
		up := seen[0].Key
		down := slices.DeleteFunc(slices.Clone(seen[1:]), func(p capture.Packet) bool { return p.Key == up })
		f := &tapped{client: up}
		for _, f := range (detect.Policed{}.Judge(f.facts(down), &fact.World{})).Findings {
			if f.Verdict.Rank() >= finding.Suspected.Rank() {
				t.Errorf("%s tap: %s %s", tap, f.Kind, f.Verdict)
			}
		}
	}
}

func TestOtherTrafficMayShareTheBucket(t *testing.T) {
	server, _ := policed(false)
	last := server[len(server)-1].Time
	other := fact.Control{Flow: 77, Client: server[0].Key.SrcAddr(), First: 0, Last: last, Bytes: 3_000_000}
	f := only(t, judge(server, &fact.World{Controls: []fact.Control{other}}))
	if f.Verdict != finding.Likely || !slices.Contains(f.NotRuledOut, "shared_bucket") || len(f.Against) == 0 {
		t.Errorf("%s, not ruled out %v, against %v", f.Verdict, f.NotRuledOut, f.Against)
	}
	other.Bytes = 10_000
	if f := only(t, judge(server, &fact.World{Controls: []fact.Control{other}})); f.Verdict != finding.Confirmed {
		t.Errorf("a trickle beside it makes it %s", f.Verdict)
	}
}

func TestFindingSaysWhereTheBucketIs(t *testing.T) {
	server, client := policed(false)
	for _, c := range []struct {
		name      string
		seen      []capture.Packet
		upload    bool
		segment   finding.Segment
		direction finding.Direction
	}{
		{"download seen at the server", server, false, finding.ClientSide, finding.ToClient},
		{"download seen at the client", client, false, finding.ServerSide, finding.ToClient},
		{"upload seen at the client", server, true, finding.ServerSide, finding.ToServer},
		{"upload seen at the server", client, true, finding.ClientSide, finding.ToServer},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &tapped{client: c.seen[0].Key}
			if c.upload {
				f.client = f.client.Reverse()
			}
			got := only(t, detect.Policed{}.Judge(f.facts(c.seen), &fact.World{}))
			if got.Segment != c.segment || got.Direction != c.direction {
				t.Errorf("%s %s, want %s %s", got.Segment, got.Direction, c.segment, c.direction)
			}
			if !strings.HasPrefix(got.Summary, "data from 192.0.2.7 held to 1.") {
				t.Errorf("summary %q", got.Summary)
			}
		})
	}
}

func TestFindingNamesPacketsThatWereLost(t *testing.T) {
	server, client := policed(false)
	f := only(t, judge(server, &fact.World{}))
	if n := len(f.Packets); n == 0 || n > 8 || f.Filter != detect.Filter(f.Packets...) {
		t.Fatalf("packets %v, filter %q", f.Packets, f.Filter)
	}
	for _, n := range f.Packets {
		p := server[n-1]
		if slices.ContainsFunc(client, func(q capture.Packet) bool { return q.Seq == p.Seq && q.PayloadLen > 0 && q.TSval == p.TSval }) {
			t.Errorf("packet %d arrived", n)
		}
	}
	if f.Loss == nil || *f.Loss < 0.005 || *f.Loss > 0.5 || f.From.After(f.To) || len(f.For) < 3 {
		t.Errorf("loss %v, from %v to %v, for %v", *f.Loss, f.From, f.To, f.For)
	}
}

func TestFlowWithoutALogIsNotJudged(t *testing.T) {
	j := detect.Policed{}.Judge(&fact.Flow{}, &fact.World{})
	if len(j.Findings) != 0 || len(j.Stopped) != 1 || j.Stopped[0].Code != "no_log" {
		t.Errorf("%+v", j)
	}
}
