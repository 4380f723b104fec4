package detect

import (
	"fmt"
	"math"
	"slices"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// Codes of the evidence about throughput.
const (
	rateFlat    = "S1" // the rate is flat
	rateQueue   = "S2" // behind a queue
	rateShifted = "S3" // and had been higher before
	rateControl = "S4" // others are faster meanwhile
	rateKnown   = "S5" // a rate that operators set
	rateMissing = "S6" // what would tell more, and what speaks against
	rateFall    = "H1" // the rate fell inside the flow
	rateOnset   = "S7" // round trips before the first loss
)

// maxRatePackets is how many packets a finding about throughput shows.
const maxRatePackets = 8

// explain tells what was seen and what stopped it.
func (c *slowed) explain(j *Judgement) {
	p := &c.pace
	l, part := p.limits()
	j.saw("limits", "%s: %d spans of time, %.0f %% of the bytes while the network limited the sender; in %.0f %% of the time it was %s; %d spans have a round trip, the path's is %.0f ms",
		c.dir, len(p.cells), 100*p.backloggedShare(), 100*part, l, p.trips, 1e3*p.floor)
	if c.plateau {
		f := &c.flat
		j.saw("flat", "%s: flat at %s for %s, %.0f %% of its spans near, %d of %d behind a queue, round trip %.0f ms, %.1f %% lost", c.dir, rateText(f.bps),
			spellNs(p.cells[f.to-1].to-p.cells[f.from].from), 100*f.flat, f.queue, f.to-f.from, 1e3*f.trip, 100*f.loss)
	}
	for _, r := range c.why {
		j.stop(r.Code, "%s: %s", c.dir, r.Text)
	}
}

// finding words what was weighed.
func (c *slowed) finding(f *fact.Flow, w *fact.World) finding.Finding {
	out := Start(f, w, c.kind)
	out.Key = "pace " + c.dir.String()
	out.Direction, out.Segment = queueWhere(c.dir, c.pace.leg)
	if c.shifted {
		c.tellShift(&out)
	} else {
		c.tellPlateau(f, &out)
	}
	for i := range c.controls[:min(len(c.controls), maxControls)] {
		out.Controls = append(out.Controls, c.controls[i].series.Flow.String())
	}
	slices.Sort(out.Packets)
	out.Packets = slices.Compact(out.Packets)
	out.Packets = out.Packets[:min(len(out.Packets), maxRatePackets)]
	out.Filter = Filter(out.Packets...)
	Conclude(&out, c.verdict)
	if c.kind == finding.RateLimited {
		lacking(&out, c.lacks)
	}
	return out
}

// queueWhere says whom the data were addressed to, and on which side of the tap the
// longer leg is, where a queue would be.
func queueWhere(d fact.Dir, leg fact.Leg) (finding.Direction, finding.Segment) {
	kind := fact.LostDown
	if leg == fact.LegUp {
		kind = fact.LostUp
	}
	return policedWhere(d, kind)
}

func sender(f *fact.Flow, d fact.Dir) string {
	if d == fact.Up {
		return f.Key.SrcAddr().String()
	}
	return f.Key.DstAddr().String()
}

// tellPlateau words a flat rate.
func (c *slowed) tellPlateau(f *fact.Flow, out *finding.Finding) {
	p, flat := &c.pace, &c.flat
	cells := p.cells[flat.from:flat.to]
	bps := flat.bps
	out.RateBps, out.Loss = &bps, &flat.loss
	if p.rate.Datagram {
		out.Loss = nil
	}
	out.From, out.To = Time(cells[0].from), Time(cells[len(cells)-1].to)
	out.Packets = append(out.Packets, firstPackets(cells, 3)...)
	lasts := spellNs(cells[len(cells)-1].to - cells[0].from)
	out.For = append(out.For, finding.Evidence{Code: rateFlat, Family: finding.Rate, Class: finding.M, Packets: out.Packets,
		Text: fmt.Sprintf("%s for %s: %.0f %% of %d spans within %.0f %% of it", rateText(bps), lasts, 100*flat.flat, len(cells), 100*flat.width/bps),
		Got:  fmt.Sprintf("%.0f %%", 100*flat.flat), Want: fmt.Sprintf(">= %.0f %%", 100*flatShare)})
	if flat.queued() {
		out.For = append(out.For, finding.Evidence{Code: rateQueue, Family: finding.Delay, Class: finding.S,
			Text: fmt.Sprintf("round trips of %.0f ms at the median where the path has %.0f: %s wait in a queue", 1e3*flat.trip, 1e3*p.floor, finding.Size(bps/8*(flat.trip-p.floor))),
			Got:  fmt.Sprintf("%.0f ms", 1e3*flat.trip), Want: fmt.Sprintf(">= %.0f ms", 1e3*max(queueFactor*p.floor, p.floor+queueLeast))})
	}
	if t := knownRate(bps); t != "" {
		out.For = append(out.For, finding.Evidence{Code: rateKnown, Family: finding.Rate, Class: finding.W, Text: "that is " + t + ", as limits are set; a hint, no more"})
	}
	from := sender(f, c.dir)
	if c.kind != finding.RateShaped {
		c.tellLimited(from, lasts, out)
		c.tellOnset(f, out)
		return
	}
	a := &c.allowance
	before, after := a.bps, bps
	passed := uint64(a.all)
	out.BeforeBps, out.AfterBps, out.AfterBytes = &before, &after, &passed
	early := p.cells[a.from : a.from+a.cells]
	packets := append(firstPackets(early, 2), cells[0].Num)
	out.Packets = append(out.Packets, packets...)
	out.For = append(out.For, finding.Evidence{Code: rateShifted, Family: finding.Multiplicity, Class: finding.S, Packets: packets,
		Text: fmt.Sprintf("before it ran at %s: each of %d spans was above each flat one, and after %s it fell at once and stayed", rateText(a.bps), a.cells, finding.Size(a.all)),
		Got:  fmt.Sprintf("%.1f times", a.bps/bps), Want: fmt.Sprintf("> %.2f times", shiftFactor)})
	c.tellControls(out, bps)
	out.RuledOut = append(out.RuledOut, "receiver_window", "sender_pace", "slow_line", "competing_transfer")
	out.NotRuledOut = append(out.NotRuledOut, "far_end")
	out.Summary = fmt.Sprintf("data from %s held to %s by a queue after %s at %s: round trips rose from %.0f to %.0f ms, while %s ran at %s",
		from, rateText(bps), finding.Size(a.all), rateText(a.bps), 1e3*p.floor, 1e3*flat.trip, nameOf(c.controls[0].series), rateText(c.controls[0].bps))
}

// tellLimited words a flat rate of which the reason does not show.
func (c *slowed) tellLimited(from, lasts string, out *finding.Finding) {
	for _, r := range c.why {
		out.Against = append(out.Against, finding.Evidence{Code: rateMissing, Family: finding.Rate, Class: finding.X, Text: r.Text})
		noteUnseen(out, r.Code)
	}
	out.NotRuledOut = append(out.NotRuledOut, "slow_line", "shaper")
	how := "flat, cause not shown"
	if c.flat.queued() {
		out.RuledOut = append(out.RuledOut, "receiver_window", "sender_pace")
		how = fmt.Sprintf("behind a queue (round trip %.0f ms, path %.0f ms)", 1e3*c.flat.trip, 1e3*c.pace.floor)
	} else {
		out.NotRuledOut = append(out.NotRuledOut, "policer", "sender_pace")
		out.Segment = finding.UnknownSegment
	}
	out.Summary = fmt.Sprintf("data from %s ran at %s for %s, %s: %s", from, rateText(c.flat.bps), lasts, how, c.lacks.Text)
}

// tellOnset adds how the direction first lost something: it speaks for a queue or
// against one.
func (c *slowed) tellOnset(f *fact.Flow, out *finding.Finding) {
	o := openingOf(f, c.dir, c.pace.leg)
	e, ok := onsetEvidence(rateOnset, finding.W, &o)
	switch {
	case !ok:
	case c.flat.queued() && onsetOf(&o) == onsetFlat:
		e.Class = finding.X
		out.Against = append(out.Against, e)
	default:
		out.For = append(out.For, e)
	}
}

// tellControls adds what ran faster meanwhile.
func (c *slowed) tellControls(out *finding.Finding, bps float64) {
	x := &c.controls[0]
	out.Beside = x.beside()
	out.For = append(out.For, finding.Evidence{Code: rateControl, Family: finding.Control, Class: finding.S, Packets: []uint64{x.num},
		Text: fmt.Sprintf("meanwhile %s of the same client ran faster, %s at %s", plural(len(c.controls), "transfer"), nameOf(x.series), rateText(x.bps)),
		Got:  fmt.Sprintf("%.1f times", x.bps/bps), Want: fmt.Sprintf(">= %d times", besideFactor)})
	out.Packets = append(out.Packets, x.num)
}

// tellShift words a fall.
func (c *slowed) tellShift(out *finding.Finding) {
	p, s := &c.pace, &c.shift
	before, after := s.before, s.after
	out.RateBps, out.BeforeBps, out.AfterBps = &after, &before, &after
	cells := p.cells[s.at:]
	out.From, out.To = Time(cells[0].from), Time(cells[len(cells)-1].to)
	var bytes float64
	for i := range p.cells[:s.at] {
		bytes += p.cells[i].bytes
	}
	bytes += float64(p.rate.Before)
	passed := uint64(bytes)
	out.AfterBytes = &passed
	out.Packets = append(firstPackets(p.cells[:s.at], 2), firstPackets(cells, 2)...)
	out.For = append(out.For, finding.Evidence{Code: rateFall, Family: finding.Rate, Class: finding.M, Packets: slices.Clone(out.Packets),
		Text: fmt.Sprintf("the rate fell from %s to %s after %s (95 %%: to %.0f to %.0f %% of it)", rateText(before), rateText(after), finding.Size(bytes), 100*s.low, 100*s.high),
		Got:  fmt.Sprintf("%.2f", after/before), Want: fmt.Sprintf("<= %.2f", shiftRatio)})
	c.tellControls(out, after)
	out.RuledOut = append(out.RuledOut, "receiver_window", "competing_transfer")
	out.NotRuledOut = append(out.NotRuledOut, "far_end", "sender_pace", "random_loss")
	for _, r := range c.why {
		noteUnseen(out, r.Code)
	}
	out.Summary = fmt.Sprintf("the rate fell from %s to %s inside the connection, after %s, while %s ran at %s", rateText(before), rateText(after), finding.Size(bytes),
		nameOf(c.controls[0].series), rateText(c.controls[0].bps))
}

// noteUnseen notes of the reasons for which no more is said those that the capture has.
func noteUnseen(out *finding.Finding, code string) {
	switch code {
	case "queue_unseen", "no_control":
		noteBlind(out, code)
	}
}

// firstPackets are the first packets of up to n cells, from the first.
func firstPackets(cells []cell, n int) (out []uint64) {
	for i := range cells {
		if len(out) == n {
			break
		}
		if cells[i].Num != 0 {
			out = append(out, cells[i].Num)
		}
	}
	return out
}

// beside is a control as a finding carries it.
func (x *fast) beside() *finding.Beside {
	return &finding.Beside{Name: nameOf(x.series), RateBps: x.bps}
}

// nameOf is what a series is called: foreign text, or an address.
func nameOf(s *fact.RateSeries) string {
	if s.Name != "" {
		return s.Name
	}
	return s.Server.String()
}

// knownRates are rates that operators set, bits/s; 130 to 150 kbit/s is what Twitter was
// held to in 2021 (rate-and-calls, section 2.5).
var knownRates = []float64{64e3, 128e3, 256e3, 384e3, 512e3, 1e6, 2e6}

// knownNear is how near to one a rate must be.
const knownNear = 0.05

func knownRate(bps float64) string {
	if bps >= 130e3 && bps <= 150e3 {
		return "between 130 and 150 kbit/s"
	}
	for _, k := range knownRates {
		if math.Abs(bps/k-1) <= knownNear {
			return "near " + rateText(k)
		}
	}
	return ""
}
