package detect

import (
	"slices"
	"testing"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

const (
	testMS   = 1_000_000
	testRate = 1e6 / 8 // bytes/s of the buckets below
)

// bucketStretch is a sender of 1.25 times the rate of a bucket, in packets of
// 1000 bytes every 6.4 ms from a time of 0 on, with round trips of 50 ms.
func bucketStretch(packets int, depth float64) stretch {
	s := stretch{rtt: 0.05}
	tokens, last := depth, int64(0)
	for i := range packets {
		at := int64(i) * 64 * testMS / 10
		tokens = min(depth, tokens+testRate*inSeconds(at-last))
		last = at
		st := step{at: at, num: uint64(i + 1), len: 1000, rtt: 50_000, lost: tokens < 1000}
		if !st.lost {
			tokens -= 1000
		}
		s.steps = append(s.steps, st)
	}
	return s
}

func (s *stretch) firstLoss() int {
	return slices.IndexFunc(s.steps, func(st step) bool { return st.lost })
}

// every calls change for every n-th step from the from-th on.
func (s *stretch) every(n, from int, change func(*step)) {
	for i := from; i < len(s.steps); i += n {
		change(&s.steps[i])
	}
}

func TestEachRuleStopsWhatItIsFor(t *testing.T) {
	pass := func(st *step) { st.lost = false }
	for _, c := range []struct {
		name   string
		change func(s *stretch)
		want   policeCode
	}{
		{"a bucket fits", func(s *stretch) {}, policeOK},
		{"nothing was lost", func(s *stretch) { s.every(1, 0, pass) }, policeFewLosses},
		{"fourteen losses", func(s *stretch) {
			n := 0
			s.every(1, 0, func(st *step) {
				if st.lost {
					n++
				}
				st.lost = st.lost && n <= 14
			})
		}, policeFewLosses},
		{"fourteen passes after the first loss", func(s *stretch) {
			first := s.firstLoss()
			for i := range s.steps[first:] {
				s.steps[first+i].lost = i%20 != 1
			}
			s.steps = s.steps[:first+14*20]
		}, policeFewLosses},
		{"losses in two round trips only", func(s *stretch) { s.rtt = 3 }, policeFewLosses},
		{"a first loss behind 2 MB", func(s *stretch) { s.before = 2_000_000 }, policeLateLoss},
		{"but not where the start is unknown", func(s *stretch) { s.before, s.partial = 2_000_000, true }, policeOK},
		{"a start in debt", func(s *stretch) { s.start = -1000 * testMS }, policeNegativeFill},
		{"a start in debt within the slack", func(s *stretch) { s.start, s.slack = -1000*testMS, 30 }, policeOK},
		{"loss in slow times, passes in fast ones", func(s *stretch) {
			s.every(1, 0, func(st *step) { st.lost = st.num%50 == 0 })
			var at int64
			s.every(1, 0, func(st *step) {
				at += 2 * testMS
				if st.num%50 == 0 {
					at += 200 * testMS
				}
				st.at = at
			})
		}, policeFullerOnLoss},
		{"a fifth of the losses with tokens left", func(s *stretch) {
			first := s.firstLoss()
			for i := range s.steps[first:] {
				if st := &s.steps[first+i]; i > (len(s.steps)-first)*4/5 {
					st.at += 600 * testMS // the sender paused, and 75 kB of tokens came in
				}
			}
		}, policeLossFill},
		{"passes without tokens", func(s *stretch) {
			for _, at := range []int{700, 900} {
				burst := make([]step, 15)
				for i := range burst {
					burst[i] = step{at: s.steps[at].at, len: 1000}
				}
				rest := s.steps[at:]
				for i := range rest {
					rest[i].at += 120 * testMS // which makes up for them
				}
				s.steps = slices.Insert(s.steps, at, burst...)
			}
		}, policePassFill},
		{"round trips risen before the losses", func(s *stretch) {
			s.every(1, 0, func(st *step) {
				if st.num > 100 {
					st.rtt = 90_000
				}
			})
		}, policeInflated},
		{"round trips risen, but small", func(s *stretch) {
			s.every(1, 0, func(st *step) {
				st.rtt = 5_000
				if st.num > 100 {
					st.rtt = 9_000
				}
			})
		}, policeOK},
		{"no round trips", func(s *stretch) { s.every(1, 0, func(st *step) { st.rtt = 0 }) }, policeNoRTT},
		{"no round trips before a third of the losses", func(s *stretch) {
			s.every(1, 0, func(st *step) {
				if int(st.num) < 700 {
					st.rtt = 0
				}
			})
		}, policeNoRTT},
		{"a floor is no measurement", func(s *stretch) {
			s.floor, s.before = 50_000, 30_000
			s.every(1, 0, func(st *step) { st.rtt = 0 })
		}, policeNoRTT},
		{"early round trips are", func(s *stretch) {
			s.early = []uint32{50_000, 50_000}
			s.every(1, 0, func(st *step) { st.rtt = 0 })
		}, policeOK},
		{"an unknown round trip", func(s *stretch) { s.rtt = 0 }, policeNoRTT},
		{"loss at random", func(s *stretch) {
			x := uint32(1)
			s.every(1, 0, func(st *step) {
				x = x*1664525 + 1013904223
				st.lost = x>>16%16 == 0
			})
		}, policeAlike},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := bucketStretch(1200, 100_000)
			c.change(&s)
			if r := s.run(0); r.code != c.want {
				t.Errorf("code %d (%s), want %d (%s): %+v", r.code, policeTexts[r.code], c.want, policeTexts[c.want], r)
			}
		})
	}
}

