package scenes

import "chokepoint/pcaps/lab"

// innocentRates are slow paths that nobody slowed.
func innocentRates() []*lab.Scenario { return nil }
