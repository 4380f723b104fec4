// Package heap sets the runtime's memory up for an analysis of files.
package heap

import "runtime/debug"

// percent is by how much the heap may grow before garbage is collected: three quarters
// of what lives instead of all of it keep the peak 15 MB lower for some 2 % of the time
// (a mixed capture of 2.2 M packets).
const percent = 75

// least is the lowest limit that is set, bytes: an analysis keeps 35 to 80 MB beside its
// flows, and under a limit below what lives the collector runs all the time (with a
// budget of 4 MiB, two thirds of the CPU of 100,000 flows).
const least = 128 << 20

// limit is from where on garbage is collected more often, bytes.
func limit(budget int64) int64 { return max(budget-budget/16, least) }

// Within has garbage collected in time to stay within a budget, bytes, not only when
// the heap has grown by so much, and gives the heap room in huge pages. What it returns
// sets the limits back.
func Within(budget int64) (back func()) {
	before, grown := debug.SetMemoryLimit(limit(budget)), debug.SetGCPercent(percent)
	roomy()
	return func() {
		debug.SetMemoryLimit(before)
		debug.SetGCPercent(grown)
	}
}
