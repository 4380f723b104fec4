package detect

import (
	"testing"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// short cuts a segment into answers of so many events each; those after the first
// are marked, and with apart they are segments of their own.
func short(seg fact.Segment, events int, apart bool) (out []fact.Segment) {
	for i := events; i < len(seg.Events); i += events {
		seg.Events[i].Flags |= fact.Asked
	}
	if !apart {
		return []fact.Segment{seg}
	}
	for len(seg.Events) > 0 {
		n := min(events, len(seg.Events))
		part := fact.Segment{Start: seg.Events[0].Time, End: seg.Events[n-1].Time, Events: seg.Events[:n]}
		for i := range part.Events {
			part.Bytes += uint64(part.Events[i].Len)
			if part.Events[i].Flags&(fact.LostUp|fact.LostDown) != 0 {
				part.Losses++
			}
		}
		out = append(out, part)
		seg.Events = seg.Events[n:]
	}
	return out
}

// TestAnswersThatLoseLittleShowABucketTogether: each loses fewer packets than a
// replay needs, and what one left of the bucket the next one found.
func TestAnswersThatLoseLittleShowABucketTogether(t *testing.T) {
	for _, kind := range []fact.EventFlag{fact.LostDown, fact.LostUp} {
		for _, apart := range []bool{false, true} {
			segs := short(segmentOfStretch(bucketStretch(1200, 100_000), kind, 0), 60, apart)
			for i := range segs {
				for _, s := range answers(&segs[i], kind, 0) {
					if n := s.losses(); n >= minPolicedSamples {
						t.Fatalf("an answer lost %d", n)
					}
				}
			}
			p := weighPolicing(&fact.Bulk{Segments: segs}, [2]uint32{})
			if p.kind != finding.RatePoliced || p.verdict != finding.Likely || len(p.agree) != 1 {
				t.Errorf("kind %d, apart %v: %q %q: %v", kind, apart, p.kind, p.verdict, p.saw(fact.Down))
			}
			if off := p.rate/testRate - 1; off > 0.02 || off < -0.02 {
				t.Errorf("kind %d, apart %v: rate off by %.3f", kind, apart, off)
			}
		}
	}
}

// TestALapseIsNotReplayedAcross: what was sent in it is unknown.
func TestALapseIsNotReplayedAcross(t *testing.T) {
	segs := short(segmentOfStretch(bucketStretch(1200, 100_000), fact.LostDown, 0), 60, true)
	for i := range segs {
		segs[i].Lapse = true
	}
	if p := weighPolicing(&fact.Bulk{Segments: segs}, [2]uint32{}); p.kind != "" {
		t.Errorf("%q %q", p.kind, p.verdict)
	}
}

func TestRoundTripOfADelayedAcknowledgement(t *testing.T) {
	const floor = 41_000
	ev := func(seq uint32, rtt uint32, f fact.EventFlag) fact.Event {
		return fact.Event{Seq: seq, Len: 1500, RTT: [2]uint32{fact.LegDown: rtt}, Flags: f}
	}
	for _, c := range []struct {
		name string
		ev   []fact.Event
		want uint32
	}{
		{"alone, and the next was lost", []fact.Event{ev(1, 85_000, fact.Lone), ev(1449, 0, fact.LostDown)}, 0},
		{"the same, but as short as any", []fact.Event{ev(1, 42_000, fact.Lone), ev(1449, 0, fact.LostDown)}, 42_000},
		{"a copy of another between them", []fact.Event{ev(1449, 85_000, fact.Lone), ev(1, 0, fact.Again), ev(2897, 0, fact.LostDown)}, 0},
		{"alone, and the next passed", []fact.Event{ev(1, 85_000, fact.Lone), ev(1449, 0, 0)}, 85_000},
		{"with another", []fact.Event{ev(1, 85_000, 0), ev(1449, 0, fact.LostDown)}, 85_000},
		{"the last", []fact.Event{ev(1, 85_000, fact.Lone)}, 85_000},
	} {
		s := stretchOf(&fact.Segment{Events: c.ev}, fact.LostDown, floor)
		if got := s.steps[0].rtt; got != c.want {
			t.Errorf("%s: %d us, want %d", c.name, got, c.want)
		}
	}
}

// TestPeriodsBearAnswersOut: an answer that lost its packets in a few runs, and a
// period that fits the same bucket in one run of the replay.
func TestPeriodsBearAnswersOut(t *testing.T) {
	fit := replay{code: policeOK, rate: testRate}
	of := func(rate float64, runs int, codes ...policeCode) *policing {
		s := stretch{}
		for i := range 100 {
			s.steps = append(s.steps, step{lost: i%(100/runs) == 0 && i/(100/runs) < runs})
		}
		t := trial{stretch: s, runs: [2]replay{fit, fit}, lost: uint32(runs)}
		for i, c := range codes {
			t.runs[i].code, t.runs[i].rate = c, rate
		}
		return &policing{kind: finding.RatePoliced, trials: []trial{t}, agree: []*trial{&t}, rate: rate}
	}
	both, one := of(testRate, 4, policeOK, policeOK), of(testRate, 20, policeOK, policeAlike)
	for _, c := range []struct {
		name string
		p, q *policing
		want bool
	}{
		{"one rate", both, one, true},
		{"the answer fits in one run only", of(testRate, 4, policeAlike, policeOK), one, false},
		{"the period lost in as few runs", both, of(testRate, 5, policeOK, policeAlike), false},
		{"another rate", both, of(1.07*testRate, 20, policeOK, policeAlike), false},
		{"no bucket in the period", both, &policing{}, false},
	} {
		if got := c.p.borneOut(c.q); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
