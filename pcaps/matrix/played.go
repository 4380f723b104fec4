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
	Starved []Starved `yaml:"starved,omitempty"`
}

// Starved is a play that the machine did not keep up with.
type Starved struct {
	Case   string `yaml:"case"`
	Column string `yaml:"column"`
	Why    string `yaml:"why"`
}

// Forget drops what came of some scenarios.
func (l *Log) Forget(of func(name string) bool) {
	l.Cells = slices.DeleteFunc(l.Cells, func(c Cell) bool { return of(c.Case) })
	l.Starved = slices.DeleteFunc(l.Starved, func(s Starved) bool { return of(s.Case) })
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
	slices.SortFunc(l.Starved, func(a, b Starved) int { return cmp.Or(cmp.Compare(a.Column, b.Column), cmp.Compare(a.Case, b.Case)) })
	return yaml.MarshalWithOptions(l, yaml.Flow(false))
}
