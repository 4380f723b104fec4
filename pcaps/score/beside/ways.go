package beside

import (
	"slices"

	"chokepoint/capture"
	"chokepoint/pcaps/score"
)

// ways are the engine's answers about one side.
type ways struct {
	*pairing
	side *Side

	full  *score.Observed // of the whole recording
	plan  *score.Observed // of what live capture would deliver of it
	heard *score.Observed // of what live capture delivered
	deaf  *score.Observed // of that without the kernel's word

	dated  *score.Observed // of the recording under the plan, with live times; nil: nobody asked
	merged *score.Observed // of live packets with the recorder's times
	plain  *score.Observed // of live packets alone, without the pauses between them
}

// asked asks the engine.
func asked(s *Side) (*ways, error) {
	w := &ways{pairing: paired(decoded(slices.Clone(s.Recorded)), s.packets()), side: s}
	var err error
	for _, ask := range []struct {
		into **score.Observed
		src  capture.Source
	}{
		{&w.full, listed(s.Recorded)},
		{&w.plan, planned(s.Recorded)},
		{&w.heard, &again{side: s, until: w.end}},
		{&w.deaf, &again{side: s, until: w.end, deaf: true}},
	} {
		if *ask.into, err = score.Observe(ask.src); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// exchange asks again with the recording's and live capture's times exchanged.
func (w *ways) exchange() (err error) {
	if w.dated != nil {
		return nil
	}
	if w.dated, err = score.Observe(planned(w.redated())); err != nil {
		return err
	}
	if w.merged, err = score.Observe(listed(w.remerged(true))); err != nil {
		return err
	}
	w.plain, err = score.Observe(listed(w.remerged(false)))
	return err
}

// redated is the recording with the times of live capture, in their order.
func (w *ways) redated() []capture.Packet {
	out := slices.Clone(w.recorded)
	for i, of := range w.of {
		for _, k := range of {
			out[k].Time = w.live[i].Time
		}
	}
	return ordered(out)
}

// remerged is the packets of live capture, with the recorder's times, in their
// order, if that is wanted: that of its first segment for each.
func (w *ways) remerged(date bool) []capture.Packet {
	var out []capture.Packet
	for i, of := range w.of {
		p := w.live[i]
		if p.Time > w.end {
			continue
		}
		if of != nil && date {
			p.Time = w.recorded[of[0]].Time
		}
		out = append(out, p)
	}
	return ordered(out)
}

// ordered sorts by time.
func ordered(packets []capture.Packet) []capture.Packet {
	slices.SortStableFunc(packets, func(a, b capture.Packet) int { return int(a.Time - b.Time) })
	return packets
}
