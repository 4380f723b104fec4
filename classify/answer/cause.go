package answer

import (
	"fmt"
	"slices"
	"strings"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// cause is the judgement on where the fault lies.
//
// It is unknown where something does not work, or not well, and nothing shows why. Of
// what makes a service blocked or throttled that is never so: a finding that says so has
// seen something done to the traffic, by a device that is somewhere. Whose it is the
// packets do not show, and it may stand at the far end: not_ruled_out of the finding and
// "who" of cannot_tell say that. That a call loses packets shows no device.
func (v *view) cause(s Status) string {
	switch s {
	case Blocked, Throttled, Degraded:
		if v.onlyQuality() {
			return CauseUnknown
		}
		return CauseInterference
	case Failing:
		switch {
		case v.has(local), v.ownDoing():
			return CauseThisHost
		case v.ownPolicy(), v.portal:
			return CauseOwnPolicy
		}
		if c := v.badPath(); c != "" {
			return c
		}
		return CauseUnknown
	case OK:
		if v.has(local) {
			return CauseThisHost
		}
		if c := v.badPath(); c != "" {
			return c
		}
		if v.works() == WorksPartly {
			return CauseUnknown
		}
		return CauseNone
	case Inconclusive:
		return CauseUnknown
	}
	return CauseNone
}

// onlyQuality: all that was found is that calls are bad. What their media lose is lost
// before the tap, and the other party's own link lies there, too.
func (v *view) onlyQuality() bool {
	some := false
	for _, f := range v.about {
		switch {
		case !raises(f) || f.Survived || !v.concerns(f):
		case f.Kind != finding.CallDegraded:
			return false
		default:
			some = true
		}
	}
	return some && !slices.ContainsFunc(v.hostWide, raises)
}

// ownDoing: this host made every connection fail that did, and no name was denied.
func (v *view) ownDoing() bool {
	t := &v.mainTotal
	return t.own > 0 && t.own == t.failed+t.spare && t.denied == 0
}

func (v *view) has(e effect) bool {
	return slices.ContainsFunc(v.main, func(f string) bool { return v.effects[f][e] })
}

// ownPolicy: what denied the names was found to be the user's own choice.
func (v *view) ownPolicy() bool {
	for cause := range v.benign {
		switch cause {
		case "local_policy", "own_resolver", "ad_blocker":
			return v.mainTotal.denied > 0
		}
	}
	return false
}

// badPath: loss that hits everything alike is the likeliest reason for what
// fails, and a context for what works. Where it happens decides the word.
func (v *view) badPath() string {
	for _, list := range [][]*finding.Finding{v.about, v.hostWide} {
		for _, f := range list {
			if f.Kind != finding.PathLoss || f.Verdict.Rank() < finding.Likely.Rank() {
				continue
			}
			if f.Segment == finding.ThisHost || f.Segment == finding.ClientSide {
				return CauseFirstHop
			}
			return CausePath
		}
	}
	return ""
}

// fitting are the causes that fit a failed stage, commonest first.
var fitting = [stages][]string{
	stageConnect: {"SYN dropped", "answer dropped", "server dead"},
	stageRefused: {"refused by the server", "refused by a box in between"},
	stageHello:   {"hello dropped", "answer dropped", "server dead"},
	stageReset:   {"reset by the server", "reset by a box in between"},
	stageQUIC:    {"QUIC dropped", "server without QUIC"},
	stageCut:     {"cut by a box in between", "server gave up"},
}

// fits lists the causes this capture cannot tell apart.
func (v *view) fits(s Status, cause string) []string {
	out := []string{}
	if s != Failing || cause != CauseUnknown {
		return out
	}
	add := func(texts ...string) {
		for _, t := range texts {
			if !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	for st, n := range v.mainTotal.stages {
		if n > 0 {
			add(fitting[st]...)
		}
	}
	if v.mainTotal.denied > 0 {
		add("names denied by the resolver", "names denied by a box in between")
	}
	if v.mainTotal.worked == 0 {
		add(v.info.Name + " down for everyone")
		if v.controls == 0 {
			add("first hop bad")
		}
	}
	return out
}

// blindTexts says what a blindness costs.
var blindTexts = map[string]string{
	"midstream":     "the connections began before the capture did",
	"one_way":       "only one direction was captured",
	"snaplen":       "payload was cut by the snaplen",
	"capture_gap":   "the capture itself lost packets",
	"evicted":       "flows were forgotten for lack of memory",
	"capture_ended": "the capture ended while answers were due",
	"unwitnessed":   "how connections that fell silent went on may have been missed",
	"clock_step":    "the capture's clock stepped back",
	"kernel_drops":  "the kernel lost packets of the capture",
	"synthetic":     "headers look made up by the recorder",
	"no_rtt":        "no clean round-trip time was seen",
	"truncated":     "the file breaks off",
	"host_filter":   "a filter may hide what else worked",
}

// cannotTell lists what stays open, in a fixed order.
func (v *view) cannotTell(s Status, cause string, blind []string) []finding.Reason {
	out := []finding.Reason{}
	if s == OK || s == Unseen {
		return out
	}
	if v.controls == 0 {
		out = append(out, finding.Reason{Code: "no_control", Text: "nothing else was tried meanwhile"})
	}
	if s == Blocked || s == Degraded || s == Failing {
		if v.kind(finding.DropHello) && !v.kind(finding.DNSDenied) && v.unsettled() {
			out = append(out, finding.Reason{Code: "name_or_address", Text: "whether it goes by name or by address"})
		}
	}
	for _, b := range blind {
		if t, ok := blindTexts[b]; ok {
			out = append(out, finding.Reason{Code: b, Text: t})
		}
	}
	if v.beyond > 0 {
		out = append(out, finding.Reason{Code: "findings_dropped",
			Text: fmt.Sprintf("%d more findings were counted, not kept", v.beyond)})
	}
	switch {
	case s != Blocked && s != Throttled && s != Degraded:
	case cause == CauseUnknown:
		out = append(out, finding.Reason{Code: "path_or_callee", Text: "whether it is lost on the way or on the other party's own line"})
	default:
		out = append(out, finding.Reason{Code: "who", Text: "whose device does it, and why"})
	}
	return out
}

func (v *view) kind(k finding.Kind) bool {
	for _, f := range v.about {
		if f.Kind == k && f.Verdict.Rank() >= finding.Suspected.Rank() {
			return true
		}
	}
	return false
}

// unsettled: no finding about the hello stands on a strong control, which is
// another name that passed to the same address.
func (v *view) unsettled() bool {
	for _, f := range v.about {
		if f.Kind != finding.DropHello {
			continue
		}
		for _, e := range f.For {
			if e.Family == finding.Control && e.Class == finding.S {
				return false
			}
		}
	}
	return true
}

// blind lists what could not be seen of what failed, and of the whole capture.
func (v *view) blind(s Status) []string {
	if s == OK || s == Unseen {
		return nil
	}
	b := v.mainTotal.blind
	if v.world != nil {
		b |= v.world.Blind
	}
	if v.mainTotal.broken() > 0 {
		b &^= fact.BlindNoRTT // it costs timing evidence only
	}
	return b.Names()
}

// next says what to do to know more.
func (v *view) next(s Status, blind []string) []Step {
	out := []Step{}
	add := func(text string, traffic bool) { out = append(out, Step{Text: text, SendsTraffic: traffic}) }
	switch s {
	case Unseen:
		add("use "+v.info.Name+" while capturing", true)
	case Failing:
		if v.portal {
			add("log in to this network first, then capture again", true)
			return out
		}
		v.nextOfNames(add)
	case Throttled:
		add("the same download through a VPN, captured as well", true)
	case Blocked, Degraded:
		v.nextOfNames(add)
	}
	if s == Failing && v.mainTotal.broken() > 0 {
		add("the same from another network or through a VPN, captured as well", true)
	}
	if s == Failing || s == Inconclusive {
		if v.controls == 0 {
			add("open one other app in the same capture", true)
		}
		if t := captureAgain(blind); t != "" {
			add(t, false)
		}
	}
	return out
}

// nextOfNames says what would tell a name from an address, or a resolver from the path.
func (v *view) nextOfNames(add func(text string, traffic bool)) {
	if v.unsettled() && (v.kind(finding.DropHello) || v.mainTotal.stages[stageHello] > 0) {
		add("one request for another name to the same address would settle name or address", true)
	}
	if v.mainTotal.denied > 0 {
		add("ask for the same name over TCP, and another resolver", true)
	}
}

// captureAgain says how the next capture sees more.
func captureAgain(blind []string) string {
	var how []string
	for _, b := range blind {
		switch b {
		case "one_way":
			how = append(how, "with both directions")
		case "host_filter":
			how = append(how, "without a host filter")
		case "snaplen":
			how = append(how, "with whole packets")
		case "capture_ended", "truncated":
			how = append(how, "for two minutes")
		case "midstream":
			how = append(how, "begun before the app is opened")
		case "capture_gap", "kernel_drops", "unwitnessed":
			how = append(how, "with a larger capture buffer")
		}
	}
	if len(how) == 0 {
		return ""
	}
	return "capture again " + strings.Join(unique(how), ", ")
}

func unique(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
