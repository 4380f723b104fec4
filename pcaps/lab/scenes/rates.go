package scenes

import "chokepoint/pcaps/lab"

// rates are rates that a box holds down.
func rates() []*lab.Scenario { return nil }
