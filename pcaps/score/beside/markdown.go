package beside

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/score"
)

// Markdown is the report as a page's part.
func (r *Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n# Watched live beside it\n\n%d scenarios, from the client's and the server's end; %d packets recorded, %d frames delivered live: %d of them before they were cut into segments, %d merged on arrival.\n"+
		"Findings and statuses alike: %d. Differences between live capture and the recording under its plan: %d, unexplained: %d.\n",
		r.Cases, r.Packets, r.Frames, r.Merged, r.Gathered, r.Alike, len(r.Differences), len(r.Unexplained()))
	for _, file := range slices.Sorted(maps.Keys(r.Judged)) {
		table(&b, strings.TrimSuffix(file, ".pcapng"), r.Judged[file])
	}
	list(&b, "What differs, and why", r.lines())
	list(&b, "Packets that only one of the two has", r.Faults)
	list(&b, "Claims of live capture that the truth does not allow", r.wrong())
	return b.String()
}

func (r *Report) lines() (out []string) {
	for i := range r.Differences {
		out = append(out, r.Differences[i].String())
	}
	slices.Sort(out)
	return out
}

// wrong lists what live capture must not say.
func (r *Report) wrong() (out []string) {
	for file, j := range r.Judged {
		for i := range j.Live {
			for _, c := range j.Live[i].Claims {
				for _, why := range c.Wrong {
					out = append(out, fmt.Sprintf("%s/%s: %s", j.Live[i].Case, file, why))
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

func list(b *strings.Builder, title string, lines []string) {
	fmt.Fprintf(b, "\n## %s\n\n", title)
	for _, l := range lines {
		fmt.Fprintf(b, "- %s\n", l)
	}
	if len(lines) == 0 {
		fmt.Fprintln(b, "Nothing.")
	}
}

// table shows the kinds in each way: found of wanted, and how many accusations are
// false.
func table(b *strings.Builder, side string, j Judged) {
	fmt.Fprintf(b, "\n## From the %s's end, %d captures\n\n| kind | wanted | full | under the plan | live | false: full | under the plan | live |\n|---|---|---|---|---|---|---|---|\n",
		side, len(j.Live))
	by := map[finding.Kind]*[3]score.Tally{}
	for i, judged := range [][]score.Judgement{j.Full, j.Plan, j.Live} {
		for _, t := range score.Tallied(judged).Kinds {
			if by[t.Kind] == nil {
				by[t.Kind] = &[3]score.Tally{}
			}
			by[t.Kind][i] = t
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(by)) {
		t := by[kind]
		fmt.Fprintf(b, "| %s | %d | %d | %d | %d | %s | %s | %s |\n", kind, t[0].Recall.Of, t[0].Recall.N, t[1].Recall.N, t[2].Recall.N,
			untrue(&t[0]), untrue(&t[1]), untrue(&t[2]))
	}
	statuses(b, j)
}

// untrue is how many of the accusations are false.
func untrue(t *score.Tally) string {
	return fmt.Sprintf("%d of %d", t.Precision.Of-t.Precision.N, t.Precision.Of)
}

// statuses is the table's last line: services with the right status.
func statuses(b *strings.Builder, j Judged) {
	var right [3]score.Share
	for i, judged := range [][]score.Judgement{j.Full, j.Plan, j.Live} {
		right[i] = score.Tallied(judged).Statuses
	}
	if right[0].Of > 0 {
		fmt.Fprintf(b, "| right status | %d | %d | %d | %d | | | |\n", right[0].Of, right[0].N, right[1].N, right[2].N)
	}
}
