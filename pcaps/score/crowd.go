package score

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"chokepoint/classify/finding"
)

// Crowd is what was said where nothing was done to thousands.
type Crowd struct {
	Flows, Aborted int
	Said           map[finding.Kind]map[finding.Verdict]int // accusing kinds only
	False          []string                                 // accusations
	Chunks         []string                                 // one line each
}

// Headline figures of the benign corpus (the reference, section 8.2).
const (
	CrowdFlows   = 50_000
	CrowdAborted = 5_000
	perLikely    = 10_000 // flows for each finding that may be likely
)

// Add counts a chunk. It reports whether somebody was accused.
func (c *Crowd) Add(name, what string, said *Observed) (accused bool) {
	if c.Said == nil {
		c.Said = map[finding.Kind]map[finding.Verdict]int{}
	}
	n := map[finding.Verdict]int{}
	for i := range said.Findings {
		f := &said.Findings[i]
		if !Accuses(f.Kind) {
			continue
		}
		n[f.Verdict]++
		if c.Said[f.Kind] == nil {
			c.Said[f.Kind] = map[finding.Verdict]int{}
		}
		c.Said[f.Kind][f.Verdict]++
		if f.Verdict.Rank() >= finding.Likely.Rank() {
			accused = true
			c.False = append(c.False, fmt.Sprintf("%s: %s %s of %q, %s: %s", name, f.Verdict, f.Kind, f.Service, strings.Join(f.Flows, " "), f.Summary))
		}
	}
	c.Flows, c.Aborted = c.Flows+said.Flows, c.Aborted+said.Aborted
	c.Chunks = append(c.Chunks, fmt.Sprintf("%s: %d flows, %d of them aborted; %d suspected, %d likely, %d confirmed; %s",
		name, said.Flows, said.Aborted, n[finding.Suspected], n[finding.Likely], n[finding.Confirmed], what))
	return accused
}

func (c *Crowd) count(v finding.Verdict) (n int) {
	for _, of := range c.Said {
		n += of[v]
	}
	return n
}

// Broken returns what is not as it should be: nothing may be confirmed, and one in ten
// thousand flows be likely.
func (c *Crowd) Broken() (broken []string) {
	if n := c.count(finding.Confirmed); n > 0 {
		broken = append(broken, fmt.Sprintf("%d findings confirmed where nothing was done", n))
	}
	if n := c.count(finding.Likely); n*perLikely > c.Flows {
		broken = append(broken, fmt.Sprintf("%d findings likely where nothing was done, of %d flows", n, c.Flows))
	}
	return broken
}

// Markdown tells it.
func (c *Crowd) Markdown() string {
	var b strings.Builder
	rows := table{{"kind", "suspected", "likely", "confirmed"}}
	for _, k := range slices.Sorted(maps.Keys(c.Said)) {
		of := c.Said[k]
		rows = append(rows, []string{string(k), count(of[finding.Suspected]), count(of[finding.Likely]), count(of[finding.Confirmed])})
	}
	section(&b, "A crowd to whom nothing is done", rows)
	fmt.Fprintf(&b, "\n%d flows, %d of them aborted: %d suspected, %d likely, %d confirmed.\n\n", c.Flows, c.Aborted,
		c.count(finding.Suspected), c.count(finding.Likely), c.count(finding.Confirmed))
	for _, line := range append(append([]string(nil), c.Chunks...), c.False...) {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	return b.String()
}
