// Package scenes is the lab's scenarios: each is one kind of interference, or a
// harmless thing that looks like one.
//
// A scenario's Truth is what a perfect tool would say of what was recorded, not what
// ours says today: the score tells the two apart.
package scenes

import (
	"slices"
	"strings"

	"chokepoint/pcaps/lab"
)

// All returns all scenarios, sorted by name.
func All() []*lab.Scenario {
	out := slices.Concat(resets(), innocentResets(), drops(), innocentDrops(), names(), rates(), innocentRates(), calls(), captures())
	slices.SortFunc(out, func(a, b *lab.Scenario) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Named returns the scenario of a name, nil if there is none.
func Named(name string) *lab.Scenario {
	for _, s := range All() {
		if s.Name == name {
			return s
		}
	}
	return nil
}
