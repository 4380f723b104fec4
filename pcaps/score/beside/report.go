package beside

import (
	"fmt"
	"slices"
	"strings"

	"chokepoint/capture"
	"chokepoint/classify/finding"
	"chokepoint/pcaps/score"
	"chokepoint/pcaps/truth"
)

// Case is a scenario that was played, recorded and watched.
type Case struct {
	Name     string
	Truth    *truth.Truth
	Remade   bool // the truth is about another recording than these: nothing of it is judged
	Offloads bool // hosts merged what arrived
	Sides    []Side
}

// Judged is what becomes of one side's truth in each way.
type Judged struct{ Full, Plan, Live []score.Judgement }

// Report is what cases come to.
type Report struct {
	Cases       int
	Packets     int                          // recorded
	Frames      int                          // delivered live
	Merged      int                          // of Frames, those that were recorded as several segments: cut later
	Gathered    int                          // of Frames, those that were recorded as one of several segments: merged on arrival
	Alike       int                          // findings and statuses that are the same
	Judged      map[string]Judged            // by file
	Claims      map[string][]finding.Finding // of live capture, by case and file
	Differences []Difference
	Faults      []string // packets that only one of the two has, or that live capture lost
}

// Add adds a case.
func (r *Report) Add(c *Case) error {
	r.Cases++
	for i := range c.Sides {
		s := &c.Sides[i]
		w, err := asked(s)
		if err != nil {
			return fmt.Errorf("%s/%s: %w", c.Name, s.File, err)
		}
		if err := r.compare(c, w); err != nil {
			return fmt.Errorf("%s/%s: %w", c.Name, s.File, err)
		}
		if _, told := c.Truth.Vantage[s.File]; told && !c.Remade {
			r.judge(c, w)
		}
	}
	return nil
}

func (r *Report) compare(c *Case, w *ways) error {
	r.Packets += len(w.recorded)
	r.Frames += len(w.live)
	for i, of := range w.of {
		switch {
		case len(of) > 1:
			r.Merged++
		case len(of) == 1 && w.live[i].Segs > 1:
			r.Gathered++
		}
	}
	diffs, err := w.differences()
	if err != nil {
		return err
	}
	for i := range diffs {
		diffs[i].Case, diffs[i].Offloads = c.Name, c.Offloads
	}
	r.Alike += max(0, len(said(w.heard))-len(diffs))
	r.Differences = append(r.Differences, diffs...)
	at := c.Name + "/" + w.side.File
	if r.Claims == nil {
		r.Claims = map[string][]finding.Finding{}
	}
	for i := range w.heard.Findings {
		r.Claims[at] = append(r.Claims[at], w.heard.Findings[i].Finding)
	}
	if n := w.side.Stats; n.Lost+n.Dropped+n.Unseen > 0 {
		r.Faults = append(r.Faults, fmt.Sprintf("%s: live capture lost %d packets and only counted %d", at, n.Lost+n.Dropped, n.Unseen))
	}
	if len(w.missing) > 0 {
		r.Faults = append(r.Faults, fmt.Sprintf("%s: %d of %d packets only recorded: %s", at, len(w.missing), len(w.recorded), some(w.recorded, w.missing)))
	}
	if len(w.extra) > 0 {
		r.Faults = append(r.Faults, fmt.Sprintf("%s: %d of %d packets only live: %s", at, len(w.extra), len(w.live), some(w.live, w.extra)))
	}
	return nil
}

// some shows the first of a few packets.
func some(packets []capture.Packet, which []int) string {
	var parts []string
	for _, i := range which[:min(3, len(which))] {
		p := &packets[i]
		parts = append(parts, fmt.Sprintf("#%d proto %d %v:%d to %v:%d flags %#x seq %d, %d bytes of %d segments", i+1, p.Key.Proto,
			p.Key.SrcAddr(), p.Key.SrcPort, p.Key.DstAddr(), p.Key.DstPort, p.Flags, p.Seq, p.PayloadLen, p.Segs))
	}
	return strings.Join(parts, "; ")
}

// judge holds each way against the truth. Which packets the box touched is known by
// the recording's numbers only.
func (r *Report) judge(c *Case, w *ways) {
	unnumbered := *c.Truth
	unnumbered.Done = nil
	if r.Judged == nil {
		r.Judged = map[string]Judged{}
	}
	j, file := r.Judged[w.side.File], w.side.File
	j.Full = append(j.Full, score.Judge(c.Name, file, c.Truth, w.full))
	j.Plan = append(j.Plan, score.Judge(c.Name, file, c.Truth, w.plan))
	j.Live = append(j.Live, score.Judge(c.Name, file, &unnumbered, w.heard))
	r.Judged[file] = j
}

// Unexplained are the differences that nothing explains.
func (r *Report) Unexplained() (out []Difference) {
	return slices.DeleteFunc(slices.Clone(r.Differences), func(d Difference) bool { return d.Why != "" })
}

// Broken are the floors that live capture is below, as sentences: nobody is accused
// of what was not done, nothing differs without a reason that it accuses for, no
// packet is lost.
func (r *Report) Broken(floors *score.Floors) (broken []string) {
	for file, j := range r.Judged {
		for _, b := range floors.Unexcused(score.Tallied(j.Live)) {
			broken = append(broken, "live, "+file+": "+b)
		}
	}
	slices.Sort(broken)
	for _, d := range r.Unexplained() {
		if d.Accuses {
			broken = append(broken, "live beside offline: "+d.String())
		}
	}
	return append(broken, r.Faults...)
}
