package answer

import (
	"fmt"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// ratePhrase tells what findings of one kind say of a rate: of what, from where, by
// what, for how long, and what ran beside it.
func ratePhrase(kind finding.Kind, list []*finding.Finding) string {
	f := list[0]
	what := f.Function
	if what == "" || what == FunctionAny {
		what = "traffic"
	}
	switch {
	case f.Server == nil:
	case f.Direction == finding.ToServer:
		what += " to " + fact.Network(f.Server.IP).String()
	default:
		what += " from " + fact.Network(f.Server.IP).String()
	}
	return what + " " + slowness(kind, f) + extent(list) + besideText(list)
}

func slowness(kind finding.Kind, f *finding.Finding) string {
	to := ""
	if f.RateBps != nil {
		to = " to " + Rate(*f.RateBps)
	}
	switch {
	case kind == finding.RatePoliced && f.BurstBytes != nil:
		return "held" + to + " by a token bucket of ~" + finding.Size(float64(*f.BurstBytes))
	case kind == finding.RatePoliced:
		return "held" + to + " by a policer"
	case kind == finding.RateShaped:
		return "held" + to + " by a shaper"
	case kind == finding.RateShift && f.BeforeBps != nil:
		return "slowed down from " + Rate(*f.BeforeBps) + to + " inside the connection"
	case kind == finding.RateShift:
		return "slowed down" + to + " inside the connection"
	case f.Ratio != nil && f.RateBps != nil:
		return fmt.Sprintf("at %s, %.2f of what others have", Rate(*f.RateBps), *f.Ratio)
	}
	return "slower than everything else"
}

// extent tells in how many connections, and for how long.
func extent(list []*finding.Finding) string {
	from, to := list[0].From, list[0].To
	for _, f := range list {
		if f.From.Before(from) {
			from = f.From
		}
		if f.To.After(to) {
			to = f.To
		}
	}
	n := countFlows(list)
	if n == 0 || !to.After(from) {
		return ""
	}
	return fmt.Sprintf(" (%d %s, %s)", n, plural(n, "connection", "connections"), lasting(to.Sub(from)))
}

// lasting writes a length of time as people do.
func lasting(d time.Duration) string {
	switch {
	case d < time.Second:
		return "less than a second"
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return fmt.Sprintf("%.0f h", d.Hours())
}

// besideText tells the fastest that ran beside any of them.
func besideText(list []*finding.Finding) string {
	var top *finding.Beside
	for _, f := range list {
		if b := f.Beside; b != nil && (top == nil || b.RateBps > top.RateBps) {
			top = b
		}
	}
	if top == nil {
		return ""
	}
	return "; at the same time " + top.Name + " ran at " + Rate(top.RateBps)
}

// maxUnaffected is how many other services a sentence names.
const maxUnaffected = 3

// unaffected names services of other owners that work as they should, where one is
// slowed down.
func unaffected(v *view, all []*view) (names []string) {
	if v.status() != Throttled {
		return nil
	}
	for _, o := range all {
		if o == v || o.seen.family != "" && o.seen.family == v.seen.family || o.minor || o.status() != OK || o.works() != WorksYes {
			continue
		}
		if len(names) < maxUnaffected {
			names = append(names, o.info.Name)
		}
	}
	return names
}
