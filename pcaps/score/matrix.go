package score

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// unlisted is the line of captures that are of no line of the matrix.
const unlisted = "-"

// Verdict is how the tool does on one line of the matrix.
type Verdict string

// The verdicts, the worse the later.
const (
	Silent Verdict = "silent as it should"
	Right  Verdict = Verdict(Got)
	Weak   Verdict = Verdict(Weaker)
	Miss   Verdict = Verdict(Missed)
	False  Verdict = "FALSE"
)

var verdicts = []Verdict{Silent, Right, Weak, Miss, False}

func worst(a, b Verdict) Verdict {
	return verdicts[max(slices.Index(verdicts, a), slices.Index(verdicts, b))]
}

// Line is one case on one line of the test matrix.
type Line struct {
	ID      string // "F2", "-" for none
	Case    string
	Verdict Verdict  // the worst of its captures
	Notes   []string // what is not as it should be
}

// matrix sorts judgements by the lines of the matrix. One case may be on several.
func matrix(judged []Judgement) (lines []Line) {
	at := map[[2]string]int{}
	for i := range judged {
		j := &judged[i]
		ids := j.Lines
		if len(ids) == 0 {
			ids = []string{unlisted}
		}
		verdict, notes := j.verdict()
		for _, id := range ids {
			key := [2]string{id, j.Case}
			n, ok := at[key]
			if !ok {
				n = len(lines)
				at[key] = n
				lines = append(lines, Line{ID: id, Case: j.Case, Verdict: verdict})
			}
			l := &lines[n]
			l.Notes = append(l.Notes, notes...)
			l.Verdict = worst(l.Verdict, verdict)
		}
	}
	slices.SortStableFunc(lines, func(a, b Line) int {
		return cmp.Or(natural(a.ID, b.ID), cmp.Compare(a.Case, b.Case))
	})
	return lines
}

// verdict is how a capture did, and what is not as it should be.
func (j *Judgement) verdict() (v Verdict, notes []string) {
	v = Silent
	for i := range j.Wants {
		w := &j.Wants[i]
		v = worst(v, Verdict(w.Outcome))
		if w.Outcome != Got {
			notes = append(notes, fmt.Sprintf("%s: %s of %s is %s", j.File, w.Kind, cmp.Or(w.Service, "no service"), w.Outcome))
		}
	}
	for i := range j.Claims {
		for _, why := range j.Claims[i].Wrong {
			v = False
			if note := j.File + ": " + why; !slices.Contains(notes, note) {
				notes = append(notes, note)
			}
		}
	}
	for i := range j.Statuses {
		if s := &j.Statuses[i]; !s.Right() {
			notes = append(notes, fmt.Sprintf("%s: %s is %q, should be %s", j.File, s.Service, s.Got, strings.Join(s.Want, " or ")))
		}
	}
	return v, notes
}

// natural orders ids as people do, F2 before F10, and no id last.
func natural(a, b string) int {
	if (a == unlisted) != (b == unlisted) {
		return map[bool]int{true: 1, false: -1}[a == unlisted]
	}
	letters := func(s string) string { return strings.TrimRight(s, "0123456789") }
	number := func(s string) int { n, _ := strconv.Atoi(strings.TrimPrefix(s, letters(s))); return n }
	return cmp.Or(cmp.Compare(letters(a), letters(b)), cmp.Compare(number(a), number(b)), cmp.Compare(a, b))
}
