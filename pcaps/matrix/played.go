package matrix

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"

	"github.com/goccy/go-yaml"
)

// Log is what came of the plays of real stacks.
type Log struct {
	Seed  uint64 `yaml:"seed"`
	Cells []Cell `yaml:"cells"`
	// Starved are plays that count for nothing: something was missed, and the machine
	// had not kept up.
	Starved []string `yaml:"starved,omitempty"`
}

//go:embed played.yaml
var log []byte

// Played returns what came of the plays of real stacks that were last kept.
func Played() (*Log, error) { return read(log) }

func read(text []byte) (*Log, error) {
	l := new(Log)
	if err := yaml.UnmarshalWithOptions(text, l, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("played.yaml: %w", err)
	}
	return l, nil
}

// YAML is the log as played.yaml keeps it.
func (l *Log) YAML() ([]byte, error) {
	slices.SortFunc(l.Cells, func(a, b Cell) int {
		return cmp.Or(cmp.Compare(a.Column, b.Column), cmp.Compare(a.Case, b.Case), cmp.Compare(a.File, b.File))
	})
	slices.Sort(l.Starved)
	return yaml.MarshalWithOptions(l, yaml.Flow(false))
}
