package detect

import "chokepoint/classify/finding"

// Fuse weighs evidence into a verdict (resets-and-drops, section 1): a C
// confirms; two S of different families, or one S and two M of families
// different from it and from each other, make it likely; one S, or two M of
// different families, make it suspected. Identity alone never exceeds
// suspected. W and X do not count here; vetoes are the detector's business.
func Fuse(ev []finding.Evidence) finding.Verdict {
	best := map[finding.Family]finding.Class{}
	for _, e := range ev {
		if rank(e.Class) > rank(best[e.Family]) {
			best[e.Family] = e.Class
		}
	}
	var c, s, m int
	onlyIdentity := true
	for f, cl := range best {
		switch cl {
		case finding.C:
			c++
		case finding.S:
			s++
		case finding.M:
			m++
		default:
			continue
		}
		if f != finding.Identity {
			onlyIdentity = false
		}
	}
	switch {
	case onlyIdentity && c+s > 0:
		return finding.Suspected
	case c > 0:
		return finding.Confirmed
	case s >= 2, s == 1 && m >= 2:
		return finding.Likely
	case s == 1, m >= 2:
		return finding.Suspected
	}
	return finding.Unexplained
}

func rank(c finding.Class) int {
	switch c {
	case finding.C:
		return 3
	case finding.S:
		return 2
	case finding.M:
		return 1
	}
	return 0
}

// Cap lowers a verdict to ceiling if it accuses more.
func Cap(v, ceiling finding.Verdict) finding.Verdict {
	if v.Rank() > ceiling.Rank() {
		return ceiling
	}
	return v
}

// Confidence is the number that goes with a verdict until recordings calibrate
// it: the middle of the range the word stands for.
func Confidence(v finding.Verdict) float64 {
	switch v {
	case finding.Confirmed:
		return 0.97
	case finding.Likely:
		return 0.85
	case finding.Suspected:
		return 0.6
	case finding.Unexplained:
		return 0.3
	case finding.Benign:
		return 0.9
	}
	return 0
}
