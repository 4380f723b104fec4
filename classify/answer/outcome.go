package answer

import "chokepoint/classify/fact"

// stageNames say how far a failed attempt got.
var stageNames = [stages]string{
	stageConnect: "the SYN was not answered",
	stageRefused: "turned away",
	stageHello:   "the first payload was not answered",
	stageReset:   "the first payload was answered by a reset",
	stageQUIC:    "QUIC was not answered",
	stageCut:     "cut later",
}

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
		return "failed: " + stageNames[a.stage]
	case open:
		return "open"
	}
	return "not an attempt"
}
