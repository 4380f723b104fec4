package score

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"chokepoint/classify/finding"
)

// Score is what all judgements come to.
type Score struct {
	Captures    []Judgement
	Kinds       []Tally // by name; those that were wanted, or claimed of somebody
	Calibration [buckets]Bucket
	Benign      Benign
	Statuses    Share
	Broken      int // ceilings broken and accusations that the truth does not allow
	Matrix      []Line
}

// Share is some of all.
type Share struct{ N, Of int }

// Value is the share, 1 of nothing.
func (s Share) Value() float64 {
	if s.Of == 0 {
		return 1
	}
	return float64(s.N) / float64(s.Of)
}

func (s *Share) count(yes bool) {
	s.Of++
	if yes {
		s.N++
	}
}

// Tally is how one kind of finding does.
type Tally struct {
	Kind        finding.Kind
	Recall      Share // found, of what had to be
	Weaker      int   // of what had to be: only suspected
	Precision   Share // true, of the accusations
	FalseBenign int   // false accusations where nothing was done
	RateErr     []float64
	BurstErr    []float64
	After       []time.Duration // from deed to finding
	AtEnd       int             // of After: not before the capture was over
	Evidence    Share           // findings that show a touched packet, of those that should
}

// Benign is what was said where nothing was done.
type Benign struct {
	Captures Share // with a false alarm
	Flows    Share // false alarms, of the flows
}

// The buckets of the calibration table, by confidence.
const (
	lowest  = 0.5
	width   = 0.1
	buckets = 5
)

// Bucket is the findings of similar confidence.
type Bucket struct {
	From float64
	True Share
}

// Surest is the bucket of confidence 0.9 and more.
func (s *Score) Surest() Share { return s.Calibration[buckets-1].True }

// Tallied counts judgements.
func Tallied(judged []Judgement) *Score {
	s := &Score{Captures: judged, Matrix: matrix(judged)}
	for i := range s.Calibration {
		s.Calibration[i].From = lowest + width*float64(i)
	}
	kinds := map[finding.Kind]*Tally{}
	of := func(k finding.Kind) *Tally {
		if kinds[k] == nil {
			kinds[k] = &Tally{Kind: k}
		}
		return kinds[k]
	}
	for i := range judged {
		j := &judged[i]
		for w := range j.Wants {
			of(j.Wants[w].Kind).want(&j.Wants[w])
		}
		for c := range j.Claims {
			if c := &j.Claims[c]; Accuses(c.Kind) {
				of(c.Kind).claim(c, j.Benign)
				s.calibrate(c)
			}
		}
		s.capture(j)
	}
	for _, k := range slices.Sorted(maps.Keys(kinds)) {
		s.Kinds = append(s.Kinds, *kinds[k])
	}
	return s
}

// capture counts what is of a whole capture.
func (s *Score) capture(j *Judgement) {
	alarms := 0
	for i := range j.Claims {
		c := &j.Claims[i]
		s.Broken += min(len(c.Wrong), 1)
		if c.Accuses && len(c.Wrong) > 0 {
			alarms++
		}
	}
	if j.Benign {
		s.Benign.Captures.count(alarms > 0)
		s.Benign.Flows.N += alarms
		s.Benign.Flows.Of += j.Flows
	}
	for i := range j.Statuses {
		s.Statuses.count(j.Statuses[i].Right())
	}
}

func (s *Score) calibrate(c *Claim) {
	for i := buckets - 1; i >= 0; i-- {
		if b := &s.Calibration[i]; c.Confidence >= b.From-1e-9 {
			b.True.count(c.True)
			return
		}
	}
}

func (t *Tally) want(w *Want) {
	t.Recall.count(w.Outcome == Got)
	if w.Outcome == Weaker {
		t.Weaker++
	}
	t.RateErr = append(t.RateErr, w.RateErr...)
	t.BurstErr = append(t.BurstErr, w.BurstErr...)
	if w.Timed {
		t.After = append(t.After, w.After)
		if w.AtEnd {
			t.AtEnd++
		}
	}
}

func (t *Tally) claim(c *Claim, benign bool) {
	if c.Accuses {
		t.Precision.count(len(c.Wrong) == 0)
		if benign && len(c.Wrong) > 0 {
			t.FalseBenign++
		}
	}
	if c.Touched != Unasked {
		t.Evidence.count(c.Touched == Hit)
	}
}

// quantile is the smallest value that a share of all do not exceed (nearest rank),
// the zero value of none.
func quantile[T cmp.Ordered](of []T, share float64) (q T) {
	if len(of) == 0 {
		return q
	}
	sorted := slices.Sorted(slices.Values(of))
	return sorted[max(int(math.Ceil(share*float64(len(of)))), 1)-1]
}
