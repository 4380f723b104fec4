package answer

import (
	"maps"
	"slices"
	"strings"
)

// order is how functions are told: as somebody meets them who opens the app for
// the first time, then what belongs to none. Others follow by name.
var order = []string{"registration", "chat", "media", "call_signalling", "call", "web", "push", FunctionAny}

// counting are the functions that the status of a service may stand on: what
// somebody does with it, what brings it there, and what may be either.
//
// The others make no headline. Telemetry, ads and links are denied by ad
// blockers every day and nobody misses them; updates, configuration and content
// networks have other ways, and the same hosts serve others; proxies, bots and
// hosted sites are other people's programs. Whether they work says nothing of
// whether a message arrives. What was found about them is told all the same, in
// the functions, the findings and at the end of the sentence.
var counting = map[string]bool{
	"registration": true, "chat": true, "media": true, "call_signalling": true, "call": true,
	"web": true, "push": true, "api": true, "storage": true, FunctionAny: true,
}

// FunctionOrder lists the functions of an answer in the order they are told in.
func FunctionOrder(s *Service) []string { return ordered(maps.Keys(s.Functions)) }

// ordered sorts functions as they are told.
func ordered(functions func(yield func(string) bool)) []string {
	out := slices.Collect(functions)
	rank := func(f string) int {
		if i := slices.Index(order, f); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortFunc(out, func(a, b string) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return out
}

// FunctionName is a function as people call it.
func FunctionName(function string) string {
	switch function {
	case "call":
		return "calls"
	case "call_signalling":
		return "call setup"
	}
	return strings.ReplaceAll(function, "_", " ")
}

// part is what was tried of a function, or of a place, and what findings say of
// it.
type part struct {
	tried   tally
	effects map[effect]bool
}

// works is what was seen. A standing finding that raises a status leaves no room
// for "yes", and one that blocks, where no attempt is known, says itself that it
// does not work.
func (p *part) works() string {
	switch w := p.tried.works(); {
	case w == WorksUnseen && (p.effects[blocks] || p.effects[local]):
		return WorksNo
	case p.effects[blocks] && p.tried.unresolved(): // answered elsewhere, and nobody used it
		return WorksNo
	case w == WorksYes && len(p.effects) > 0, w == WorksUnseen && len(p.effects) > 0:
		return WorksPartly
	default:
		return w
	}
}

func (p *part) status() Status {
	works, e := p.works(), p.effects
	switch {
	case e[blocks] && works == WorksNo:
		return Blocked
	case works == WorksNo, e[local] && p.tried.works() != WorksYes: // what it drops beside what works nobody misses
		return Failing
	case e[throttles]:
		return Throttled
	case e[blocks], e[degrades]:
		return Degraded
	case works == WorksPartly && (p.tried.mostlyFails() || p.tried.unresolved()):
		return Failing
	case works != WorksUnseen:
		return OK
	case p.tried.open > 0:
		return Inconclusive
	}
	return Unseen
}

// function is what was tried of a function. What belongs to no function in
// particular stands for the service as a whole.
func (v *view) function(name string) *part {
	p := &part{effects: v.effects[name]}
	t := v.seen.functions[name]
	if t != nil {
		p.tried = *t
	}
	if name == FunctionAny && p.tried.connections() == 0 {
		if all := v.whole(); all.connections() > 0 {
			p.tried = all
		}
	}
	return p
}

// whole adds up the functions that count, or all when none of them was tried.
func (v *view) whole() tally {
	var sum tally
	for f, t := range v.seen.functions {
		if counting[f] {
			sum.plus(t)
		}
	}
	if sum.connections() == 0 {
		return v.total
	}
	return sum
}

func (v *view) judgeFunctions() map[string]Status {
	out := map[string]Status{}
	for _, f := range v.info.Functions {
		out[f] = Unseen
	}
	for f := range v.seen.functions {
		out[f] = v.function(f).status()
	}
	for f := range v.effects {
		out[f] = v.function(f).status()
	}
	return out
}

// headline chooses the functions that the status stands on: those that count,
// or, when none of them was tried, all there is. Of a service that has none that
// count all do.
func (v *view) headline() {
	counts := func(f string) bool { return counting[f] }
	v.main = slices.DeleteFunc(v.tried(), func(f string) bool { return !counts(f) })
	v.aside = slices.DeleteFunc(v.tried(), counts)
	if len(v.main) == 0 {
		v.main, v.aside = v.aside, nil
		v.minor = len(v.main) > 0 && (len(v.info.Functions) == 0 || slices.ContainsFunc(v.info.Functions, counts))
	}
	for f, t := range v.seen.functions {
		if !slices.Contains(v.aside, f) {
			v.mainTotal.plus(t)
		}
	}
}

// tried lists the functions of which anything was seen.
func (v *view) tried() []string {
	return slices.DeleteFunc(ordered(maps.Keys(v.functions)), func(f string) bool { return v.functions[f] == Unseen })
}
