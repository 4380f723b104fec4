package detect

import (
	"fmt"
	"math"
	"slices"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

const (
	// jointLosses is how many packets a flow must have lost to speak of a bucket
	// beside others: fewer are not kept (rate-and-calls, section 2.2: suspect at 5).
	jointLosses = 5
)

// joint is what flows of one client say together.
type joint struct {
	policing
	scope  fact.Scope
	laid   laid
	hidden []string // flows of the key that moved much and are not in the account
	local  bool     // this host itself dropped packets of one of them

	compared bool // the next two are known
	alone    int  // flows that fit a bucket of their own as well as all fit one
	parted   bool // one fits a bucket of its own of just its part of the rate
}

// weighJoint lays flows side by side and replays every busy period of them.
func weighJoint(logs []*fact.Logged, scope fact.Scope) joint {
	j := joint{scope: scope}
	bulks := make([]*fact.Bulk, len(logs))
	for i, l := range logs {
		bulks[i] = l.Bulk
	}
	j.lossKind = moreLosses(bulks...)
	j.laid = lay(logs, j.lossKind)
	for i, s := range j.laid.stretches() {
		j.try(s, i)
	}
	j.weigh()
	j.doubt()
	return j
}

// doubt withholds the verdict where the flows do not speak together, or not with
// one voice.
func (j *joint) doubt() {
	if j.kind != finding.RatePoliced {
		return
	}
	if !slices.ContainsFunc(j.agree, func(t *trial) bool { return len(j.losing([]*trial{t})) > 1 }) {
		j.kind = "" // one flow's matter after the other
		return
	}
	if j.compare(); j.eachAlone() {
		j.kind = "" // each has a bucket of its own
		return
	}
}

// together lists the flows that lost packets in the stretches that agree.
func (j *joint) together() []fact.FlowID { return j.losing(j.agree) }

// losing lists the flows that lost packets in stretches.
func (j *joint) losing(list []*trial) (out []fact.FlowID) {
	lost := make([]int, len(j.laid.logs))
	for _, t := range list {
		for i := range t.steps {
			if t.steps[i].lost {
				lost[t.steps[i].flow]++
			}
		}
	}
	for i, n := range lost {
		if n >= jointLosses {
			out = append(out, j.laid.logs[i].Flow)
		}
	}
	return out
}

// compare looks for flows that fit a bucket of their own at one rate, as those do
// that are policed each: then all together fit none but by chance. Two halves of
// one bucket may have one rate as well, but neither fits as well as the whole.
func (j *joint) compare() {
	if j.compared {
		return
	}
	j.compared = true
	var all, rates, better []float64
	for _, t := range j.agree {
		all = append(all, t.best().apart)
	}
	whole := math.Inf(1)
	if len(all) > 0 {
		whole = medianOf(all)
	}
	part := j.rate / float64(max(len(j.together()), 1)) // 0: they fit none
	for _, l := range j.laid.logs {
		own := weighPolicing(l.Bulk, l.Floor)
		if own.kind != finding.RatePoliced || own.torn || own.patchy(agreeShare) {
			continue
		}
		j.parted = j.parted || math.Abs(part/own.rate-1) <= sameRate
		if own.agree[0].fits() < 2 {
			continue
		}
		rates = append(rates, own.rate)
		if slices.ContainsFunc(own.agree, func(t *trial) bool { return t.best().apart >= whole }) {
			better = append(better, own.rate)
		}
	}
	if j.alone = mostAlike(rates); j.alone <= 2 {
		j.alone = mostAlike(better)
	}
}

// mostAlike is the size of the largest cluster of rates, 0 if each is alone.
func mostAlike(rates []float64) (most int) {
	for _, r := range rates {
		n := 0
		for _, o := range rates {
			if math.Abs(o/r-1) <= sameRate {
				n++
			}
		}
		most = max(most, n)
	}
	if most < 2 {
		return 0
	}
	return most
}

// hide looks for traffic of the key that is not in the account, and withholds
// the verdict where there may be: stretches that fit at several rates show it,
// too (rate-and-calls, section 2.3).
func (j *joint) hide(logs []*fact.Logged, w *fact.World) {
	if j.kind != finding.RatePoliced {
		return
	}
	var bytes uint64
	for _, t := range j.agree {
		bytes += t.bytes
	}
	first := j.laid.logs[0]
	q := fact.ControlQuery{From: j.agree[0].start, To: j.agree[len(j.agree)-1].end, Client: first.Key.SrcAddr(), If: first.If}
	for _, c := range w.ControlsFor(q, maxShared) {
		if slices.ContainsFunc(logs, func(l *fact.Logged) bool { return l.Flow == c.Flow }) || float64(c.Bytes) < sharedPart*float64(bytes) {
			continue
		}
		of := fact.Logged{Service: c.Service, Key: first.Key}
		switch j.scope {
		case fact.ScopeNetwork:
			if of.Service != first.Service || fact.Network(c.Server) != fact.Network(first.Key.DstAddr()) {
				continue
			}
		case fact.ScopeService:
			if of.Service != first.Service {
				continue
			}
		}
		j.hidden = append(j.hidden, c.Flow.String())
	}
	j.local = slices.ContainsFunc(j.laid.logs, func(l *fact.Logged) bool { return l.Local })
	if len(j.hidden) > 0 || j.torn || j.local || j.parted {
		j.verdict = finding.Inconclusive
	} else if j.clash > 0 {
		j.verdict = Cap(j.verdict, finding.Likely)
	}
}

// missing names what would have to be known for the account of all flows to count.
func (j *joint) missing() (out []finding.Reason) {
	lacks := func(cond bool, code finding.Input, text string) {
		if cond {
			out = append(out, finding.Reason{Code: string(code), Text: text})
		}
	}
	lacks(len(j.hidden) > 0, finding.LacksHidden, plural(len(j.hidden), "flow")+" of the same key moved much and could not be followed: they may drain the bucket, too")
	lacks(j.torn, finding.LacksHidden, "stretches fit at several rates, as they do where something drains the bucket that was not captured")
	lacks(j.parted, finding.LacksAllFlows, "one of the flows fits a bucket of its own of just its part of the rate: each may have one")
	lacks(j.local, finding.LacksHost, "this host's own kernel dropped packets of these flows: what was lost need not have been lost on the path")
	return out
}

// fits reports whether the flows are told of together, whatever the verdict.
func (j *joint) fits() bool { return j.kind == finding.RatePoliced }

// eachAlone reports flows of which most have a bucket of their own.
func (j *joint) eachAlone() bool { return 2*j.alone > losers(j.laid.logs) }

// judged gives the reasons.
func (j *joint) judged() Judgement {
	d := j.laid.logs[0].Dir
	out := Judgement{
		Needed:  []finding.Reason{{Code: "flows", Text: fmt.Sprintf("%d flows of the client that each lost %d packets or more in stretches that fit one bucket", 2, jointLosses)}},
		Saw:     j.saw(d),
		Stopped: j.stopped(d),
		Replays: j.told(d),
	}
	if j.alone > 0 {
		out.Stopped = append(out.Stopped, finding.Reason{Code: "each_alone", Text: fmt.Sprintf("%s fit a bucket of their own as well", plural(j.alone, "flow"))})
	}
	if len(j.hidden) > 0 {
		out.Stopped = append(out.Stopped, finding.Reason{Code: "hidden_traffic", Text: fmt.Sprintf("%s of the same key moved much without being followed", plural(len(j.hidden), "flow"))})
	}
	return out
}
