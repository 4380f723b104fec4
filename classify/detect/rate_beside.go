package detect

import (
	"net/netip"
	"slices"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

const (
	// besideBytes is how much a control must have moved while it was at its best, and
	// besideBins in how many bins next to each other: a flight that arrives at once says
	// nothing of what the path carries.
	besideBytes = 48_000
	besideBins  = 2
	// besideFactor is how much faster a control must have been to show that the line
	// has more.
	besideFactor = 2
	// crowded is the part of what a direction lost that others must have gained in a
	// cell to explain it, and freeShare the part of cells in which they must not have.
	crowded   = 0.25
	freeShare = 0.5
)

// beside is the other flows of a client, in one direction.
type beside struct {
	all []*fact.RateSeries
	own string // the party that is in question: its flows are no controls
}

// besideOf gathers what moved in the same direction between the same client and others.
func besideOf(w *fact.World, client netip.Addr, ifc uint16, d fact.Dir, not func(*fact.RateSeries) bool) (b beside) {
	for _, s := range w.Rates {
		if s.Client == client && s.If == ifc && s.Dir == d && !not(s) {
			b.all = append(b.all, s)
		}
	}
	return b
}

// fast is a control at its best.
type fast struct {
	series *fact.RateSeries
	bps    float64
	num    uint64 // packet with which it began
}

// faster lists the controls that ran at least so many times as fast between two times,
// the fastest first. What is on this side of the network shows nothing of the path.
func (b *beside) faster(server netip.Addr, from, to int64, bps float64) (out []fast) {
	for _, s := range b.all {
		if party(s.Owner, s.Server) == b.own || s.Server == server || localAddr(s.Server) != localAddr(server) {
			continue
		}
		if x := best(s, from, to); x.bps >= besideFactor*bps {
			out = append(out, x)
		}
	}
	slices.SortStableFunc(out, func(x, y fast) int {
		switch {
		case x.bps > y.bps:
			return -1
		case x.bps < y.bps:
			return 1
		}
		return 0
	})
	return out
}

// best is the most that a direction moved in bins next to each other between two times.
func best(s *fact.RateSeries, from, to int64) (out fast) {
	r := &s.Rate
	used, acked := r.Used(), ahead(r)
	for i := 0; i+besideBins <= used; i++ {
		begin := r.Start + int64(i)*r.Width
		end := begin + besideBins*r.Width
		if begin < from || end > to {
			continue
		}
		var sum fact.RateBin
		for k := range besideBins {
			sum.Add(&r.Bins[i+k])
		}
		bytes := carried(r, &sum, acked)
		if bps := 8 * bytes / inSeconds(end-begin); bytes >= besideBytes && bps > out.bps {
			out = fast{series: s, bps: bps, num: sum.Num}
		}
	}
	return out
}

// moved is what the others moved between two times, bytes; of a bin that lies partly in
// it, a part.
func (b *beside) moved(from, to int64) (bytes float64) {
	for _, s := range b.all {
		r := &s.Rate
		if r.Last < from || r.Start > to {
			continue
		}
		acked := ahead(r)
		for i := range r.Used() {
			begin := r.Start + int64(i)*r.Width
			if share := min(to, begin+r.Width) - max(from, begin); share > 0 {
				bytes += carried(r, &r.Bins[i], acked) * float64(share) / float64(r.Width)
			}
		}
	}
	return bytes
}

// ranBeside is the fastest of the client's other transfers that was twice as fast as one
// between two times, nil where none was.
func ranBeside(f *fact.Flow, w *fact.World, d fact.Dir, from, to int64, bps float64) *finding.Beside {
	own := party(ownerOf(f), f.Key.DstAddr())
	for _, s := range w.Rates {
		if s.Flow == f.ID {
			own = party(s.Owner, s.Server)
		}
	}
	b := besideOf(w, f.Key.SrcAddr(), f.If, d, func(s *fact.RateSeries) bool { return s.Flow == f.ID })
	b.own = own
	if list := b.faster(f.Key.DstAddr(), from, to, bps); len(list) > 0 {
		return list[0].beside()
	}
	return nil
}

// free is the part of cells in which the others did not take what a direction lost,
// bits/s.
func (b *beside) free(cells []cell, lost float64) float64 {
	n := 0
	for i := range cells {
		c := &cells[i]
		if 8*b.moved(c.from, c.to) <= crowded*lost*c.seconds() {
			n++
		}
	}
	return float64(n) / float64(max(len(cells), 1))
}
