package scenes

import "chokepoint/pcaps/lab"

// drops are packets that a box swallows.
func drops() []*lab.Scenario { return nil }
