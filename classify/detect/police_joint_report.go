package detect

import (
	"fmt"
	"slices"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// Codes of evidence about several flows.
const (
	policeTogether = "P6" // flows that do not fit alone fit together
	policeScope    = "P7" // whom the bucket is for
)

// finding words what flows say together.
func (j *joint) finding(w *fact.World) finding.Finding {
	first := j.laid.logs[0]
	of := fact.Flow{ID: first.Flow, Key: first.Key, If: first.If, Vantage: w.Vantage}
	of.Label.Service, of.Label.Function = j.common()
	for _, l := range j.laid.logs {
		of.Blind |= l.Blind
	}
	out := j.policing.finding(&of, w, first.Dir)
	Conclude(&out, j.verdict)
	if j.verdict == finding.Inconclusive {
		lacking(&out, j.missing()...)
	}
	out.Key = fmt.Sprintf("%s together %s %s", first.Dir, j.scope, j.to())
	out.Scope = j.scope.String()
	out.Client.Port = 0
	if j.scope != fact.ScopeNetwork {
		out.Server = nil
	}
	out.Flows = out.Flows[:0]
	for _, l := range j.laid.logs {
		if bulkLosses(l.Bulk) >= jointLosses {
			out.Flows = append(out.Flows, l.Flow.String())
		}
	}
	out.Controls = j.controls(w)
	n := len(j.together())
	out.Summary = fmt.Sprintf("%s %s %s held together to %s by one token bucket of at least ~%s: %.1f %% lost, without a queue before the losses",
		plural(len(out.Flows), "flow"), map[fact.Dir]string{fact.Down: "from", fact.Up: "to"}[first.Dir], j.to(),
		rateText(8*j.rate), finding.Size(max(j.burst, 0)), 100*j.lossShare())
	switch {
	case j.verdict != finding.Inconclusive:
	case j.parted:
		out.Summary += "; but each may have a bucket of its own"
	default:
		out.Summary += "; but traffic that was not followed may drain it too"
	}
	out.For = append(out.For, finding.Evidence{
		Code: policeTogether, Family: finding.Multiplicity, Class: finding.M,
		Text: fmt.Sprintf("%d flows lost packets by the account of one bucket, and at most %d of them fit one alone as well", n, j.alone),
	}, finding.Evidence{
		Code: policeScope, Family: finding.Rate, Class: finding.W,
		Text: fmt.Sprintf("the narrowest key whose flows fit: %s", j.key()),
	})
	if len(j.hidden) > 0 {
		out.Against = append(out.Against, finding.Evidence{Code: policeMisfit, Family: finding.Rate, Class: finding.X,
			Text: fmt.Sprintf("%s of the same key moved much and could not be followed: %v", plural(len(j.hidden), "flow"), j.hidden)})
	}
	if j.parted {
		out.Against = append(out.Against, finding.Evidence{Code: policeMisfit, Family: finding.Rate, Class: finding.X,
			Text: "one of the flows fits a bucket of its own of just its part of the rate"})
	}
	j.rule(&out)
	return out
}

// rule says what was ruled out.
func (j *joint) rule(out *finding.Finding) {
	drop := func(list []string, code string) []string {
		return slices.DeleteFunc(list, func(c string) bool { return c == code })
	}
	out.NotRuledOut = drop(out.NotRuledOut, "shared_bucket")
	if len(j.hidden) > 0 || j.clash > 0 {
		out.NotRuledOut = append(out.NotRuledOut, "hidden_traffic")
		return
	}
	if len(j.agree) > 1 {
		out.RuledOut = append(out.RuledOut, "hidden_traffic")
	}
}

// common is the service and function of all flows, "" where they differ.
func (j *joint) common() (service, function string) {
	service, function = j.laid.logs[0].Service, j.laid.logs[0].Function
	for _, l := range j.laid.logs {
		if l.Service != service {
			return "", ""
		}
		if l.Function != function {
			function = ""
		}
	}
	return service, function
}

// to is the far end of the flows, in words.
func (j *joint) to() string {
	first := j.laid.logs[0]
	same := func(l *fact.Logged) bool { return l.Key.DstAddr() == first.Key.DstAddr() }
	switch {
	case !slices.ContainsFunc(j.laid.logs, func(l *fact.Logged) bool { return !same(l) }):
		return first.Key.DstAddr().String()
	case j.scope == fact.ScopeNetwork:
		return fact.Network(first.Key.DstAddr()).String()
	case j.scope == fact.ScopeService:
		return first.Service
	}
	return "everywhere"
}

// key is the scope in words.
func (j *joint) key() string {
	first := j.laid.logs[0]
	net := fact.Network(first.Key.DstAddr())
	switch {
	case j.scope == fact.ScopeNetwork && first.Service != "":
		return fmt.Sprintf("this client, %s, %s", first.Service, net)
	case j.scope == fact.ScopeNetwork:
		return fmt.Sprintf("this client, %s", net)
	case j.scope == fact.ScopeService:
		return fmt.Sprintf("this client, all of %s", first.Service)
	}
	return "this client, whatever it talks to"
}

// controls are flows of the client that are not of the key and moved meanwhile.
func (j *joint) controls(w *fact.World) []string {
	out := []string{}
	first := j.laid.logs[0]
	q := fact.ControlQuery{From: j.agree[0].start, To: j.agree[len(j.agree)-1].end, Client: first.Key.SrcAddr(), If: first.If}
	for _, c := range w.ControlsFor(q, maxShared) {
		if !slices.ContainsFunc(j.laid.logs, func(l *fact.Logged) bool { return l.Flow == c.Flow }) && !slices.Contains(j.hidden, c.Flow.String()) && len(out) < maxControls {
			out = append(out, c.Flow.String())
		}
	}
	return out
}
