package html

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report/packets"
)

const (
	// plotBins is how many spans of time a plot has at most: two or three pixels each.
	plotBins = 320
	// leastRate is the shortest span of which a rate is shown, ns: below a round trip or
	// two it shows packets, not a rate.
	leastRate = 100_000_000
	// rawSegments is how many segments a sequence plot has one by one.
	rawSegments = 2500
)

// plots draws what a finding's flows did over time.
func (c *Capture) plots(ref string, f *finding.Finding, left *budget) []*plotView {
	if c.unread != "" {
		return nil
	}
	var out []*plotView
	add := func(name string, p *plotView) {
		if p == nil {
			return
		}
		p.ID = ref + "-" + name
		if n := p.Data.points(); n > left.points {
			p.Data, p.Full = nil, "The page has no room for this plot."
		} else {
			left.points -= n
		}
		out = append(out, p)
	}
	if plotsRate(f) {
		alone, beside := c.ratePlots(f)
		add("rate", alone)
		add("beside", beside)
		add("sequence", c.sequencePlot(f))
		add("rtt", c.rttPlot(f))
		add("bucket", c.bucketPlot(f))
	}
	if plotsMedia(f) {
		for _, id := range flowIDs(f.Flows) {
			if t := c.media[id]; t != nil {
				add("loss-"+id.String(), c.lossPlot(id, t))
				add("jitter-"+id.String(), c.jitterPlot(id, t))
				add("gaps-"+id.String(), c.gapPlot(id, t))
			}
		}
	}
	return out
}

// since is a time of the capture, s since its first packet.
func (c *Capture) since(ns int64) float64 {
	if c.stats.First.IsZero() {
		return float64(ns) / 1e9
	}
	return float64(ns-c.stats.First.UnixNano()) / 1e9
}

// called names a flow in a plot: its number and who it is with.
func (c *Capture) called(id fact.FlowID) string {
	out := id.String()
	if r := c.flows.at[id]; r != nil {
		if n := c.name(r.name, r.nameSize); n != "" {
			return esc(out+" "+n, 60)
		}
		return out + " " + c.addr(r.key.DstAddr())
	}
	return out
}

// one is a flow on a plot.
type one struct {
	id    fact.FlowID
	t     *trace
	class string
}

// followed lists the traces of a finding: its flows, then what is drawn beside them.
func (c *Capture) followed(f *finding.Finding) (subjects, controls []one) {
	list := func(ids []fact.FlowID, class string) (out []one) {
		for _, id := range ids {
			if t := c.traces[id]; t != nil && t.bins.width != 0 {
				out = append(out, one{id, t, class})
			}
		}
		return out
	}
	return list(flowIDs(f.Flows), "subject"), list(c.controls[f.ID], "control")
}

// muchMore: from here on what is slow could not be seen beside what is not, so that it
// gets a plot of its own, too.
const muchMore = 5

// ratePlots are throughput over time, with the rate that was found and the flows it was
// compared with.
func (c *Capture) ratePlots(f *finding.Finding) (main, beside *plotView) {
	subjects, controls := c.followed(f)
	if len(subjects) == 0 {
		return nil, nil
	}
	main = c.ratePlot(f, subjects, nil)
	if len(controls) == 0 {
		return main, nil
	}
	both := c.ratePlot(f, subjects, controls)
	slow := both.Data.highest("subject")
	if f.RateBps != nil {
		slow = *f.RateBps
	}
	if both.Data.highest("control") <= muchMore*slow {
		return both, nil
	}
	both.Title = "The same beside others"
	return main, both
}

