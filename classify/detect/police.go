package detect

import (
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// Policed tells whether the losses of a bulk flow are those of a token bucket,
// by the published replay of Flach et al. (SIGCOMM 2016) over the flow's
// transmission log, at either end of the path (rate-and-calls, section 2.2).
type Policed struct{}

// Name is the detector's name.
func (Policed) Name() string { return "police" }

// Judge implements [FlowDetector].
func (Policed) Judge(f *fact.Flow, w *fact.World) Judgement {
	j := judging(w)
	j.needs("losses", "%d losses and as many passed packets in one stretch of backlogged sending, over %d round trips", minPolicedSamples, minLossSlices)
	j.needs("round_trips", "clean round trips on the leg the losses are on: without them a full queue looks the same")
	for _, d := range [...]fact.Dir{fact.Down, fact.Up} {
		b := f.Bulk[d]
		if b == nil {
			continue
		}
		c := weighPolicing(b, pathFloor(f, d))
		c.share(f, w)
		c.opening = openingOf(f, d, legOf(moreLosses(b)))
		if r, yields := c.yield(f, w, d); yields {
			j.Stopped = append(j.Stopped, r)
			continue
		}
		if !w.Terse {
			j.Saw = append(j.Saw, c.saw(d)...)
			if r, ok := onsetReason(d, &c.opening); ok {
				j.Saw = append(j.Saw, r)
			}
			j.Replays = append(j.Replays, c.told(d)...)
			j.Stopped = append(j.Stopped, c.stopped(d)...)
		}
		if c.kind == "" {
			continue
		}
		fd := c.finding(f, w, d)
		if r, did := localVeto(f); did && fd.Verdict.Rank() >= finding.Suspected.Rank() {
			noteBlind(&fd, r.Code)
			lacking(&fd, r)
			j.Stopped = append(j.Stopped, r)
		}
		j.Findings = append(j.Findings, fd)
	}
	if f.Bulk[fact.Up] == nil && f.Bulk[fact.Down] == nil {
		j.Stopped = append(j.Stopped, finding.Reason{Code: "no_log", Text: "neither direction sent enough to be logged"})
	}
	return j
}