func TestReplayMeasuresTheBucket(t *testing.T) {
	s := bucketStretch(2000, 100_000)
	r := s.run(0)
	if off := r.rate/testRate - 1; off > 0.01 || off < -0.01 {
		t.Errorf("rate %.0f, want %.0f", r.rate, testRate)
	}
	if d := s.depth(r.from, r.rate); d < 98_000 || d > 101_000 {
		t.Errorf("depth %.0f, want 100000", d)
	}
	// A slow beginning wastes tokens, but the bucket is no shallower for it.
	slow := stretch{rtt: s.rtt, steps: []step{{at: -20_000 * testMS, len: 1000}}, start: -20_000 * testMS}
	slow.steps = append(slow.steps, s.steps...)
	if d := slow.depth(slow.run(0).from, r.rate); d < 98_000 || d > 101_000 {
		t.Errorf("depth after a slow beginning %.0f, want 100000", d)
	}
}

func TestTheSecondRunLeavesTheOutermostLossesOut(t *testing.T) {
	s := bucketStretch(1200, 100_000)
	s.steps[3].lost = true // one early stray
	if a, b := s.run(0), s.run(policedCutoff); a.code == policeOK || b.code != policeOK || a.lost != b.lost+policedCutoff {
		t.Errorf("codes %d and %d, %d and %d losses", a.code, b.code, a.lost, b.lost)
	}
}

// segmentOfStretch makes a log's segment of a stretch.
func segmentOfStretch(s stretch, kind fact.EventFlag, at int64) fact.Segment {
	seg := fact.Segment{Start: at, Closed: true}
	passed := at
	for _, st := range s.steps {
		e := fact.Event{Time: at + st.at, Num: st.num, Len: uint16(st.len)}
		e.RTT[legOf(kind)] = st.rtt
		if st.lost {
			e.Flags = kind
			seg.Losses++
			if kind == fact.LostUp {
				e.Time = passed // the arrival before the hole
			}
		} else {
			passed = e.Time
		}
		seg.End, seg.Bytes = e.Time, seg.Bytes+uint64(st.len)
		seg.Events = append(seg.Events, e)
	}
	return seg
}

