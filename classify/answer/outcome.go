package answer

import "chokepoint/classify/fact"

// Outcome says in words what became of a flow, as it counts in the answers:
// "worked", "failed: " and how far it got, "open" where the capture cannot tell,
// "not an attempt" where nothing was asked for. Of DNS exchanges nothing is said.
func Outcome(f *fact.Flow) string {
	if len(f.DNS) > 0 {
		return ""
	}
	switch a := judge(f); a.outcome {
	case worked:
		return "worked"
	case failed:
		return "failed: " + stageTexts[a.stage]
	case open:
		return "open"
	}
	return "not an attempt"
}
