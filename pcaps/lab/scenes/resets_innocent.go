package scenes

import "chokepoint/pcaps/lab"

// innocentResets are resets that nobody forged.
func innocentResets() []*lab.Scenario { return nil }
