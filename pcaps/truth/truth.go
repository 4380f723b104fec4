package truth

import (
	"fmt"
	"time"

	"github.com/goccy/go-yaml"

	"chokepoint/classify/finding"
)

// Truth is what was really done in a case, and what follows for a tool that
// sees only the packets.
type Truth struct {
	What     string              `yaml:"what"`
	Where    string              `yaml:"where"`
	Since    time.Time           `yaml:"since"`    // zero: nothing was done
	Vantage  map[string]string   `yaml:"vantage"`  // by file
	Services map[string][]string `yaml:"services"` // statuses that are right, of client.pcapng
	Finds    []Must              `yaml:"finds"`
	May      []Limit             `yaml:"may"`      // accusations that are right too
	Flows    []Flow              `yaml:"flows"`    // who is talking; none: nobody asks
	Ceilings []Limit             `yaml:"ceilings"` // besides: what Finds and May do not name must not be accused at all
}

// Must is a finding that has to be made.
type Must struct {
	Kinds   []finding.Kind  `yaml:"kinds"` // one of them
	Service string          `yaml:"service"`
	AtLeast finding.Verdict `yaml:"at_least"`
	Files   []string        `yaml:"files"` // in each of them; none: client.pcapng
}

// Limit is how far findings may go.
type Limit struct {
	Kinds   []finding.Kind  `yaml:"kinds"`   // none: all
	Service string          `yaml:"service"` // "": any
	AtMost  finding.Verdict `yaml:"at_most"`
	Files   []string        `yaml:"files"` // none: client.pcapng
	Why     string          `yaml:"why"`
}

// Parse reads a truth.yaml. Unknown fields are errors.
func Parse(b []byte) (Truth, error) {
	var t Truth
	if err := yaml.UnmarshalWithOptions(b, &t, yaml.Strict()); err != nil {
		return t, fmt.Errorf("truth: %w", err)
	}
	return t, nil
}
