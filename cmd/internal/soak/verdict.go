//go:build linux

package soak

import "fmt"

// What may change without being growth: the kernel's and the collector's ways.
const (
	noiseShare = 1.05
	noiseBytes = 4 << 20
	noiseTasks = 2 // threads that the runtime makes when one is held up in a call, goroutines on their way out
)

// Judge compares the last third of the samples, taken at even times, with the
// second sixth, and returns what grew. Memory does until the tables have filled (the
// longest that a flow is kept without a packet is three minutes): whoever goes on
// for less looks at the rest only.
func Judge(all []Sample, filled bool) (grew []string) {
	if len(all) < 6 {
		return []string{fmt.Sprintf("only %d samples: too few to tell", len(all))}
	}
	n := len(all)
	early, late := most(all[n/6:n/3]), most(all[n-n/3:])
	if filled && float64(late.RSS) > noiseShare*float64(early.RSS)+noiseBytes {
		grew = append(grew, fmt.Sprintf("resident memory: %d MB, then %d MB", early.RSS>>20, late.RSS>>20))
	}
	if late.Goroutines == 0 {
		grew = append(grew, "it said nothing of its goroutines")
	}
	for _, c := range []struct {
		what               string
		early, late, noise int
	}{
		{"threads", early.Threads, late.Threads, noiseTasks},
		{"descriptors", early.Files, late.Files, 0},
		{"goroutines", early.Goroutines, late.Goroutines, noiseTasks},
	} {
		if c.late > c.early+c.noise {
			grew = append(grew, fmt.Sprintf("%s: %d, then %d", c.what, c.early, c.late))
		}
	}
	return grew
}

// most is the largest of each.
func most(all []Sample) (m Sample) {
	for _, s := range all {
		m.RSS = max(m.RSS, s.RSS)
		m.Threads = max(m.Threads, s.Threads)
		m.Files = max(m.Files, s.Files)
		m.Goroutines = max(m.Goroutines, s.Goroutines)
	}
	return m
}
