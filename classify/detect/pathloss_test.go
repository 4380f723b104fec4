package detect_test

import (
	"slices"
	"strings"
	"testing"

	"chokepoint/classify/detect"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// lossLine is a line with three transfers that all lose a share of their packets.
type lossLine struct {
	lost  func(bin int) uint32 // in each bin
	rise  func(bin int) uint32 // of its round trips, µs
	atAny uint32               // of that before each loss, where it is not the bin's
	blind bool                 // no round trip is known before any loss
	none  bool                 // nor at any other time
	run   uint32               // losses that follow each other, 0 one
	never float64              // share of holes that nothing ever filled
	down  bool                 // lost behind the tap
}

// series are what the line's transfers come to: 20 bins of some 134 packets each.
func (l lossLine) series() (out []*fact.RateSeries) {
	leg := fact.LegUp
	if l.down {
		leg = fact.LegDown
	}
	for i, server := range []string{"192.0.2.7", "198.51.100.7", "203.0.113.7"} {
		s := steps(fact.FlowID(1+i), server, "", 0, flat(20, 6e6), func(k int, b *fact.RateBin) {
			b.RTT, b.RTTs = [2]uint32{}, [2]uint16{}
			if !l.none {
				b.RTT[leg], b.RTTs[leg] = 40_000+l.rise(k+i), 1
			}
			b.Lost = l.lost(k + i)
		})
		r := &s.Rate
		r.Floor = [2]uint32{}
		r.Floor[leg] = 40_000
		for k := range r.Used() {
			n := r.Bins[k].Lost
			r.Lost[leg] += n
			for range n / max(l.run, 1) {
				r.Runs++
				if !l.blind {
					r.Rises[leg].Add(max(l.atAny, l.rise(k+i)))
				}
			}
		}
		if !l.down {
			r.Filled = uint32(float64(r.Lost[leg]) * (1 - l.never))
		}
		out = append(out, s)
	}
	return out
}

func always(n uint32) func(int) uint32 { return func(int) uint32 { return n } }

// everyFourth is so much in one bin of four.
func everyFourth(n uint32) func(int) uint32 {
	return func(k int) uint32 {
		if k%4 == 0 {
			return n
		}
		return 0
	}
}

// about is so many, one more or less, as chance has it.
func about(n uint32) func(int) uint32 {
	return func(k int) uint32 { return n + uint32(7*k%5) - 2 }
}

func TestWhatLosesThePackets(t *testing.T) {
	for _, tc := range []struct {
		name    string
		line    lossLine
		verdict finding.Verdict
		text    string // in its summary
		queue   string // ruled out, open, or its cause
	}{
		{"N1 loss at random on an empty line", lossLine{lost: about(3), rise: always(2_000)}, finding.Likely, "one by one at random", "out"},
		{"N1 behind the tap", lossLine{lost: about(3), rise: always(2_000), down: true}, finding.Likely, "behind the tap, one by one at random", "out"},
		{"N1 loss at random on a busy line, half of the time", lossLine{lost: about(3), rise: func(k int) uint32 { return uint32(k%2) * 80_000 }}, finding.Likely, "at random", "out"},
		{"N1 loss at random on a line whose queue is never empty", lossLine{lost: about(3), rise: always(80_000)}, finding.Likely, "at random", "out"},
		{"N1 wireless bursts on an empty line", lossLine{lost: everyFourth(12), run: 4, rise: always(2_000)}, finding.Likely, "in bursts of 4.0", "open"},
		{"N2 active queue management, with a rise before each loss", lossLine{lost: everyFourth(12), rise: everyFourth(60_000)}, finding.Benign, "congestion, as round trips had risen before 180 of 180 runs of losses", "cause"},
		{"N2 the same behind the tap", lossLine{lost: everyFourth(12), rise: everyFourth(60_000), down: true}, finding.Benign, "behind the tap, one by one, whoever is at the far end: congestion", "cause"},
		{"N4 a queue of a few packets", lossLine{lost: everyFourth(12), rise: everyFourth(8_000)}, finding.Likely, "one by one,", "open"},
		{"bursts on a line whose queue is full half of the time", lossLine{lost: everyFourth(12), run: 4, rise: func(k int) uint32 { return uint32(k%2) * 80_000 }, atAny: 80_000}, finding.Benign, "congestion", "cause"},
		{"bursts on a line whose queue is never empty", lossLine{lost: everyFourth(12), run: 4, rise: always(80_000)}, finding.Suspected, "in bursts of 4.0", "open"},
		{"always after a rise, and yet as by chance", lossLine{lost: about(3), rise: everyFourth(60_000), atAny: 60_000}, finding.Suspected, "at random", "open"},
		{"without round trips, at random", lossLine{lost: about(3), rise: always(0), blind: true, none: true}, finding.Likely, "at random", "open"},
		{"without round trips, in bursts", lossLine{lost: everyFourth(12), run: 4, rise: always(0), blind: true, none: true}, finding.Suspected, "in bursts", "open"},
		{"in bursts before which none is known, on an empty line", lossLine{lost: everyFourth(12), run: 4, rise: always(0), blind: true}, finding.Likely, "in bursts", "open"},
		{"in bursts before which none is known, on a busy line", lossLine{lost: everyFourth(12), run: 4, rise: everyFourth(60_000), blind: true}, finding.Suspected, "in bursts", "open"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			all := tc.line.series()
			for _, s := range all {
				s.Trip = 0
			}
			w := worldOf(all...)
			for _, s := range w.Rates {
				s.Trip = 0 // most of the time behind a queue: not asked here
			}
			got := detect.PathLoss{}.Judge(w).Findings
			if len(got) != 1 {
				t.Fatalf("%v", kinds(got))
			}
			f := &got[0]
			queue := map[bool]string{slices.Contains(f.RuledOut, "full_queue"): "out", slices.Contains(f.NotRuledOut, "full_queue"): "open", f.BenignCause == "congestion": "cause"}[true]
			if f.Verdict != tc.verdict || !strings.Contains(f.Summary, tc.text) || queue != tc.queue {
				t.Errorf("%s, queue %s: %s; for %v, against %v", f.Verdict, queue, f.Summary, f.For, f.Against)
			}
			if blind := slices.Contains(f.Blind, "queue_unseen"); blind != (tc.line.none || tc.line.blind && tc.line.rise(0) > 0) {
				t.Errorf("blind %v", f.Blind)
			}
			if f.Verdict == finding.Benign && len(f.Against) > 0 {
				t.Errorf("against congestion speaks %v", f.Against)
			}
		})
	}
}

