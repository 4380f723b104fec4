package finding_test

import (
	"testing"

	"chokepoint/classify/finding"
)

func TestSizesAreWrittenAsPeopleDo(t *testing.T) {
	for bytes, want := range map[float64]string{0: "0 bytes", 999: "999 bytes", 1000: "1 kB", 98_600: "99 kB", 1e6: "1.0 MB", 16_384_000: "16.4 MB"} {
		if got := finding.Size(bytes); got != want {
			t.Errorf("%.0f: %q, want %q", bytes, got, want)
		}
	}
}
