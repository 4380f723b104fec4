package answer

import (
	"slices"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/classify/service"
)

// view is one service while its answer is made.
type view struct {
	id        string
	info      service.Info
	seen      *seen
	world     *fact.World
	total     tally
	about     []*finding.Finding // standing, surest first
	hostWide  []*finding.Finding // standing, of no service: host.allowlist, path.loss
	effects   map[string]map[effect]bool
	functions map[string]Status
	controls  int
	benign    map[string]bool // benign causes of its findings
	beyond    int
}

func (b *Builder) view(id string, all map[string]*seen, standing []*finding.Finding, w *fact.World) *view {
	v := &view{id: id, info: info(b.rules, id), seen: all[id], world: w, benign: map[string]bool{}, beyond: b.ledger.Beyond(id)}
	v.total = v.seen.total()
	for _, f := range standing {
		switch f.Service {
		case id:
			v.about = append(v.about, f)
		case "":
			if f.Kind == finding.HostAllowlist || f.Kind == finding.PathLoss {
				v.hostWide = append(v.hostWide, f)
			}
		}
	}
	for _, l := range b.ledger.LetGo() {
		if l.Service == id && l.Verdict == finding.Benign {
			v.benign[l.Cause] = true
		}
	}
	v.effects = v.collect(b)
	v.functions = v.judgeFunctions()
	return v
}

// collect says which effects bear on which function.
func (v *view) collect(b *Builder) map[string]map[effect]bool {
	out := map[string]map[effect]bool{}
	mark := func(function string, e effect) {
		if out[function] == nil {
			out[function] = map[effect]bool{}
		}
		out[function][e] = true
	}
	for _, f := range v.about {
		if !raises(f) {
			continue
		}
		if f.Function != "" {
			mark(f.Function, effectOf(f.Kind))
			continue
		}
		marked := false
		for _, id := range f.Flows {
			if _, r, ok := b.recall(f, id); ok {
				mark(r.function, effectOf(f.Kind))
				marked = true
			}
		}
		if !marked {
			mark(FunctionAny, effectOf(f.Kind))
		}
	}
	// An allow-list explains what does not work; it does not accuse what does.
	for _, f := range v.hostWide {
		for name, t := range v.seen.functions {
			if raises(f) && t.works() == WorksNo {
				mark(name, effectOf(f.Kind))
			}
		}
	}
	return out
}

func (v *view) judgeFunctions() map[string]Status {
	out := map[string]Status{}
	for _, f := range v.info.Functions {
		out[f] = Unseen
	}
	for f := range v.seen.functions {
		out[f] = v.judgeFunction(f)
	}
	for f := range v.effects {
		out[f] = v.judgeFunction(f)
	}
	return out
}

// functionTally is what was tried of a function. What belongs to no function
// in particular stands for the service as a whole.
func (v *view) functionTally(function string) tally {
	t := v.seen.functions[function]
	if function == FunctionAny && (t == nil || t.connections() == 0) && v.total.connections() > 0 {
		return v.total
	}
	if t == nil {
		return tally{}
	}
	return *t
}

// functionWorks is what was seen of a function. A standing finding that raises
// a status leaves no room for "yes", and one that blocks, where no attempt is
// known, says itself that it does not work.
func (v *view) functionWorks(function string) string {
	t, e := v.functionTally(function), v.effects[function]
	switch w := t.works(); {
	case w == WorksUnseen && (e[blocks] || e[local]):
		return WorksNo
	case w == WorksYes && len(e) > 0, w == WorksUnseen && len(e) > 0:
		return WorksPartly
	default:
		return w
	}
}

func (v *view) judgeFunction(function string) Status {
	t, e, works := v.functionTally(function), v.effects[function], v.functionWorks(function)
	switch {
	case e[blocks] && works == WorksNo:
		return Blocked
	case e[local], works == WorksNo:
		return Failing
	case e[throttles]:
		return Throttled
	case e[blocks], e[degrades]:
		return Degraded
	case works == WorksPartly && t.mostlyFails():
		return Failing
	case works != WorksUnseen:
		return OK
	case t.open > 0:
		return Inconclusive
	}
	return Unseen
}

// severity orders statuses: the worst function makes the service's. Where
// interference was found it is the answer, even if something else fails too.
var severity = []Status{Blocked, Throttled, Degraded, Failing, Inconclusive, OK, Unseen}

func (v *view) status() Status {
	worst := len(severity) - 1
	for _, s := range v.functions {
		worst = min(worst, slices.Index(severity, s))
	}
	return severity[worst]
}

// works sums up the functions that were tried.
func (v *view) works() string {
	var yes, no, partly bool
	for f, s := range v.functions {
		if s == Unseen || s == Inconclusive {
			continue
		}
		switch v.functionWorks(f) {
		case WorksYes:
			yes = true
		case WorksNo:
			no = true
		default:
			partly = true
		}
	}
	switch {
	case partly, yes && no:
		return WorksPartly
	case yes:
		return WorksYes
	case no:
		return WorksNo
	}
	return WorksUnseen
}

// otherServices counts services of other owners that worked no earlier than
// this one failed.
func (b *Builder) otherServices(id string, all map[string]*seen) int {
	n, own := 0, all[id]
	from := own.total()
	for other, s := range all {
		related := other == id || own.family != "" && own.family == s.family
		if !related && s.first != 0 && s.last >= from.firstFail {
			n++
		}
	}
	return n
}