// ratePlot draws some flows; those of the finding are added up if all are there.
func (c *Capture) ratePlot(f *finding.Finding, subjects, controls []one) *plotView {
	all := slices.Concat(subjects, controls)
	laid := make([]extent, len(all))
	for i, o := range all {
		laid[i] = o.t.bins.extent()
	}
	width, lo, hi := grid(laid, leastRate)
	p := &plotData{Kind: "lines", Unit: "bit/s", Zero: true}
	for i := lo; i <= hi; i++ {
		p.X = append(p.X, c.since(i*width+width/2))
	}
	sum := plotSeries{Label: fmt.Sprintf("all %d together", len(subjects)), Class: "sum", Y: make(nums, len(p.X))}
	var caption []string
	for i, o := range all {
		s, bytes := c.rateSeries(o, width, lo, hi)
		if o.class == "subject" {
			for j, v := range s.Y {
				if !math.IsNaN(v) {
					sum.Y[j] += v
				}
			}
			for _, at := range o.t.losses {
				if at.sort != gone {
					p.Marks = append(p.Marks, c.since(at.time))
				}
			}
			if i >= maxPlotFlows {
				continue
			}
		}
		p.Series = append(p.Series, s)
		caption = append(caption, fmt.Sprintf("%s moved %s", s.Label, finding.Size(float64(bytes))))
	}
	if n := len(subjects); n > 1 && n == len(f.Flows) {
		p.Series = append(p.Series, sum)
	}
	p.Levels = rateLevels(f)
	return &plotView{Title: "Throughput", Data: p, Caption: fmt.Sprintf("IP bytes %s, in spans of %s; ticks at the bottom are losses. %s.",
		directionWord(dataDir(f)), packets.Span(width), strings.Join(caption, "; "))}
}

// rateSeries is one flow over the bins lo to hi, and the bytes in them.
func (c *Capture) rateSeries(o one, width, lo, hi int64) (s plotSeries, sum uint64) {
	w := o.t.bins.wide(width)
	s = plotSeries{Label: c.called(o.id), Class: o.class}
	for i := lo; i <= hi; i++ {
		j := i - w.from
		if j < 0 || j >= int64(len(w.list)) {
			s.Y = append(s.Y, nothing)
			continue
		}
		sum += w.list[j].bytes
		s.Y = append(s.Y, math.Round(float64(w.list[j].bytes)*8e9/float64(width)))
	}
	return s, sum
}

// rateLevels are the rates that a finding tells.
func rateLevels(f *finding.Finding) (out []plotLevel) {
	for _, l := range []struct {
		label string
		bps   *float64
	}{{"held to", f.RateBps}, {"before", f.BeforeBps}, {"after", f.AfterBps}} {
		told := slices.ContainsFunc(out, func(o plotLevel) bool { return l.bps != nil && math.Abs(o.Y-*l.bps) < o.Y/50 })
		if l.bps != nil && *l.bps > 0 && !told {
			out = append(out, plotLevel{l.label + " " + answer.Rate(*l.bps), *l.bps})
		}
	}
	return out
}

func directionWord(d fact.Dir) string {
	if d == fact.Up {
		return "to the server"
	}
	return "to the client"
}

// sequencePlot is sequence numbers over time, after tcptrace: segments, acknowledgements,
// and what was lost.
func (c *Capture) sequencePlot(f *finding.Finding) *plotView {
	id, t := c.main(f)
	if t == nil || t.count == 0 {
		return nil
	}
	p := &plotData{Kind: "sequence", Unit: "bytes", Zero: true}
	v := &plotView{Title: "Sequence numbers", Data: p}
	v.Caption = fmt.Sprintf("%s, counted from its first byte: %d segments, %d marks of losses (a hole, the bytes that fill it later, bytes that were seen before and came again).",
		c.called(id), t.count, t.lossSum)
	if t.count <= rawSegments && len(t.acks) <= rawSegments {
		for _, s := range t.segs {
			p.Fresh = append(p.Fresh, c.since(s.time), float64(s.seq), float64(s.len))
		}
		for _, a := range t.acks {
			p.Acks = append(p.Acks, c.since(a.time), float64(a.seq))
		}
	} else {
		w := c.thinned(t, p)
		v.Thinned = fmt.Sprintf("Thinned: %d segments are drawn as the lowest and the highest number in each %s; losses are drawn one by one.", t.count, packets.Span(w))
	}
	for _, s := range t.losses {
		to := map[segSort]*nums{again: &p.Again, filled: &p.Filled, gone: &p.Gone}[s.sort]
		*to = append(*to, c.since(s.time), float64(s.seq), float64(s.len))
	}
	if n := t.lossSum - len(t.losses); n > 0 {
		v.Thinned += fmt.Sprintf(" %d marks of losses beyond the first %d are not drawn.", n, len(t.losses))
	}
	return v
}

