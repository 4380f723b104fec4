package scenes

import (
	"slices"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
)

// names are answers of resolvers, forged and honest.
func names() []*lab.Scenario {
	return slices.Concat(forgedNames(), deniedNames(), honestNames())
}

// lies are findings about names.
var lies = []finding.Kind{finding.DNSDenied, finding.DNSForged, finding.DNSUnanswered}
