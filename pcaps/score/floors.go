package score

import (
	_ "embed"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/goccy/go-yaml"

	"chokepoint/classify/finding"
)

// Floors are what the score must not fall below.
type Floors struct {
	FalseAlarms int                    `yaml:"false_alarms"`   // accusations where nothing was done, at most
	Beyond      int                    `yaml:"beyond_truth"`   // claims that the truth does not allow, at most
	Status      float64                `yaml:"right_statuses"` // share of services, at least
	Surest      float64                `yaml:"true_at_0.9"`    // share of the findings with confidence 0.9 and more, at least
	Kinds       map[finding.Kind]Floor `yaml:"kinds"`
}

// Floor is what one kind must not fall below. Shares.
type Floor struct {
	Recall    float64 `yaml:"recall,omitempty"`
	Precision float64 `yaml:"precision,omitempty"`
	RateErr   float64 `yaml:"rate_error_p90,omitempty"` // at most; 0: nobody asks
	BurstErr  float64 `yaml:"burst_error_p90,omitempty"`
	Evidence  float64 `yaml:"evidence,omitempty"`
}

//go:embed floors.yaml
var standing []byte

// Standing returns the floors of floors.yaml.
func Standing() (*Floors, error) { return ParseFloors(standing) }

// ParseFloors reads floors. Unknown fields are errors.
func ParseFloors(b []byte) (*Floors, error) {
	f := new(Floors)
	if err := yaml.UnmarshalWithOptions(b, f, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("floors: %w", err)
	}
	return f, nil
}

// Broken returns the floors that a score is below, as sentences. A kind without a
// floor, and a floor without anything on it, are broken, too: neither guards anything.
func (f *Floors) Broken(s *Score) (broken []string) {
	broken = f.Unexcused(s)
	say := func(format string, args ...any) { broken = append(broken, fmt.Sprintf(format, args...)) }
	if v := s.Statuses.Value(); v < f.Status {
		say("%s of the services have the right status, at least %g", fraction(s.Statuses), f.Status)
	}
	if v := s.Surest().Value(); v < f.Surest {
		say("%s of the findings with confidence 0.9 are true, at least %g", fraction(s.Surest()), f.Surest)
	}
	seen := map[finding.Kind]bool{}
	for i := range s.Kinds {
		t := &s.Kinds[i]
		seen[t.Kind] = true
		floor, ok := f.Kinds[t.Kind]
		if !ok {
			say("%s has no floor", t.Kind)
		}
		broken = append(broken, floor.broken(t)...)
	}
	for _, k := range slices.Sorted(maps.Keys(f.Kinds)) {
		if !seen[k] {
			say("%s has a floor, and nothing stands on it", k)
		}
	}
	return broken
}

func (f *Floor) broken(t *Tally) (broken []string) {
	for _, share := range []struct {
		name  string
		got   Share
		floor float64
	}{{"recall", t.Recall, f.Recall}, {"precision", t.Precision, f.Precision}, {"evidence", t.Evidence, f.Evidence}} {
		if share.floor > 0 && share.got.Of == 0 || share.got.Value() < share.floor {
			broken = append(broken, fmt.Sprintf("%s: %s is %d of %d, at least %g", t.Kind, share.name, share.got.N, share.got.Of, share.floor))
		}
	}
	for _, off := range []struct {
		name    string
		got     []float64
		ceiling float64
	}{{"rate", t.RateErr, f.RateErr}, {"bucket", t.BurstErr, f.BurstErr}} {
		if p90 := quantile(off.got, 0.9); off.ceiling > 0 && (len(off.got) == 0 || p90 > off.ceiling) {
			broken = append(broken, fmt.Sprintf("%s: %s is off by %.3f (p90 of %d), at most %g", t.Kind, off.name, p90, len(off.got), off.ceiling))
		}
	}
	return broken
}

// Unexcused returns the broken floors that hold for any captures whatever: nobody is
// accused of what was not done.
func (f *Floors) Unexcused(s *Score) (broken []string) {
	if n := s.Benign.Flows.N; n > f.FalseAlarms {
		broken = append(broken, fmt.Sprintf("%d false alarms where nothing was done, at most %d", n, f.FalseAlarms))
	}
	if s.Broken > f.Beyond {
		broken = append(broken, fmt.Sprintf("%d claims that the truth does not allow, at most %d", s.Broken, f.Beyond))
	}
	return broken
}

// Stands returns the floors that a score just stands on: shares rounded down, errors
// up, to hundredths.
func Stands(s *Score) *Floors {
	down := func(s Share) float64 {
		if s.Of == 0 {
			return 0
		}
		return math.Floor(100*s.Value()+1e-9) / 100
	}
	p90 := func(of []float64) float64 { return math.Ceil(quantile(of, 0.9)*100) / 100 }
	f := &Floors{
		FalseAlarms: s.Benign.Flows.N, Beyond: s.Broken, Status: down(s.Statuses), Surest: down(s.Surest()),
		Kinds: map[finding.Kind]Floor{},
	}
	for i := range s.Kinds {
		t := &s.Kinds[i]
		f.Kinds[t.Kind] = Floor{
			Recall: down(t.Recall), Precision: down(t.Precision), Evidence: down(t.Evidence),
			RateErr: p90(t.RateErr), BurstErr: p90(t.BurstErr),
		}
	}
	return f
}

// YAML is the floors as floors.yaml has them, without its comments.
func (f *Floors) YAML() (string, error) {
	b, err := yaml.MarshalWithOptions(f, yaml.Flow(false))
	return string(b), err
}
