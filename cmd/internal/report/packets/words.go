package packets

import "fmt"

// Count writes a number of things, in the plural where there are several.
func Count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Span writes a duration, ns.
func Span(ns int64) string {
	switch {
	case ns < 10e6:
		return fmt.Sprintf("%.1f ms", float64(ns)/1e6)
	case ns < 1e9:
		return fmt.Sprintf("%.0f ms", float64(ns)/1e6)
	}
	return fmt.Sprintf("%.1f s", float64(ns)/1e9)
}
