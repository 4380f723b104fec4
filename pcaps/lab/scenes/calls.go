package scenes

import "chokepoint/pcaps/lab"

// calls are calls that are cut or spoilt, and their harmless twins.
func calls() []*lab.Scenario { return nil }