func TestVerdictFollowsWhatAgrees(t *testing.T) {
	good := func() stretch { return bucketStretch(1200, 100_000) }
	once := func() stretch { // only the second run fits
		s := good()
		s.steps[3].lost = true
		return s
	}
	faster := func() stretch { // another rate
		s := good()
		for i := range s.steps {
			s.steps[i].at = s.steps[i].at * 2 / 3
		}
		return s
	}
	small := func() stretch { return bucketStretch(1200, 15_000) }
	middle := func() stretch { // more than the least, less than two round trips
		s := bucketStretch(1200, 40_000)
		for i := range s.steps {
			s.steps[i].rtt = 200_000
		}
		return s
	}
	queued := func() stretch {
		s := good()
		s.every(1, 100, func(st *step) { st.rtt = 90_000 })
		return s
	}
	for _, c := range []struct {
		name    string
		make    []func() stretch
		kind    finding.Kind
		verdict finding.Verdict
	}{
		{"two stretches, both runs", []func() stretch{good, good}, finding.RatePoliced, finding.Confirmed},
		{"one stretch, both runs", []func() stretch{good}, finding.RatePoliced, finding.Likely},
		{"one stretch beside one that does not fit", []func() stretch{queued, good}, finding.RatePoliced, finding.Likely},
		{"one run", []func() stretch{once}, finding.RatePoliced, finding.Suspected},
		{"one run, twice", []func() stretch{once, once}, finding.RatePoliced, finding.Suspected},
		{"two rates", []func() stretch{good, faster}, finding.RatePoliced, finding.Suspected},
		{"two rates, one of them twice", []func() stretch{good, faster, good}, finding.RatePoliced, finding.Confirmed},
		{"a bucket below the least", []func() stretch{small, small}, finding.RateLimited, finding.Inconclusive},
		{"a bucket below the least in one run", []func() stretch{func() stretch {
			s := small()
			s.steps = s.steps[:160] // too few losses for parts
			s.steps[0].lost = true
			for i := range s.steps[1:] {
				s.steps[1+i].at += 300 * testMS
			}
			return s
		}}, "", ""},
		{"a bucket below two round trips", []func() stretch{middle, middle}, finding.RatePoliced, finding.Likely},
		{"a queue", []func() stretch{queued, queued}, "", ""},
	} {
		for _, kind := range []fact.EventFlag{fact.LostDown, fact.LostUp} {
			t.Run(c.name, func(t *testing.T) {
				var b fact.Bulk
				for i, m := range c.make {
					b.Segments = append(b.Segments, segmentOfStretch(m(), kind, int64(i)*60_000*testMS))
				}
				p := weighPolicing(&b, [2]uint32{})
				if p.kind != c.kind || p.verdict != c.verdict {
					t.Errorf("%q %q, want %q %q: %v", p.kind, p.verdict, c.kind, c.verdict, p.saw(fact.Down))
				}
			})
		}
	}
}

func TestReceiverForgivesARoundTripOfDebt(t *testing.T) {
	for _, c := range []struct {
		lossKind fact.EventFlag
		late     int64 // ms of tokens spent before the first packet; the bucket holds 800
		kind     finding.Kind
	}{
		{fact.LostDown, 830, finding.RatePoliced},
		{fact.LostDown, 865, ""},
		{fact.LostUp, 865, finding.RatePoliced},
		{fact.LostUp, 920, ""},
	} {
		seg := segmentOfStretch(bucketStretch(1200, 100_000), c.lossKind, 0)
		seg.Start -= c.late * testMS
		if p := weighPolicing(&fact.Bulk{Segments: []fact.Segment{seg}}, [2]uint32{}); p.kind != c.kind {
			t.Errorf("kind %d, %d ms: %q, want %q: %v", c.lossKind, c.late, p.kind, c.kind, p.saw(fact.Down))
		}
	}
}

func TestWhatTheCaptureMissedVoidsAStretch(t *testing.T) {
	seg := segmentOfStretch(bucketStretch(1200, 100_000), fact.LostDown, 0)
	for _, c := range []struct {
		gaps uint32
		kind finding.Kind
	}{{seg.Losses / 20, finding.RatePoliced}, {seg.Losses, finding.RateLimited}} {
		seg.Gaps = c.gaps
		if p := weighPolicing(&fact.Bulk{Segments: []fact.Segment{seg}}, [2]uint32{}); p.kind != c.kind {
			t.Errorf("%d packets missed, %d lost: %q, want %q", c.gaps, seg.Losses, p.kind, c.kind)
		}
	}
}

