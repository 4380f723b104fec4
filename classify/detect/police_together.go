package detect

import (
	"fmt"
	"slices"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// Logged is a direction of a flow as it is laid beside others.
func Logged(f *fact.Flow, d fact.Dir) fact.Logged {
	_, local := localVeto(f)
	return fact.Logged{
		Flow: f.ID, Key: f.Key, If: f.If, Dir: d, Service: f.Label.Service, Function: f.Label.Function,
		Bulk: f.Bulk[d], Floor: pathFloor(f, d), Blind: f.Blind, Local: local,
	}
}

// Party is what became of the flows of one client laid side by side.
type Party struct {
	Findings []finding.Finding
	Shared   []fact.SharesBucket // what it says of each flow
	// Judged is what the replay made of the flows, for --why-not. Empty when
	// nobody asks.
	Judged []Judgement
}

// PolicedTogether tells whether one token bucket accounts for what several flows
// of one client lost: its flows to one network of a service, to one service, and
// all of them, the narrowest that fits (rate-and-calls, section 2.3). Each flow
// alone fits no such bucket, or one of a wrong rate (section 1.1: 0.61 of it).
//
// logs are all that are kept of a client on one interface.
func PolicedTogether(logs []fact.Logged, w *fact.World) Party {
	var out Party
	for _, d := range [...]fact.Dir{fact.Down, fact.Up} {
		var mine []*fact.Logged
		for i := range logs {
			if logs[i].Dir == d {
				mine = append(mine, &logs[i])
			}
		}
		out.direction(mine, w)
	}
	return out
}

// direction tries the keys from narrow to wide.
func (o *Party) direction(logs []*fact.Logged, w *fact.World) {
	explained := map[fact.FlowID]bool{}
	var tried [][]*fact.Logged
	for _, scope := range [...]fact.Scope{fact.ScopeNetwork, fact.ScopeService, fact.ScopeClient} {
		for _, group := range groups(logs, scope) {
			group = slices.DeleteFunc(group, func(l *fact.Logged) bool { return explained[l.Flow] })
			if losers(group) < 2 || scope > fact.ScopeNetwork && !spans(group, scope-1) || slices.ContainsFunc(tried, func(t []*fact.Logged) bool { return slices.Equal(t, group) }) {
				continue
			}
			tried = append(tried, group)
			j := weighJoint(group, scope)
			j.hide(logs, w)
			if !w.Terse {
				o.Judged = append(o.Judged, j.judged())
			}
			o.company(&j)
			if j.kind != finding.RatePoliced {
				continue
			}
			o.Findings = append(o.Findings, j.finding(w))
			for _, l := range group {
				explained[l.Flow] = true
			}
		}
	}
}

// company notes of each flow of a key that lost much whom it lost it with. That
// flows of several services lose at the same time says little: paths lose, too.
func (o *Party) company(j *joint) {
	if !j.fits() {
		if j.scope == fact.ScopeClient {
			return
		}
		if j.compare(); j.eachAlone() {
			return
		}
	}
	for i := range j.trials {
		together := j.losing([]*trial{&j.trials[i]})
		for _, id := range together {
			if len(together) > 1 {
				o.shares(id, j, together)
			}
		}
	}
}

// shares adds to what is known of a flow.
func (o *Party) shares(id fact.FlowID, j *joint, with []fact.FlowID) {
	d := j.laid.logs[0].Dir
	i := slices.IndexFunc(o.Shared, func(x fact.SharesBucket) bool { return x.Flow == id && x.Dir == d })
	if i < 0 {
		i = len(o.Shared)
		o.Shared = append(o.Shared, fact.SharesBucket{Flow: id, Dir: d})
	}
	s := &o.Shared[i]
	s.Fits = s.Fits || j.fits()
	for _, other := range with {
		if other != id {
			addOnce(&s.With, other)
		}
	}
}

// groups lists the flows of each key of a scope, in order of their first.
func groups(logs []*fact.Logged, scope fact.Scope) (out [][]*fact.Logged) {
	same := func(a, b *fact.Logged) bool {
		switch scope {
		case fact.ScopeNetwork:
			return a.Service == b.Service && fact.Network(a.Key.DstAddr()) == fact.Network(b.Key.DstAddr())
		case fact.ScopeService:
			return a.Service != "" && a.Service == b.Service
		}
		return true
	}
	for _, l := range logs {
		if i := slices.IndexFunc(out, func(g []*fact.Logged) bool { return same(g[0], l) }); i >= 0 {
			out[i] = append(out[i], l)
		} else {
			out = append(out, []*fact.Logged{l})
		}
	}
	return out
}

// spans reports whether the flows of a key that lost packets are of several of
// the keys below it: otherwise nothing speaks for the wider one.
func spans(logs []*fact.Logged, below fact.Scope) bool {
	var lost []*fact.Logged
	for _, l := range logs {
		if bulkLosses(l.Bulk) >= jointLosses {
			lost = append(lost, l)
		}
	}
	return len(groups(lost, below)) > 1
}

// losers counts the flows that lost enough to speak of.
func losers(logs []*fact.Logged) (n int) {
	for _, l := range logs {
		if bulkLosses(l.Bulk) >= jointLosses {
			n++
		}
	}
	return n
}

func bulkLosses(b *fact.Bulk) (n uint32) {
	for i := range b.Segments {
		n += b.Segments[i].Losses
	}
	return n
}

// yield tells a flow whose losses the bucket of several flows explains to leave
// the word to that. One that lost much beside others of its service, and no bucket
// was found for all, shows neither the rate nor that there is a bucket for it alone:
// behind the router of rate-and-calls, section 1.1, such rates are 0.61 of the true
// one.
func (p *policing) yield(f *fact.Flow, w *fact.World, d fact.Dir) (finding.Reason, bool) {
	s := w.Shares(f.ID, d)
	switch {
	case s == nil:
	case s.Fits:
		return finding.Reason{Code: "shared_bucket", Text: fmt.Sprintf("%s: one bucket accounts for this flow and %s together: that is told instead", d, plural(len(s.With), "other flow"))}, true
	case p.kind == finding.RatePoliced:
		for _, id := range s.With {
			addOnce(&p.shared, id.String())
		}
		p.beside = len(s.With)
		p.verdict = Cap(p.verdict, finding.Inconclusive)
	}
	return finding.Reason{}, false
}
