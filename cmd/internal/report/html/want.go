package html

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report/packets"
)

// Bounds of the second pass, per capture.
const (
	maxLadders      = 600 // flows of which packets are kept for ladders
	maxLadderFlows  = 16  // of one finding
	maxPlots        = 16  // findings with plots
	maxTraces       = 96  // flows followed for plots
	maxPlotFlows    = 4   // of one finding that are drawn one by one
	maxPlotControls = 4   // it was compared with
	// maxTogether is how many flows of a finding are added up: all of them must be there,
	// else neither their sum nor their bucket is drawn.
	maxTogether = 16
	// leastBeside is what a flow has to move to be drawn beside one that is slow, bytes:
	// less says nothing of a rate.
	leastBeside = 100_000
)

// shownLadder is a ladder that several findings may show.
type shownLadder struct {
	ladder *packets.Ladder
	rows   []packets.Row
	ended  bool
}

// all ends the ladder; it is told once only.
func (l *shownLadder) all() []packets.Row {
	if !l.ended {
		l.rows, l.ended = l.ladder.Rows(), true
	}
	return l.rows
}

// want decides, once, whose packets are wanted.
func (c *Capture) want() {
	if c.wanted {
		return
	}
	c.wanted = true
	c.ladders, c.traces = map[fact.FlowID]*shownLadder{}, map[fact.FlowID]*trace{}
	c.media, c.buckets, c.controls = map[fact.FlowID]*mediaTrace{}, map[string]*bucket{}, map[string][]fact.FlowID{}
	standing := c.ledger.Standing()
	cited := packets.Cited(standing...)
	plots := 0
	for _, f := range standing {
		for _, id := range c.concerned(f) {
			if c.ladders[id] == nil && len(c.ladders) < maxLadders {
				c.ladders[id] = &shownLadder{ladder: packets.NewLadder(id, c.flow(id), cited)}
			}
		}
		if plots < maxPlots && c.wantPlots(f, flowIDs(f.Flows)) {
			plots++
		}
	}
}

// concerned lists the flows whose packets a finding may name: those it is about, those
// that begin with a packet of it, as a question that is asked again does, and those that
// it was compared with.
func (c *Capture) concerned(f *finding.Finding) []fact.FlowID {
	ids := flowIDs(f.Flows)
	for _, n := range f.Packets {
		if c.flows.at[fact.FlowID(n)] != nil {
			ids = append(ids, fact.FlowID(n))
		}
	}
	ids = append(ids, flowIDs(f.Controls)...)
	if plotsRate(f) {
		ids = append(ids, c.movers(f.Packets)...)
	}
	var out []fact.FlowID
	for _, id := range ids {
		if !slices.Contains(out, id) && len(out) < maxLadderFlows {
			out = append(out, id)
		}
	}
	return out
}

// movers are flows that a packet of a finding about rates may be of, those first that
// moved most: transfers that ran beside are named by packets, and not all as controls.
func (c *Capture) movers(nums []uint64) []fact.FlowID {
	var rows []*flowRow
	for _, r := range c.flows.at {
		if slices.ContainsFunc(nums, func(n uint64) bool { return uint64(r.id) <= n && n <= r.lastNum }) {
			rows = append(rows, r)
		}
	}
	return byMoved(rows, maxLadderFlows)
}

