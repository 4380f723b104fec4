package detect

import (
	"fmt"
	"slices"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

func (t *contest) lacks(code, format string, args ...any) *finding.Reason {
	t.why = &finding.Reason{Code: code, Text: fmt.Sprintf(format, args...)}
	return t.why
}

// lacking says what is too little to compare, nil when nothing is.
func (t *contest) lacking() *finding.Reason {
	a, b := &t.test, &t.control
	if t.sealed {
		switch {
		case a.n < extremeSlices || a.seconds < extremeSeconds:
			return t.lacks("insufficient", "%d slices and %.0f s of it, of at least %d and %.0f", a.n, a.seconds, extremeSlices, extremeSeconds)
		case len(b.flows) < diffFlows || b.beside < extremeControl || b.bytes < extremeControls:
			return t.lacks("insufficient", "%d other transfers with %d slices and %s meanwhile, of at least %d, %d and %s", len(b.flows), b.beside, finding.Size(b.bytes), diffFlows, extremeControl, finding.Size(extremeControls))
		}
		return nil
	}
	for _, x := range [...]struct {
		what string
		*pool
	}{{"it", a}, {"other transfers", b}} {
		if x.n < diffSlices || len(x.flows) < diffFlows || x.seconds < diffSeconds {
			return t.lacks("insufficient", "%d slices, %d flows and %.0f s of %s, of at least %d, %d and %.0f", x.n, len(x.flows), x.seconds, x.what, diffSlices, diffFlows, diffSeconds)
		}
	}
	if x, y := medianOf(a.floors), medianOf(b.floors); x > diffFloors*y || y > diffFloors*x {
		return t.lacks("other_distance", "its server is %.0f ms away, those of the others %.0f ms: the distance alone makes a difference", 1e3*x, 1e3*y)
	}
	return nil
}

// verdict says how sure it is that the test is slowed, and what that is; "" not at all.
// It is one service that waits in a queue of its own that makes it likely: a queue at
// the line would hold up all.
func (t *contest) verdict() (finding.Verdict, finding.Kind) {
	if t.area <= diffArea || t.ksP >= diffChance {
		return "", ""
	}
	if t.low, t.high = bootstrap(t.test.slices, t.control.slices); t.high >= diffSlower {
		return "", ""
	}
	flat := t.near >= flatShare
	if t.sealed {
		if t.ratio > diffTenth || !flat {
			return "", ""
		}
		return finding.Suspected, finding.RateDifferential
	}
	own, seen := t.ownQueue()
	switch {
	case seen && !own: // they wait in the same one
		return "", ""
	case !seen || t.high >= diffHalf || float64(t.control.beside) < diffBeside*float64(t.control.n):
		return finding.Suspected, finding.RateDifferential
	case flat:
		return finding.Likely, finding.RateShaped
	}
	return finding.Suspected, finding.RateDifferential
}

// ownQueue reports whether the test waits in a queue that the control does not wait in;
// seen, that waiting was seen on both sides.
func (t *contest) ownQueue() (own, seen bool) {
	a, b := t.test.waits, t.control.waits
	return medianOf(b) < sameQueue*medianOf(a), len(a) >= queueTrips && len(b) >= queueTrips
}

// finding words a contest.
func (t *contest) finding(w *fact.World, v finding.Verdict, kind finding.Kind) finding.Finding {
	s := t.test.series[0]
	leg := longerLeg(&s.Rate)
	f := finding.Finding{
		Kind: kind, Key: fmt.Sprintf("%s %s %s %d", t.client, t.service, t.dir, s.Proto), Service: t.service, Proto: protoName(s),
		Client: &finding.Endpoint{IP: t.client}, Name: s.Name,
		Flows: []string{}, Controls: []string{}, From: Time(t.from), To: Time(t.to), Segment: finding.UnknownSegment, Vantage: w.Vantage,
		For: []finding.Evidence{}, Against: []finding.Evidence{}, RuledOut: []string{}, NotRuledOut: []string{"far_end"},
		Blind: append([]string{}, w.Blind.Names()...), Packets: []uint64{},
	}
	f.Direction, _ = queueWhere(t.dir, leg)
	if !t.sealed {
		f.Direction, f.Segment = queueWhere(t.dir, leg)
	}
	rate, ratio := t.sum, t.ratio
	if f.Ratio = &ratio; !t.sentAhead(w.Vantage) {
		f.RateBps = &rate
	}
	t.parties(&f)
	f.Packets = slices.Concat(firstOf(t.test.series), firstOf(t.control.series))
	slices.Sort(f.Packets)
	f.Packets = slices.Compact(f.Packets)
	f.Filter = Filter(f.Packets...)
	t.evidence(&f)
	top := t.fastest()
	f.Beside = top.beside()
	f.Summary = fmt.Sprintf("%s held to %s in all, a median of %s per connection where others have %s (ratio %.2f); meanwhile %s ran at %s",
		t.what(), rateText(t.sum), rateText(t.slow), rateText(t.usual), t.ratio, nameOf(top.series), rateText(top.bps))
	Conclude(&f, v)
	return f
}

// sentAhead reports that the tap lies where it was sent, and nothing says how much of it
// went through.
func (t *contest) sentAhead(vantage string) bool {
	return t.sealed && (vantage == "server" && t.dir == fact.Down || vantage == "host" && t.dir == fact.Up)
}

// what is the test, as people call it.
func (t *contest) what() string {
	s := t.test.series[0]
	from := "data from " + s.Server.String()
	if t.dir == fact.Up {
		from = "data to " + s.Server.String()
	}
	if n := len(t.test.flows); n > 1 {
		from += fmt.Sprintf(" (%d connections)", n)
	}
	return from
}

// parties names the flows of either side.
func (t *contest) parties(f *finding.Finding) {
	s := t.test.series[0]
	f.Server, f.Function = &finding.Endpoint{IP: s.Server, Port: s.Port}, s.Function
	for _, x := range t.test.series {
		if id := x.Flow.String(); !slices.Contains(f.Flows, id) {
			f.Flows = append(f.Flows, id)
		}
		if x.Function != f.Function {
			f.Function = ""
		}
		if x.Server != s.Server || x.Port != s.Port {
			f.Server = nil
		}
		if x.Name != s.Name {
			f.Name = ""
		}
	}
	for _, id := range t.control.flows[:min(len(t.control.flows), 2*maxControls)] {
		f.Controls = append(f.Controls, id.String())
	}
}

// fastest is the control at its best.
func (t *contest) fastest() (top fast) {
	for _, s := range t.control.series {
		if x := best(s, t.from, t.to); x.bps > top.bps || top.series == nil {
			x.series = s
			top = x
		}
	}
	return top
}

// firstOf are packets with which some series begin.
func firstOf(list []*fact.RateSeries) (out []uint64) {
	for _, s := range list[:min(len(list), maxControls)] {
		if n := s.Rate.Bins[0].Num; n != 0 {
			out = append(out, n)
		}
	}
	return out
}

func protoName(s *fact.RateSeries) string {
	if s.Rate.Datagram {
		return "udp"
	}
	return "tcp"
}

// evidence lists what speaks for it and against it.
func (t *contest) evidence(f *finding.Finding) {
	class := finding.M
	if t.high < diffHalf {
		class = finding.S
	}
	f.For = append(f.For, finding.Evidence{Code: "F1", Family: finding.Control, Class: class, Packets: f.Packets,
		Text: fmt.Sprintf("%d slices of %d flows ran at %s at the median, %d of %d others at %s: %.2f of it, 95 %% %.2f to %.2f by block bootstrap; area %.2f, KS %.2f (p %.1e), rank test p %.1e",
			t.test.n, len(t.test.flows), rateText(t.slow), t.control.n, len(t.control.slices), rateText(t.usual), t.ratio, t.low, t.high, t.area, t.ks, t.ksP, t.rankP),
		Got: fmt.Sprintf("%.2f", t.high), Want: fmt.Sprintf("< %.2f", diffSlower)})
	if t.near >= flatShare {
		f.For = append(f.For, finding.Evidence{Code: rateFlat, Family: finding.Rate, Class: finding.M,
			Text: fmt.Sprintf("all of it together is flat at %s in %.0f %% of the time", rateText(t.sum), 100*t.near), Got: fmt.Sprintf("%.0f %%", 100*t.near), Want: fmt.Sprintf(">= %.0f %%", 100*flatShare)})
	}
	if t.sealed {
		text := "neither losses nor round trips show outside of QUIC: whether a queue, a bucket or the server's own pace holds it cannot be seen"
		f.Against = append(f.Against, finding.Evidence{Code: rateMissing, Family: finding.Rate, Class: finding.X, Text: text})
		noteBlind(f, "queue_unseen")
		f.NotRuledOut = append(f.NotRuledOut, "sender_pace", "far_server")
		return
	}
	f.RuledOut = append(f.RuledOut, "receiver_window", "sender_pace", "far_server")
	mine, theirs := 1e3*medianOf(t.test.waits), 1e3*medianOf(t.control.waits)
	if own, seen := t.ownQueue(); own && seen {
		f.For = append(f.For, finding.Evidence{Code: rateQueue, Family: finding.Delay, Class: finding.S,
			Text: fmt.Sprintf("it waited %.0f ms in a queue, the others meanwhile %.0f: a queue of its own", mine, theirs), Got: fmt.Sprintf("%.0f ms", theirs), Want: fmt.Sprintf("< %.0f ms", sameQueue*mine)})
		f.RuledOut = append(f.RuledOut, "slow_line")
	} else {
		f.NotRuledOut = append(f.NotRuledOut, "slow_line")
	}
}

// explain tells what came of comparing the service of a flow with others.
func explain(f *fact.Flow, w *fact.World, j *Judgement) {
	for _, t := range testsOf(w) {
		if !slices.Contains(t.test.flows, f.ID) {
			continue
		}
		if t.why != nil {
			j.stop(t.why.Code, "%s, compared with others: %s", t.dir, t.why.Text)
			continue
		}
		t.low, t.high = bootstrap(t.test.slices, t.control.slices) // whatever the verdict says before it would ask
		j.saw("compared", "%s: %d slices of %d flows at %s, %d of %d others at %s: %.2f of it (95 %% to %.2f), area %.2f, KS p %.1e; waited %.0f ms, the others %.0f; together flat in %.0f %% of the time",
			t.dir, t.test.n, len(t.test.flows), rateText(t.slow), t.control.n, len(t.control.flows), rateText(t.usual), t.ratio, t.high, t.area, t.ksP,
			1e3*medianOf(t.test.waits), 1e3*medianOf(t.control.waits), 100*t.near)
		if v, _ := t.verdict(); v == "" {
			j.stop("no_difference", "%s: it is not slower than others by a queue of its own", t.dir)
		}
	}
}