func TestLossesOfTheOtherSideAreNotThePolicers(t *testing.T) {
	seg := segmentOfStretch(bucketStretch(1200, 100_000), fact.LostUp, 0)
	stretchAlone := stretchOf(&seg, fact.LostUp, 0)
	seg.Events[5].Flags = fact.LostDown // had passed the policer
	seg.Events = append(seg.Events, fact.Event{Time: seg.End, Len: 1000, Flags: fact.Void})
	s := stretchOf(&seg, fact.LostUp, 0)
	if len(s.steps) != len(stretchAlone.steps) || s.steps[5].lost || s.losses() != stretchAlone.losses() {
		t.Errorf("before the tap: %d steps, %d losses", len(s.steps), s.losses())
	}
	if s := stretchOf(&seg, fact.LostDown, 0); s.losses() != 1 || len(s.steps) != 1200-int(seg.Losses) {
		t.Errorf("behind the tap: %d steps, %d losses", len(s.steps), s.losses())
	}
}

// TestSmallBuckets: P1 of the matrix. A bucket below the least is one all the same
// where a queue of its size, or any queue at that rate, would have shown.
func TestSmallBuckets(t *testing.T) {
	for _, c := range []struct {
		name             string
		rate, burst, rtt float64 // bytes/s, bytes, s
		want             bool
	}{
		{"P1 140 kbit/s, 16 kB, 60 ms", 140e3 / 8, 16_000, 0.06, true},
		{"P1 of which 4 kB were seen", 140e3 / 8, 4_000, 0.06, true},
		{"P1 of which nothing was seen", 140e3 / 8, 0, 0.06, false},
		{"8 kB at 456 kbit/s and 100 ms, which is a faster bucket", 456e3 / 8, 28_000, 0.1, false},
		{"16 kB at 500 kbit/s and 20 ms", 500e3 / 8, 16_000, 0.02, true},
		{"N4 8 kB at 3 Mbit/s", 3e6 / 8, 8_000, 0.04, false},
	} {
		p := policing{rate: c.rate, burst: c.burst, rtt: c.rtt}
		if got := p.showsNoQueue(); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// TestPartsOfAStretch: a bucket that ran full in the middle is found in the parts
// before and after, one queue is not, and what little fits by chance stays a
// suspicion.
func TestPartsOfAStretch(t *testing.T) {
	waited := func() stretch { // two seconds without a packet
		s := bucketStretch(2400, 100_000)
		half := s.firstLoss() + (len(s.steps)-s.firstLoss())/2
		for i := range s.steps[half:] {
			s.steps[half+i].at += 2000 * testMS
		}
		return s
	}
	judge := func(s stretch) policing {
		var p policing
		p.lossKind = fact.LostDown
		p.try(s, 0)
		p.weigh()
		return p
	}
	s := waited()
	if r := s.run(0); r.code == policeOK {
		t.Fatal("the whole fits, which is no test")
	}
	p := judge(s)
	if p.kind != finding.RatePoliced || p.verdict.Rank() < finding.Likely.Rank() || len(p.trials) < 2 || p.rate < 0.98*testRate || p.rate > 1.02*testRate {
		t.Errorf("%s %s at %.0f: %v", p.kind, p.verdict, 8*p.rate, p.saw(fact.Down))
	}
	queued := waited()
	queued.every(1, 100, func(st *step) { st.rtt = 90_000 })
	if p := judge(queued); p.kind != "" {
		t.Errorf("a queue: %s %s: %v", p.kind, p.verdict, p.saw(fact.Down))
	}
	random := waited()
	x, n := uint32(1), 0
	random.every(1, 150, func(st *step) { // all but the beginning is lost at random
		x = x*1664525 + 1013904223
		st.lost = x>>16%16 == 0
		n++
	})
	if p := judge(random); p.verdict.Rank() >= finding.Likely.Rank() {
		t.Errorf("mostly at random: %s %s: %v", p.kind, p.verdict, p.saw(fact.Down))
	}
}