// thinned draws a flow of many segments by spans of time, and returns how long they are.
func (c *Capture) thinned(t *trace, p *plotData) int64 {
	width := t.bins.width
	for int64(len(t.bins.list))*t.bins.width/width > 2*plotBins {
		width *= 2
	}
	w := t.bins.wide(width)
	for i := range w.list {
		m := &w.list[i]
		if m.to > 0 {
			p.Fresh = append(p.Fresh, c.since(w.start(i)), float64(m.from), float64(m.to-m.from))
		}
		if m.acked > 0 {
			p.Acks = append(p.Acks, c.since(w.start(i)), float64(m.acked))
		}
	}
	return width
}

// main is the flow of a finding that moved most.
func (c *Capture) main(f *finding.Finding) (id fact.FlowID, t *trace) {
	subjects, _ := c.followed(f)
	for _, o := range subjects {
		if t == nil || o.t.count > t.count {
			id, t = o.id, o.t
		}
	}
	return id, t
}

// rttPlot is round trips over time, of the leg to the sender of the data and of that to
// its receiver: the least and the most of each span.
func (c *Capture) rttPlot(f *finding.Finding) *plotView {
	id, t := c.main(f)
	if t == nil {
		return nil
	}
	width := t.bins.width
	for int64(len(t.bins.list))*t.bins.width/width > plotBins {
		width *= 2
	}
	w := t.bins.wide(width)
	p := &plotData{Kind: "lines", Unit: "ms", Zero: true}
	for i := range w.list {
		p.X = append(p.X, c.since(w.start(i)+width/2))
	}
	ends := [2]string{"server", "client"}
	if t.dir == fact.Up {
		ends = [2]string{"client", "server"}
	}
	var caption []string
	for leg, how := range [2]string{"timestamps and their echo, which waits where its sender may not send", "segments and their acknowledgement"} {
		var all spread
		least, most := plotSeries{Class: "least"}, plotSeries{Class: "most"}
		for i := range w.list {
			s := w.list[i].rtt[leg]
			all.merge(&s)
			lo, hi := nothing, nothing
			if s.n > 0 {
				lo, hi = s.min, s.max
			}
			least.Y, most.Y = append(least.Y, lo), append(most.Y, hi)
		}
		if all.n < 2 {
			continue
		}
		least.Label, most.Label = "tap to "+ends[leg]+", least", "tap to "+ends[leg]+", most"
		p.Series = append(p.Series, least, most)
		caption = append(caption, fmt.Sprintf("to the %s %.1f to %.1f ms (%d samples, %s)", ends[leg], all.min, all.max, all.n, how))
	}
	if len(p.Series) == 0 {
		return nil
	}
	return &plotView{Title: "Round trips", Data: p, Caption: fmt.Sprintf("%s, from the tap: %s. The least and the most of each %s.",
		c.called(id), strings.Join(caption, "; "), packets.Span(width))}
}

// bucketPlot is the fill of the token bucket that a finding tells of.
func (c *Capture) bucketPlot(f *finding.Finding) *plotView {
	b := c.buckets[f.ID]
	if b == nil || !b.begun {
		return nil
	}
	width := b.bins.width
	for int64(len(b.bins.list))*b.bins.width/width > plotBins {
		width *= 2
	}
	w := b.bins.wide(width)
	p := &plotData{Kind: "lines", Unit: "bytes", Levels: []plotLevel{{"empty", 0}, {"full", b.burst}}}
	least, most := plotSeries{Label: "least", Class: "least"}, plotSeries{Label: "most", Class: "most"}
	for i := range w.list {
		l := &w.list[i]
		p.X = append(p.X, c.since(w.start(i)+width/2))
		lo, hi := nothing, nothing
		if l.n > 0 {
			lo, hi = l.min, l.max
		}
		least.Y, most.Y = append(least.Y, lo), append(most.Y, hi)
		if l.missed > 0 {
			p.Marks = append(p.Marks, c.since(w.start(i)))
		}
	}
	p.Series = []plotSeries{least, most}
	text := fmt.Sprintf("A bucket of %s filled at %s, full at the first packet; %d packets that passed took their IP bytes.",
		finding.Size(b.burst), answer.Rate(b.rate*8), b.passes)
	text += fmt.Sprintf(" %.1f %% of the bytes passed when it held too little: so far rate and burst are estimated too low.", 100*b.over/max(b.passed, 1))
	return &plotView{Title: "Tokens in the bucket, recomputed", Data: p, Caption: text}
}