// wantPlots follows the flows of a finding whose course over time says something.
func (c *Capture) wantPlots(f *finding.Finding, ids []fact.FlowID) bool {
	switch {
	case plotsRate(f):
		dir := dataDir(f)
		for _, id := range ids[:min(len(ids), maxTogether)] {
			c.follow(id, dir)
		}
		if c.controls[f.ID] = flowIDs(f.Controls); len(c.controls[f.ID]) == 0 {
			c.controls[f.ID] = c.meanwhile(f, ids, dir)
		}
		for _, id := range c.controls[f.ID][:min(len(c.controls[f.ID]), maxPlotControls)] {
			c.follow(id, dir)
		}
		if f.Kind == finding.RatePoliced && f.RateBps != nil && f.BurstBytes != nil && len(ids) <= maxTogether {
			c.drain(f, ids, dir)
		}
		return len(ids) > 0
	case plotsMedia(f):
		for _, id := range ids[:min(len(ids), maxPlotFlows)] {
			if c.media[id] == nil && len(c.media) < maxTraces {
				c.media[id] = newMediaTrace(packets.Want(id, c.flow(id)), c.clocks)
			}
		}
		return len(ids) > 0
	}
	return false
}

// meanwhile are flows of the same client that moved much while a finding's were slow,
// those first that moved most.
func (c *Capture) meanwhile(f *finding.Finding, of []fact.FlowID, dir fact.Dir) []fact.FlowID {
	var rows []*flowRow
	from, to := f.From.UnixNano(), f.To.UnixNano()
	for _, r := range c.flows.at {
		same := f.Client == nil || r.key.SrcAddr() == f.Client.IP
		if same && r.start <= to && r.last >= from && r.bytes[dir] >= leastBeside && !slices.Contains(of, r.id) {
			rows = append(rows, r)
		}
	}
	return byMoved(rows, maxPlotControls)
}

// byMoved lists n flows, those first that moved most.
func byMoved(rows []*flowRow, n int) []fact.FlowID {
	slices.SortFunc(rows, func(a, b *flowRow) int {
		return cmp.Or(-cmp.Compare(a.moved(), b.moved()), cmp.Compare(a.id, b.id))
	})
	var out []fact.FlowID
	for _, r := range rows[:min(len(rows), n)] {
		out = append(out, r.id)
	}
	return out
}

// plotsRate: a finding about how fast something goes, or what is lost of it.
func plotsRate(f *finding.Finding) bool {
	return strings.HasPrefix(string(f.Kind), "rate.") || f.Kind == finding.PathLoss
}

// plotsMedia: a finding about a call's media.
func plotsMedia(f *finding.Finding) bool {
	return f.Kind == finding.CallDegraded || f.Kind == finding.DropCall
}

// dataDir is the direction in which what is slow goes.
func dataDir(f *finding.Finding) fact.Dir {
	if f.Direction == finding.ToServer {
		return fact.Up
	}
	return fact.Down
}

// follow makes a trace of a flow, unless there is one. It is nil where there are too many.
func (c *Capture) follow(id fact.FlowID, dir fact.Dir) *trace {
	if t := c.traces[id]; t != nil {
		return t
	}
	if len(c.traces) >= maxTraces {
		return nil
	}
	t := newTrace(packets.Want(id, c.flow(id)), dir)
	c.traces[id] = t
	return t
}

// drain has the flows of a finding fill its bucket's account.
func (c *Capture) drain(f *finding.Finding, ids []fact.FlowID, dir fact.Dir) {
	b := newBucket(*f.RateBps, float64(*f.BurstBytes))
	for _, id := range ids {
		t := c.follow(id, dir)
		if t == nil || t.dir != dir {
			return
		}
		t.buckets = append(t.buckets, b)
	}
	c.buckets[f.ID] = b
}

// flow is what the first pass kept of a flow, nil if nothing.
func (c *Capture) flow(id fact.FlowID) *fact.Flow {
	if r := c.flows.at[id]; r != nil {
		return r.flow()
	}
	return nil
}

// flowIDs reads the ids of flows as findings carry them.
func flowIDs(list []string) []fact.FlowID {
	var out []fact.FlowID
	for _, s := range list {
		if id, ok := fact.ParseFlowID(s); ok {
			out = append(out, id)
		}
	}
	return out
}

func sortedIDs[V any](m map[fact.FlowID]V) []fact.FlowID {
	return slices.SortedFunc(maps.Keys(m), cmp.Compare[fact.FlowID])
}
