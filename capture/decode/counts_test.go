package decode

import (
	"regexp"
	"testing"
)

func TestCauseNamesAreSnakeCaseAndUnique(t *testing.T) {
	snake := regexp.MustCompile(`^[a-z0-9]+(_[a-z0-9]+)*$`)
	seen := map[string]bool{}
	for c := range numCauses {
		if s := c.String(); !snake.MatchString(s) || seen[s] {
			t.Errorf("cause %d is called %q", c, s)
		}
		seen[c.String()] = true
	}
	if numCauses.String() != "unknown" || numCauses.Malformed() {
		t.Error("a cause beyond the list")
	}
}

func TestCountsAddUp(t *testing.T) {
	var a, b Counts
	a[BadTCPOffset], a[UnsupportedEtherType] = 1, 5
	b[BadTCPOffset], b[ClippedHeaders] = 2, 7
	a.Add(&b)
	if a[BadTCPOffset] != 3 || a[UnsupportedEtherType] != 5 || a[ClippedHeaders] != 7 || a.Malformed() != 3 {
		t.Errorf("sum %v", a)
	}
}
