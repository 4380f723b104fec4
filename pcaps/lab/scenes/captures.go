package scenes

import "chokepoint/pcaps/lab"

// captures are harmless traffic, captured in ways that make it look otherwise.
func captures() []*lab.Scenario { return nil }
