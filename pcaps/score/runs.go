package score

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"chokepoint/classify/finding"
	"chokepoint/pcaps"
)

// Run is one play of a scenario, judged.
type Run struct {
	Case       string
	Lines      []string
	Seed       uint64
	Judgements []Judgement // by file
	// Starved is why the play does not count: the machine did not keep up with it.
	// What is falsely said of it counts all the same: machines that capture may be
	// busy, too.
	Starved string
}

// Judged is a play of a case.
func Judged(c *pcaps.Case, seed uint64, starved string) (Run, error) {
	r := Run{Case: c.Name, Lines: c.Truth.Cases, Seed: seed, Starved: starved}
	for _, f := range c.Files {
		j, err := judgeFile(c, f)
		if err != nil {
			return r, err
		}
		r.Judgements = append(r.Judgements, j)
	}
	return r, nil
}

// Wanting reports whether something false is said of the play, or something missed
// that the machine did not starve.
func (r *Run) Wanting() bool {
	for i := range r.Judgements {
		j := &r.Judgements[i]
		short := slices.ContainsFunc(j.Wants, func(w Want) bool { return w.Outcome != Got })
		if len(j.Wrong()) > 0 || short && r.Starved == "" {
			return true
		}
	}
	return false
}

// Runs are plays of many scenarios with many seeds.
type Runs []Run

// Judgements are those of the plays that count.
func (rs Runs) Judgements() (out []Judgement) {
	for i := range rs {
		if rs[i].Starved == "" {
			out = append(out, rs[i].Judgements...)
		}
	}
	return out
}

// times is how a scenario did over its plays.
type times struct {
	lines          []string
	plays, starved int
	found, late    Share // of what is wanted; late: of plays that starved
	conclusive     bool  // something is demanded as confirmed
	weaker, wrong  int
}

// Recall is the share found of what plays that count demand: of what is conclusive,
// which truths demand as confirmed, and of the rest.
func (rs Runs) Recall() (conclusive, others Share) {
	for _, j := range rs.Judgements() {
		for i := range j.Wants {
			if w := &j.Wants[i]; w.AtLeast == finding.Confirmed {
				conclusive.count(w.Outcome == Got)
			} else if Accuses(w.Kind) {
				others.count(w.Outcome == Got)
			}
		}
	}
	return conclusive, others
}

func (rs Runs) byCase() map[string]*times {
	out := map[string]*times{}
	for i := range rs {
		r := &rs[i]
		t := out[r.Case]
		if t == nil {
			t = &times{lines: r.Lines}
			out[r.Case] = t
		}
		t.count(r)
	}
	return out
}

func (t *times) count(r *Run) {
	found := &t.found
	if r.Starved == "" {
		t.plays++
	} else {
		t.starved++
		found = &t.late
	}
	for i := range r.Judgements {
		j := &r.Judgements[i]
		t.wrong += min(len(j.Wrong()), 1)
		for k := range j.Wants {
			w := &j.Wants[k]
			t.conclusive = t.conclusive || w.AtLeast == finding.Confirmed
			found.count(w.Outcome == Got)
			if w.Outcome == Weaker && r.Starved == "" {
				t.weaker++
			}
		}
	}
}

// False are the false claims of all plays, each with where it was made.
func (rs Runs) False() (out []string) {
	for i := range rs {
		r := &rs[i]
		starved := ""
		if r.Starved != "" {
			starved = " (starved)"
		}
		for k := range r.Judgements {
			j := &r.Judgements[k]
			for c := range j.Claims {
				if claim := &j.Claims[c]; len(claim.Wrong) > 0 {
					out = append(out, fmt.Sprintf("%s/%s, seed %d%s: %s; flows %s", r.Case, j.File, r.Seed, starved,
						strings.Join(claim.Wrong, "; "), strings.Join(claim.Flows, " ")))
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

// Markdown is how each scenario did.
func (rs Runs) Markdown() string {
	var b strings.Builder
	rows := table{{"line", "scenario", "plays", "starved", "found of wanted", "weaker", "found when starved", "plays with a false claim"}}
	all := rs.byCase()
	names := slices.SortedFunc(maps.Keys(all), func(a, b string) int {
		return cmp.Or(natural(first(all[a].lines), first(all[b].lines)), cmp.Compare(a, b))
	})
	var late Share
	for _, name := range names {
		t := all[name]
		found := fraction(t.found)
		late.N, late.Of = late.N+t.late.N, late.Of+t.late.Of
		if t.conclusive {
			found += " (conclusive)"
		}
		rows = append(rows, []string{cmp.Or(strings.Join(t.lines, " "), unlisted), name, count(t.plays), count(t.starved), found, count(t.weaker), fraction(t.late), count(t.wrong)})
	}
	section(&b, "Seed by seed", rows)
	conclusive, others := rs.Recall()
	fmt.Fprintf(&b, "\nConclusive cases: %s found. Others: %s. In plays that starved, which do not count: %s. False claims: %d.\n",
		cmp.Or(fraction(conclusive), "none"), cmp.Or(fraction(others), "none"), cmp.Or(fraction(late), "none"), len(rs.False()))
	for _, f := range rs.False() {
		fmt.Fprintf(&b, "- %s\n", f)
	}
	for i := range rs {
		if r := &rs[i]; r.Starved != "" {
			fmt.Fprintf(&b, "- starved: %s, seed %d: %s\n", r.Case, r.Seed, r.Starved)
		}
	}
	return b.String()
}

func first(lines []string) string {
	if len(lines) == 0 {
		return unlisted
	}
	return lines[0]
}
