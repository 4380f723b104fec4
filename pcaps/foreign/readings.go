package foreign

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"chokepoint/classify/finding"
)

// Readings are what a person made of foreign captures.
type Readings struct {
	Interference []string  `yaml:"interference"` // beginnings of names: recorded where somebody interferes, or of resets
	Controls     []string  `yaml:"controls"`     // endings of their names: the same without the name that is interfered with
	LeftOut      []LeftOut `yaml:"left_out"`
	Readings     []Reading `yaml:"readings"`
}

// LeftOut are captures of which findings prove nothing.
type LeftOut struct {
	Under string `yaml:"under"` // what their names begin with
	Why   string `yaml:"why"`
}

// Truth is what a person says of an end of a connection.
type Truth string

// What a person may say.
const (
	Injected   Truth = "injected"    // by neither end
	Genuine    Truth = "genuine"     // by the end that it claims
	CannotTell Truth = "cannot tell" // from the packets
	Made       Truth = "made up"     // by the program that wrote the capture, to look like it
)

// Reading is what a person read in the packets of one flow.
type Reading struct {
	Digest string  `yaml:"digest"` // of the file: the first 16 digits of its SHA-256
	File   string  `yaml:"file"`   // where it is, for who wants to look
	Flow   string  `yaml:"flow"`
	Truth  Truth   `yaml:"truth"`
	Why    string  `yaml:"why"`
	Found  []Claim `yaml:"found"` // what the tool says; empty: nothing, and a miss where it is injected
}

// Claim is a finding in short.
type Claim struct {
	Kind    finding.Kind    `yaml:"kind"`
	Verdict finding.Verdict `yaml:"verdict"`
	Packets []uint64        `yaml:"packets,flow"`
}

func (c Claim) String() string { return fmt.Sprintf("%s %s %v", c.Verdict, c.Kind, c.Packets) }

//go:embed readings.yaml
var written []byte

// Written returns the readings that are checked in.
func Written() (*Readings, error) { return ParseReadings(written) }

// ParseReadings reads readings. Unknown fields, truths that are none and empty
// explanations are errors.
func ParseReadings(b []byte) (*Readings, error) {
	r := new(Readings)
	if err := yaml.UnmarshalWithOptions(b, r, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("readings: %w", err)
	}
	seen := map[string]bool{}
	for i := range r.Readings {
		x := &r.Readings[i]
		switch key := x.Digest + x.Flow; {
		case len(x.Digest) != digestLen || x.Flow == "" || x.Why == "":
			return nil, fmt.Errorf("readings: %s %s: digest, flow and why are needed", x.File, x.Flow)
		case !slices.Contains([]Truth{Injected, Genuine, CannotTell, Made}, x.Truth):
			return nil, fmt.Errorf("readings: %s %s: %q is no truth", x.File, x.Flow, x.Truth)
		case seen[key]:
			return nil, fmt.Errorf("readings: %s %s is there twice", x.File, x.Flow)
		default:
			seen[key] = true
		}
	}
	return r, nil
}

// of returns the reading of a flow, nil if there is none.
func (r *Readings) of(digest, flow string) *Reading {
	for i := range r.Readings {
		if x := &r.Readings[i]; x.Digest == digest && x.Flow == flow {
			return x
		}
	}
	return nil
}

func (r *Readings) interferes(name string) bool { return begins(name, r.Interference) }

func (r *Readings) control(name string) bool {
	return slices.ContainsFunc(r.Controls, func(s string) bool { return strings.HasSuffix(name, s) })
}

func (r *Readings) leftOut(name string) bool {
	return slices.ContainsFunc(r.LeftOut, func(l LeftOut) bool { return strings.HasPrefix(name, l.Under) })
}

func begins(name string, with []string) bool {
	return slices.ContainsFunc(with, func(s string) bool { return strings.HasPrefix(name, s) })
}
