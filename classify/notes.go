package classify

import (
	"cmp"
	"slices"
	"strings"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// maxStrayNotes bounds what a shard remembers of them until the next tick; what
// is beyond goes with the last of its kind.
const maxStrayNotes = 256

// note gives a note to its flow. A packet that was dropped before the tap has
// none, but is a fact all the same.
func (s *shard) note(n *capture.Note) {
	if s.track.Note(n) || n.Kind != capture.NoteDrop {
		return
	}
	for i := range s.strays {
		if o := &s.strays[i]; o.Key == n.Key && o.Reason == n.Reason || i == maxStrayNotes-1 {
			o.Count += n.Count
			o.Time = max(o.Time, n.Time)
			return
		}
	}
	s.strays = append(s.strays, *n)
}

// mergeStrays takes what the shards remember into the world.
func (r *run) mergeStrays() {
	var all []capture.Note
	for _, s := range r.shards {
		all = append(all, s.strays...)
		s.strays = s.strays[:0]
	}
	slices.SortStableFunc(all, func(a, b capture.Note) int {
		return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Key.SrcPort, b.Key.SrcPort), strings.Compare(a.Reason, b.Reason))
	})
	for i := range all {
		r.learnStray(&all[i])
	}
	for k, x := range r.world.Strays {
		if r.world.Now-x.Last > fact.FailureMemory {
			delete(r.world.Strays, k)
		}
	}
}

func (r *run) learnStray(n *capture.Note) {
	k := fact.StrayKey{Src: n.Key.SrcAddr(), Dst: n.Key.DstAddr(), DstPort: n.Key.DstPort, Proto: n.Key.Proto, Reason: n.Reason}
	x := r.world.Strays[k]
	switch {
	case x == nil && len(r.world.Strays) >= fact.MaxStrays:
		return
	case x == nil:
		x = &fact.Stray{Key: n.Key, Reason: n.Reason, Out: n.Out, If: n.If, First: n.Time, Ports: 1}
		r.world.Strays[k] = x
	case x.LastPort != n.Key.SrcPort:
		x.Ports = min(x.Ports+1, 64)
	}
	x.LastPort = n.Key.SrcPort
	x.Count += n.Count
	x.Last = max(x.Last, n.Time)
}

// interim tells the answers so far, every Options.Interval of packet time.
func (r *run) interim() {
	every, now := int64(r.opt.Interval), r.world.Now
	if every <= 0 {
		return
	}
	if r.told == 0 {
		r.told = now
	}
	if now-r.told < every {
		return
	}
	r.told = now
	r.services()
}

// services tells the answer for every service.
func (r *run) services() {
	for _, s := range r.answers.Services(r.world) {
		if r.out.err != nil {
			return
		}
		r.out.err = r.sink.Service(&s)
	}
}
