package truth

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"chokepoint/classify/finding"
)

// Truth is what was really done in a case, and what follows for a tool that
// sees only the packets.
type Truth struct {
	What     string              `yaml:"what"`
	Where    string              `yaml:"where"`
	Since    time.Time           `yaml:"since,omitempty"`    // zero: nothing was done
	Vantage  map[string]string   `yaml:"vantage"`            // by file
	Services map[string][]string `yaml:"services,omitempty"` // statuses that are right, of client.pcapng
	Finds    []Must              `yaml:"finds,omitempty"`
	May      []Limit             `yaml:"may,omitempty"`      // accusations that are right too
	Flows    []Flow              `yaml:"flows,omitempty"`    // who is talking; none: nobody asks
	Ceilings []Limit             `yaml:"ceilings,omitempty"` // besides: what Finds and May do not name must not be accused at all
	Cases    []string            `yaml:"cases,omitempty"`    // lines of the lab's test matrix: "F2", "B18"
	Seed     uint64              `yaml:"seed,omitempty"`     // of the lab's run
	Done     []Deed              `yaml:"done,omitempty"`     // the middlebox's own log; none: a story, told by its packets
}

// Deed is one thing that a rule of the middlebox did, to any number of packets.
type Deed struct {
	Rule string    `yaml:"rule"`
	What string    `yaml:"what"`  // injected, rewritten, dropped, delayed; lost and doubled by a link, no interference
	Dir  string    `yaml:"dir"`   // up, down
	N    int       `yaml:"count"` // packets
	From time.Time `yaml:"from"`  // when it was done
	To   time.Time `yaml:"to"`
	// Packets is which they are in each capture that has them, ascending, the first
	// of them where they are many. A dropped packet is in the capture of the side it
	// came from, an injected one where it arrived.
	Packets map[string][]uint64 `yaml:"packets,flow,omitempty"`
}

// Benign reports whether nothing is to be accused.
func (t *Truth) Benign() bool {
	return !slices.ContainsFunc(t.Finds, func(m Must) bool {
		return slices.ContainsFunc(m.Kinds, func(k finding.Kind) bool { return !slices.Contains(context, k) })
	})
}

// Must is a finding that has to be made.
type Must struct {
	Kinds   []finding.Kind  `yaml:"kinds,omitempty"` // one of them
	Service string          `yaml:"service,omitempty"`
	AtLeast finding.Verdict `yaml:"at_least"`
	Files   []string        `yaml:"files,omitempty"`       // in each of them; none: client.pcapng
	RateBPS float64         `yaml:"rate_bps,omitempty"`    // what rate findings should say, bits/s of IP bytes; 0: nobody asks
	Burst   float64         `yaml:"burst_bytes,omitempty"` // the same of the bucket
	// Loss is the share of packets that are lost, which a finding must tell to within
	// LossOff, and BurstRatio how much longer their runs are than those of chance
	// (ITU-T G.107, section 7.7), to within BurstRatioOff of it; 0: nobody asks.
	Loss       float64 `yaml:"loss,omitempty"`
	BurstRatio float64 `yaml:"burst_ratio,omitempty"`
}

// What a finding may be off by (rate-and-calls, section 5, C4).
const (
	LossOff       = 0.005
	BurstRatioOff = 0.2
)

// Measures reports whether a finding says what is asked of the loss, if anything is.
func (m *Must) Measures(f *finding.Finding) bool {
	right := func(want, off float64, got *float64) bool {
		return want == 0 || got != nil && math.Abs(*got-want) <= off
	}
	return right(m.Loss, LossOff, f.Loss) && right(m.BurstRatio, BurstRatioOff*m.BurstRatio, f.BurstRatio)
}

// Limit is how far findings may go.
type Limit struct {
	Kinds   []finding.Kind  `yaml:"kinds,omitempty"`   // none: all
	Service string          `yaml:"service,omitempty"` // "": any
	AtMost  finding.Verdict `yaml:"at_most"`
	Files   []string        `yaml:"files,omitempty"` // none: client.pcapng
	Why     string          `yaml:"why,omitempty"`
	// RateBPS, bits/s of IP bytes, is what a rate must be that is said as likely or
	// surer, but for a share of RateOff. 0: nobody asks. It is for ceilings.
	RateBPS float64 `yaml:"rate_bps,omitempty"`
	RateOff float64 `yaml:"rate_off,omitempty"`
}

// RateOff is by which share of it the rate of a finding is not the one that a ceiling
// asks for; asked is false where none does, or the finding says no rate.
func (t *Truth) RateOff(file string, f *finding.Finding) (share float64, asked bool) {
	for i := range t.Ceilings {
		if l := &t.Ceilings[i]; l.RateBPS > 0 && f.RateBps != nil && names(l.Files, file) && l.about(f) {
			return l.off(f), true
		}
	}
	return 0, false
}

// misses reports a rate that is said surely and is another one.
func (l *Limit) misses(f *finding.Finding) bool {
	return l.RateBPS > 0 && f.RateBps != nil && f.Verdict.Rank() >= finding.Likely.Rank() && l.off(f) > l.RateOff
}

func (l *Limit) off(f *finding.Finding) float64 { return math.Abs(*f.RateBps-l.RateBPS) / l.RateBPS }

// Parse reads a truth.yaml. Unknown fields are errors.
func Parse(b []byte) (Truth, error) {
	var t Truth
	if err := yaml.UnmarshalWithOptions(b, &t, yaml.Strict()); err != nil {
		return t, fmt.Errorf("truth: %w", err)
	}
	return t, nil
}