// TestWhatTheCaptureMissedIsNoLoss: of a capture that loses as much as the path, what
// nothing ever filled counts for nothing.
func TestWhatTheCaptureMissedIsNoLoss(t *testing.T) {
	for _, tc := range []struct {
		never float64
		want  string
	}{{0, "2.2 %"}, {0.3, "1.6 %"}, {0.5, ""}} {
		got := detect.PathLoss{}.Judge(worldOf(lossLine{lost: about(3), rise: always(0), never: tc.never}.series()...)).Findings
		if len(got) == 0 && tc.want == "" {
			continue
		}
		if len(got) != 1 || !strings.HasPrefix(got[0].Summary, tc.want) || tc.want == "" {
			t.Errorf("%.0f %% never came: %+v", 100*tc.never, got)
		}
	}
}

func TestHowTransfersBeganSpeaksForAQueueOrAgainst(t *testing.T) {
	risen := fact.Opening{N: 20, Min: 41_000, Max: 160_000, Last: 150_000, Mean: 90_000, SD: 30_000}
	still := fact.Opening{N: 20, Min: 41_000, Max: 43_000, Last: 42_000, Mean: 42_000, SD: 500}
	judge := func(l lossLine, o fact.Opening) *finding.Finding {
		all := l.series()
		for _, s := range all {
			s.Openings[fact.LegUp] = o
		}
		return &(detect.PathLoss{}).Judge(worldOf(all...)).Findings[0]
	}
	random, queue := lossLine{lost: about(3), rise: always(2_000)}, lossLine{lost: everyFourth(12), rise: everyFourth(60_000)}
	has := func(list []finding.Evidence, text string) bool {
		return slices.ContainsFunc(list, func(e finding.Evidence) bool { return e.Code == "L4" && strings.Contains(e.Text, text) })
	}
	const rose, stood = "round trips rose from 41 to 160 ms before the first loss: this flow filled a queue itself (c000001", "round trips had not risen before the first loss"
	for _, tc := range []struct {
		line         lossLine
		o            fact.Opening
		pro, against string
	}{
		{random, risen, "-", rose}, {random, still, stood, "-"}, {queue, risen, rose, "-"}, {queue, still, "-", stood}, {random, fact.Opening{}, "-", "-"},
	} {
		f := judge(tc.line, tc.o)
		if has(f.For, "round trips") != (tc.pro != "-") || has(f.Against, "round trips") != (tc.against != "-") ||
			tc.pro != "-" && !has(f.For, tc.pro) || tc.against != "-" && !has(f.Against, tc.against) {
			t.Errorf("%s, want for %q, against %q: %v, %v", f.Verdict, tc.pro, tc.against, f.For, f.Against)
		}
	}
}

// TestFewRunsTellNoQueue: it must be beyond chance.
func TestFewRunsTellNoQueue(t *testing.T) {
	for known, want := range map[int]finding.Verdict{9: finding.Suspected, 60: finding.Benign} {
		all := lossLine{lost: everyFourth(12), rise: everyFourth(60_000), blind: true}.series()
		for i := range known {
			all[i%3].Rate.Rises[fact.LegUp].Add(60_000)
		}
		for _, s := range all {
			s.Rate.Runs = uint32(known / 3)
		}
		if got := (detect.PathLoss{}).Judge(worldOf(all...)).Findings; len(got) != 1 || got[0].Verdict != want {
			t.Errorf("%d runs of losses: %v", known, kinds(got))
		}
	}
}
