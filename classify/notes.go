package classify

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"chokepoint/capture"
	"chokepoint/classify/detect"
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
			delete(r.out.open, x.ID)
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
		r.strays++
		x = &fact.Stray{ID: notFlow | fact.FlowID(r.strays), Key: n.Key, Reason: n.Reason, Out: n.Out, If: n.If, First: n.Time, Ports: 1}
		r.world.Strays[k] = x
	case x.LastPort != n.Key.SrcPort:
		x.Ports = min(x.Ports+1, 64)
	}
	x.LastPort = n.Key.SrcPort
	x.Count += n.Count
	x.Last = max(x.Last, n.Time)
}

// notFlow marks the ids of strays: packet numbers do not get there.
const notFlow fact.FlowID = 1 << 63

// judgeStrays tells of what this host dropped before the tap.
func (r *run) judgeStrays() {
	list := slices.SortedFunc(maps.Values(r.world.Strays), func(a, b *fact.Stray) int { return cmp.Compare(a.ID, b.ID) })
	for _, x := range list {
		f := fact.Flow{Key: x.Key, If: x.If, Start: x.First, Last: x.Last, Now: r.world.Now, Vantage: r.world.Vantage}
		f.Names.DNS, f.Names.DNSShared = r.seen.bindings.of(f.Key.SrcAddr(), f.Key.DstAddr(), f.Start)
		f.Label = r.labelFlow(&f)
		v := verdicts{flow: x.ID, failing: fact.Failure{Flow: x.ID}}
		if fd, ok := detect.Stray(x, &f, r.world); ok {
			v.says = append(v.says, said{finding: fd})
			r.out.take(&v)
		}
	}
}
