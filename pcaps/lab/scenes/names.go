package scenes

import "chokepoint/pcaps/lab"

// names are answers of resolvers, forged and honest.
func names() []*lab.Scenario { return nil }
