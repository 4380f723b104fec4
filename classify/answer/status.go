package answer

import (
	"slices"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/classify/service"
)

// view is one service while its answer is made.
type view struct {
	id       string
	info     service.Info
	seen     *seen
	world    *fact.World
	total    tally
	about    []*finding.Finding // standing, surest first
	hostWide []*finding.Finding // standing, of no service: host.allowlist, path.loss
	bears    map[*finding.Finding]bearing
	effects  map[string]map[effect]bool // by function
	atPlaces map[string]map[effect]bool
	controls int
	benign   map[string]bool // benign causes of its findings
	beyond   int

	functions map[string]Status
	places    map[string]Status
	main      []string // functions that the status stands on, in order
	aside     []string // functions tried beside them
	minor     bool     // main are none that count
	portal    bool     // a captive portal stands in its place
	mainTotal tally    // of main, and of what was not told

	unaffected []string // other services that work as they should
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
	v.collect(b)
	v.functions, v.places = v.judgeFunctions(), v.judgePlaces()
	v.headline()
	if v.portal = v.captive(b.rules); v.portal {
		for name, st := range v.functions {
			if st != Unseen {
				v.functions[name] = Failing
			}
		}
	}
	return v
}

// bearing is what a finding bears on.
type bearing struct{ functions, places []string }

// bearing looks at the flows of a finding. The function it names itself holds.
func (b *Builder) bearing(f *finding.Finding) bearing {
	var on bearing
	for _, id := range f.Flows {
		_, r, ok := b.recall(f, id)
		if !ok {
			continue
		}
		if !slices.Contains(on.functions, r.function) {
			on.functions = append(on.functions, r.function)
		}
		if r.place != "" && !slices.Contains(on.places, r.place) {
			on.places = append(on.places, r.place)
		}
	}
	switch {
	case f.Function != "":
		on.functions = []string{f.Function}
	case len(on.functions) == 0:
		on.functions = []string{FunctionAny}
	}
	return on
}

// collect says which effects bear on which function and which place.
func (v *view) collect(b *Builder) {
	v.bears = map[*finding.Finding]bearing{}
	v.effects, v.atPlaces = map[string]map[effect]bool{}, map[string]map[effect]bool{}
	for _, f := range v.about {
		on := b.bearing(f)
		v.bears[f] = on
		if !raises(f) || f.Survived {
			continue
		}
		for _, function := range on.functions {
			mark(v.effects, function, effectOn(f))
		}
		for _, place := range on.places {
			mark(v.atPlaces, place, effectOn(f))
		}
	}
	// An allow-list explains what does not work; it does not accuse what does.
	for _, f := range v.hostWide {
		if !raises(f) {
			continue
		}
		for name, t := range v.seen.functions {
			if t.works() == WorksNo {
				mark(v.effects, name, effectOn(f))
			}
		}
		for name := range v.seen.places {
			if v.place(name).tried.works() == WorksNo {
				mark(v.atPlaces, name, effectOn(f))
			}
		}
	}
}

func mark(effects map[string]map[effect]bool, name string, e effect) {
	if effects[name] == nil {
		effects[name] = map[effect]bool{}
	}
	effects[name][e] = true
}

// concerns: a finding bears on what the status stands on.
func (v *view) concerns(f *finding.Finding) bool {
	return f.Service == "" || slices.ContainsFunc(v.bears[f].functions, func(name string) bool { return slices.Contains(v.main, name) })
}

// severity orders statuses: the worst function makes the service's. Where
// interference was found it is the answer, even if something else fails too.
var severity = []Status{Blocked, Throttled, Degraded, Failing, Inconclusive, OK, Unseen}

// gravity is the place of a status in severity.
func (s Status) gravity() int { return slices.Index(severity, s) }

func (v *view) status() Status {
	worst := Unseen
	for _, f := range v.main {
		if st := v.functions[f]; st.gravity() < worst.gravity() {
			worst = st
		}
	}
	if v.minor && !v.portal {
		return worst.minor()
	}
	return worst
}

// minor is the most that functions which do not count say of a service when
// they are all that was tried: interference is told, but as one with a part, and
// neither success nor failure says anything of the rest.
func (s Status) minor() Status {
	switch s {
	case Blocked, Throttled, Degraded:
		return Degraded
	case Failing, Inconclusive:
		return Inconclusive
	}
	return Unseen
}

// works sums up the functions that the status stands on.
func (v *view) works() string {
	if v.portal && v.status() == Failing {
		return WorksNo
	}
	if v.minor {
		if v.status() == Degraded {
			return WorksPartly
		}
		return WorksUnseen
	}
	var yes, no, partly bool
	for _, f := range v.main {
		if v.functions[f] == Inconclusive {
			continue
		}
		switch v.function(f).works() {
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
func (b *Builder) otherServices(id string, firstFail int64, all map[string]*seen) int {
	n, own := 0, all[id]
	for other, s := range all {
		related := other == id || own.family != "" && own.family == s.family
		if !related && s.first != 0 && s.last >= firstFail {
			n++
		}
	}
	return n
}
