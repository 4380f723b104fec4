package scenes

import "chokepoint/pcaps/lab"

// innocentDrops are silences that nobody made.
func innocentDrops() []*lab.Scenario { return nil }
