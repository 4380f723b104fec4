package table

import (
	"slices"
	"strings"
	"testing"
)

func TestCellsLongerThanALineAreBrokenBetweenWords(t *testing.T) {
	for _, tc := range []struct {
		cell string
		want []string
	}{
		{"receiver window, sender pace, slow line, competing transfer", []string{"- receiver window, sender pace, slow", "  line, competing transfer"}},
		{strings.Repeat("a", 50), []string{"- " + strings.Repeat("a", 38), "  " + strings.Repeat("a", 12)}},
		{strings.Repeat("a", 38) + " b", []string{"- " + strings.Repeat("a", 38), "  b"}},
	} {
		if got := Wrap(40, "- ", 2, "  ", []string{tc.cell}); !slices.Equal(got, tc.want) {
			t.Errorf("%q, want %q", got, tc.want)
		}
	}
}
