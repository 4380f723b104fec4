package main

import (
	"fmt"
	"slices"
	"strings"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/truth"
)

// judgement is what the truth says to a verdict on one capture.
type judgement struct {
	wants  []want
	wrong  []string // accusations of what nobody did, statuses that are not so
	silent bool     // nobody was to be accused, and nobody was

	lenient bool // what is missing is no disagreement
}

// want is a finding that the truth demands, and what became of it.
type want struct {
	truth.Must
	found   *finding.Finding // the surest of those that would do; nil: none
	met     bool             // and it is sure enough
	touched []touch          // what its packets have to do with what was done
}

// touch is packets of one kind of deed: "injected 11 27".
type touch struct {
	what    string
	packets []uint64 // that the finding names too; none: it names others
	of      []uint64 // all that were touched so
}

// agrees reports whether verdict and truth say the same.
func (j *judgement) agrees() bool {
	return len(j.wrong) == 0 && (j.lenient || !slices.ContainsFunc(j.wants, func(w want) bool { return !w.met }))
}

// missing is how truth.Check begins when a finding is not there: the judge says
// that himself, with what was found instead.
const missing = "no finding "

// judge holds what a tool says of a file against the truth.
func judge(t *truth.Truth, file string, findings []finding.Finding, status map[string]string) *judgement {
	j := &judgement{}
	for _, m := range t.Finds {
		if !speaksOf(m.Files, file) {
			continue
		}
		w := want{Must: m, found: surest(&m, findings)}
		if w.found != nil {
			w.met = w.found.Verdict.Rank() >= m.AtLeast.Rank()
			w.touched = touches(t, file, w.found.Packets)
		}
		j.wants = append(j.wants, w)
	}
	for _, said := range t.Check(file, findings, status) {
		if !strings.HasPrefix(said, missing) {
			j.wrong = append(j.wrong, said)
		}
	}
	j.silent = t.Benign() && len(j.wrong) == 0
	return j
}

// judgeVaried is judge for a capture that was taken worse: the verdict may be less
// sure, or none, but not wrong; a status may be another one; packets have other
// numbers.
func judgeVaried(t *truth.Truth, file string, findings []finding.Finding) *judgement {
	renumbered := *t
	renumbered.Done = nil
	j := judge(&renumbered, file, findings, nil)
	j.lenient = true
	return j
}

// surest returns the surest of the findings that would do, nil when there is none.
func surest(m *truth.Must, findings []finding.Finding) (found *finding.Finding) {
	for i := range findings {
		f := &findings[i]
		if slices.Contains(m.Kinds, f.Kind) && f.Service == m.Service && (found == nil || f.Verdict.Rank() > found.Verdict.Rank()) {
			found = f
		}
	}
	return found
}

// speaksOf reports whether a list of files, none for the client's, has this one.
func speaksOf(files []string, file string) bool {
	if len(files) == 0 {
		return file == clientFile
	}
	return slices.Contains(files, file)
}

// touches compares the packets of a finding with those that the middlebox touched.
// What links lose is no deed.
func touches(t *truth.Truth, file string, named []uint64) (out []touch) {
	for _, d := range t.Done {
		if natural(d.What) || len(d.Packets[file]) == 0 {
			continue
		}
		i := slices.IndexFunc(out, func(o touch) bool { return o.what == d.What })
		if i < 0 {
			i = len(out)
			out = append(out, touch{what: d.What})
		}
		out[i].of = append(out[i].of, d.Packets[file]...)
	}
	for i := range out {
		slices.Sort(out[i].of)
		for _, n := range named {
			if _, ok := slices.BinarySearch(out[i].of, n); ok {
				out[i].packets = append(out[i].packets, n)
			}
		}
	}
	meets := func(t touch) bool { return len(t.packets) > 0 }
	if slices.ContainsFunc(out, meets) { // then what else was done matters little
		out = slices.DeleteFunc(out, func(t touch) bool { return !meets(t) })
	}
	return out
}

// natural is what links do by themselves.
func natural(what string) bool { return what == "lost" || what == "doubled" }

// atLeastWord is what was wanted.
func atLeastWord(v finding.Verdict) string {
	if v == finding.Confirmed {
		return "sure"
	}
	return verdictWord(v) + " or surer"
}

// tell words what became of a wanted finding.
func (w *want) tell() string {
	kinds := make([]string, len(w.Kinds))
	for i, k := range w.Kinds {
		kinds[i] = string(k)
	}
	kind, got := strings.Join(kinds, " or "), "nothing said of it"
	if w.found != nil {
		kind, got = string(w.found.Kind), verdictWord(w.found.Verdict)
	}
	if w.Service != "" {
		kind += " of " + w.Service
	}
	text := fmt.Sprintf("%s: %s (wanted %s)", kind, got, atLeastWord(w.AtLeast))
	for _, t := range w.touched {
		text += ", " + t.tell()
	}
	return text
}

// head is the word for it.
func (j *judgement) head(w *want) string {
	switch {
	case w.met:
		return "found"
	case j.lenient:
		return "unsure"
	}
	return "MISSED"
}

// tell words which packets of the finding are those of the deed.
func (t *touch) tell() string {
	switch n := len(t.packets); {
	case n == 0:
		return fmt.Sprintf("names none of the %s packets %s", t.what, numbers(t.of, 3))
	case n == 1:
		return fmt.Sprintf("packet %d = %s packet %d", t.packets[0], t.what, t.packets[0])
	default:
		return fmt.Sprintf("packets %s = %s packets", numbers(t.packets, 3), t.what)
	}
}

// numbers lists the first n packet numbers.
func numbers(all []uint64, n int) string {
	var b strings.Builder
	for i, num := range all {
		if i == n {
			b.WriteString(" …")
			break
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprint(&b, num)
	}
	return b.String()
}
