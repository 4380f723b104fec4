package detect

import (
	"fmt"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// ResetInjected judges the abortive ends of a TCP flow: RSTs, and FINs where
// something about them is impossible. Per direction it concludes
//
//   - reset.injected, from suspected up, where evidence says that the claimed
//     sender did not make it;
//   - reset.seen otherwise: unexplained, inconclusive, or benign with its cause.
//
// How connections end every day makes no finding: resets after a FIN, an alert
// or a reset of the other side, and a client that gives up.
type ResetInjected struct{}

// Name implements [FlowDetector].
func (ResetInjected) Name() string { return "reset" }

var (
	resetNeeded = []finding.Reason{
		{Code: "reset", Text: "a RST, or a FIN whose sender goes on"},
		{Code: "rtt", Text: "the round trip to the claimed sender, for R2"},
		{Code: "both_directions", Text: "both directions and no capture loss, for R3, R4 and R5"},
		{Code: "baseline", Text: "other packets of the claimed sender, for R6"},
	}
	noReset = []finding.Reason{{Code: "no_reset", Text: "no RST in this flow, and nothing wrong with a FIN"}}
	notTCP  = []finding.Reason{{Code: "not_tcp", Text: "only TCP has resets"}}
)

// Judge implements [FlowDetector].
func (ResetInjected) Judge(f *fact.Flow, w *fact.World) Judgement {
	j := Judgement{Needed: resetNeeded}
	switch {
	case f.Key.Proto != capture.ProtoTCP:
		j.Stopped = notTCP
		return j
	case len(f.Resets) == 0 && len(f.FINs) == 0:
		j.Stopped = noReset
		return j
	}
	for _, dir := range [...]fact.Dir{fact.Down, fact.Up} {
		newResetCase(f, w, dir).judge(&j)
	}
	if len(j.Saw) == 0 && len(j.Stopped) == 0 {
		j.Stopped = noReset
	}
	return j
}

// judge adds what there is to say about one direction.
func (c *resetCase) judge(j *Judgement) {
	signs := c.signs()
	if len(c.resets) == 0 && len(signs) == 0 {
		return
	}
	if !c.w.Terse {
		j.Saw = append(j.Saw, c.saw(signs)...)
	}
	if reason, ok := c.hopeless(); ok {
		j.Stopped = append(j.Stopped, reason)
		return
	}
	r := c.weigh(signs)
	j.Stopped = append(j.Stopped, vetoReasons(r.lost)...)
	if r.quiet {
		j.Stopped = append(j.Stopped, finding.Reason{Code: r.cause, Text: c.who() + ": " + r.why})
		return
	}
	j.Findings = append(j.Findings, c.report(&r))
}

// signs runs every rule.
func (c *resetCase) signs() []resetSign {
	var out []resetSign
	for _, rule := range []func() []resetSign{c.causal, c.life, c.behind, c.ahead, c.train, c.bothSides,
		c.rewrite, c.content, c.identity, c.reaction, c.fin} {
		out = append(out, rule()...)
	}
	return out
}

// hopeless says why a direction is not worth a finding whatever it shows.
func (c *resetCase) hopeless() (finding.Reason, bool) {
	made, own := c.ownReset()
	switch {
	case own: // the kernel knows why
		return made, true
	case c.local():
		return finding.Reason{Code: "local_side", Text: c.who() + ": sent by the capturing host itself"}, true
	case len(c.resets) > 0 && c.spoke() == 0 && c.peer().Packets == 0:
		return finding.Reason{Code: "stray", Text: c.who() + ": nothing but resets was captured"}, true
	}
	return finding.Reason{}, false
}

// saw lists what was there, for --why-not.
func (c *resetCase) saw(signs []resetSign) []finding.Reason {
	out := []finding.Reason{{Code: "resets", Text: fmt.Sprintf("%s: %s, %s", c.who(), plural(len(c.resets), "RST"), plural(len(c.fins), "FIN"))}}
	if rtt := c.rtt(); rtt.Ok {
		out = append(out, finding.Reason{Code: "rtt", Text: c.who() + ": round trip " + inMs(rtt.V)})
	}
	for i := range signs {
		out = append(out, finding.Reason{Code: signs[i].code, Text: sentence(signs[i].clause)})
	}
	return out
}

// who names the claimed sender.
func (c *resetCase) who() string {
	if c.dir == fact.Up {
		return "client"
	}
	return "server"
}
