package detect

import (
	"fmt"
	"slices"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// maxPolicePackets is how many packets a finding names.
const maxPolicePackets = 8

// finding words what was weighed.
func (p *policing) finding(f *fact.Flow, w *fact.World, d fact.Dir) finding.Finding {
	out := Start(f, w, p.kind)
	Conclude(&out, p.verdict)
	out.Key = d.String()
	out.Direction, out.Segment = policedWhere(d, p.lossKind)
	bps, loss := 8*p.rate, p.lossShare()
	out.RateBps, out.Loss = &bps, &loss
	out.From, out.To = Time(p.agree[0].start), Time(p.agree[len(p.agree)-1].end)
	out.Packets = p.packets()
	out.Filter = Filter(out.Packets...)
	from := f.Key.DstAddr()
	if d == fact.Up {
		from = f.Key.SrcAddr()
	}
	out.Summary = fmt.Sprintf("data from %s held to %s, cause not shown: %.1f %% lost", from, rateText(bps), 100*loss)
	if p.kind == finding.RatePoliced {
		burst := uint64(max(p.burst, 0))
		out.BurstBytes = &burst
		out.Summary = fmt.Sprintf("data from %s held to %s by a token bucket of at least ~%s: %.1f %% lost, without a queue before the losses",
			from, rateText(bps), finding.Size(p.burst), 100*loss)
		out.Beside = ranBeside(f, w, d, p.agree[0].start, p.agree[len(p.agree)-1].end, bps)
		if len(p.shared) > 0 {
			out.Summary += "; other flows ran meanwhile, and a bucket they share is wider"
		}
	}
	out.For, out.Against = p.speaksFor(), p.speaksAgainst()
	out.RuledOut, out.NotRuledOut = p.lookAlikes()
	if out.Verdict == finding.Inconclusive {
		lacking(&out, p.missing(f.Rates[d])...)
	}
	return out
}

// policedWhere says whom the lost packets were addressed to and on which side
// of the tap they were lost.
func policedWhere(d fact.Dir, lossKind fact.EventFlag) (finding.Direction, finding.Segment) {
	to := finding.ToClient
	if d == fact.Up {
		to = finding.ToServer
	}
	if (d == fact.Down) == (lossKind == fact.LostUp) {
		return to, finding.ServerSide
	}
	return to, finding.ClientSide
}

func (p *policing) lossShare() float64 {
	var lost, all int
	for _, t := range p.agree {
		r := t.best()
		lost += r.lost
		all += r.lost + r.passed
	}
	return float64(lost) / float64(max(all, 1))
}

// packets names the first lost packets (for a loss before the tap, the arrival
// before it) of the stretches that agree, in order.
func (p *policing) packets() []uint64 {
	var out []uint64
	for _, t := range p.agree {
		share := max(maxPolicePackets/len(p.agree), 1)
		for k := range t.steps {
			st := &t.steps[k]
			if share == 0 || len(out) == maxPolicePackets {
				break
			}
			if !st.lost || slices.Contains(out, st.num) {
				continue
			}
			out = append(out, st.num)
			share--
		}
	}
	return out
}

// missing names what would have to be known to tell a bucket of this flow's own. r is
// the direction's throughput, nil where it is not kept.
func (p *policing) missing(r *fact.Rate) (out []finding.Reason) {
	lacks := func(code finding.Input, format string, args ...any) {
		out = append(out, finding.Reason{Code: string(code), Text: fmt.Sprintf(format, args...)})
	}
	if p.beside > 0 {
		lacks(finding.LacksAllFlows, "one account for %s that lost packets meanwhile, too: none was found, and of a bucket they share this flow shows neither the rate nor that there is one", plural(p.beside, "other flow"))
	}
	switch {
	case p.kind != finding.RateLimited:
	case p.stop == policeNoRTT:
		lacks(finding.LacksRoundTrips, "%s: a queue that filled before the losses cannot be ruled out", noTrips(r))
	case p.stop == policeGaps:
		lacks(finding.LacksGapless, "the capture itself missed packets meanwhile: what passed is not known well enough to drain a bucket with")
	default:
		lacks(finding.LacksBucket, "%s", p.smallBucket())
	}
	return out
}

// noTrips says why the round trips of a direction are not known.
func noTrips(r *fact.Rate) string {
	switch {
	case r == nil || r.Stamped:
		return "too few round trips before the losses"
	case r.OneWay:
		return "no timestamps and one-way capture, so that there are no round trips"
	}
	return "no timestamps, and too few round trips that acknowledgements show"
}

func rateText(bps float64) string {
	switch {
	case bps >= 1e6:
		return fmt.Sprintf("%.2f Mbit/s", bps/1e6)
	case bps >= 1e3:
		return fmt.Sprintf("%.0f kbit/s", bps/1e3)
	}
	return fmt.Sprintf("%.0f bit/s", bps)
}
