package detect

import (
	"fmt"
	"slices"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

const (
	// dnsCopies is how many copies of a query must have gone unanswered
	// (resets-and-drops, N8).
	dnsCopies = 3
	// DNSTimeout is how long a resolver may take, ns: the default of common stub
	// resolvers.
	DNSTimeout = int64(5 * time.Second)
	// DNSSeries is how far apart the copies of a query may be, ns: stub resolvers
	// that wait 5 s and ask again send the last one of four after 15 s, and apps
	// begin anew within the minute.
	DNSSeries = int64(time.Minute)
	// dnsLast is how long the latest copy is waited for, ns: far above the round
	// trip to any resolver.
	dnsLast = int64(time.Second)
)

// DNSUnanswered finds queries for a known party's name that a living resolver
// never answers (resets-and-drops, N8). Only address queries: home routers lose
// other types by themselves.
type DNSUnanswered struct{}

// Name returns "dns.unanswered".
func (DNSUnanswered) Name() string { return string(finding.DNSUnanswered) }

// Judge judges the exchanges of one flow.
func (DNSUnanswered) Judge(f *fact.Flow, w *fact.World) Judgement {
	j := judging(w)
	j.needs("copies", "%d copies of a query, from whatever port, and %s without an answer", dnsCopies, span(DNSTimeout))
	j.needs("live_resolver", "the same resolver answers for other names meanwhile")
	for _, x := range dnsCases(f, w) {
		if len(x.d.Answers) > 0 || x.d.More > 0 || x.d.TCP || x.d.QType != dnsTypeA || x.d.Query.Num == 0 || x.d.Copies == 0 || !x.owned() {
			continue
		}
		x.judgeSilence(&j)
	}
	return j
}

// copies lists the copies of the query, whatever port they came from, in order.
func (x dnsCase) copies() []fact.NameQuery {
	q := fact.NameQuery{Num: x.d.Query.Num, Time: x.d.Query.Time, Flow: x.f.ID, ID: x.d.ID, QType: x.d.QType, Client: x.d.Client, Resolver: x.d.Resolver}
	var out []fact.NameQuery
	if n := x.w.Names[x.name()]; n != nil {
		out = n.Series(&q, DNSSeries)
	}
	if len(out) < x.d.Copies { // the world did not hear of them, or had no room
		out = nil
		for range x.d.Copies {
			out = append(out, q)
		}
	}
	return out
}

func (x dnsCase) judgeSilence(j *Judgement) {
	all := x.copies()
	first, last := all[0], all[len(all)-1]
	waited := x.f.Now - first.Time
	switch {
	case first.Flow != x.f.ID || first.ID != x.d.ID:
		j.stop("told_elsewhere", "%s asks for %s since packet %d: it is judged there", x.d.Client, x.name(), first.Num)
		return
	case len(all) < dnsCopies:
		j.stop("too_few", "the query for %s was sent %d time(s)", x.name(), len(all))
		return
	case waited < DNSTimeout || x.f.Now-last.Time < dnsLast:
		j.stop("too_soon", "the query for %s is %s old, its last copy %s", x.name(), span(waited), span(x.f.Now-last.Time))
		return
	case x.answeredSame(last.Time):
		j.stop("answered", "%s answered another query for %s", x.d.Resolver, x.name())
		return
	}
	fd := x.start(finding.DNSUnanswered)
	fd.Direction = finding.ToServer
	for _, q := range all[:min(len(all), dnsShown)] {
		fd.Packets = append(fd.Packets, q.Num)
		fd.To = Time(max(fd.To.UnixNano(), q.Time))
	}
	slices.Sort(fd.Packets)
	fd.Packets = slices.Compact(fd.Packets)
	fd.Filter = Filter(fd.Packets...)
	fd.Summary = fmt.Sprintf("%d copies of the query for %s to %s in %s, no answer", len(all), x.name(), x.d.Resolver, spellNs(waited))
	fd.For = append(fd.For, finding.Evidence{Code: "N8", Family: finding.Demand, Class: finding.M,
		Text: fmt.Sprintf("the query was sent %d times over UDP, and %s went by", len(all), spellNs(waited)), Packets: fd.Packets})
	x.concludeSilence(fd, last.Time, j)
}

// dnsShown is how many copies of a query are named.
const dnsShown = 8

func (x dnsCase) concludeSilence(fd finding.Finding, last int64, j *Judgement) {
	stop := dropVetoes(x.f, x.w)
	if s, alive := x.resolverLives(last); alive {
		fd.For = append(fd.For, finding.Evidence{Code: "N8", Family: finding.Control, Class: finding.M, Packets: []uint64{s.Num},
			Text: fmt.Sprintf("%s answers other queries over UDP meanwhile", x.d.Resolver)})
		fd.RuledOut = append(fd.RuledOut, "dead_resolver")
	} else {
		stop = append(stop, finding.Reason{Code: "no_control",
			Text: fmt.Sprintf("%s was not seen to answer anything over UDP meanwhile: it, or the way to it, may be dead for all names", x.d.Resolver)})
		fd.NotRuledOut = append(fd.NotRuledOut, "dead_resolver")
	}
	if better := x.witness(nil); better != nil && better.Class == finding.S {
		better.Class = finding.M // it speaks for the zone, not against the way
		fd.For = append(fd.For, *better)
		fd.RuledOut = append(fd.RuledOut, "dead_zone")
	} else {
		fd.NotRuledOut = append(fd.NotRuledOut, "dead_zone")
	}
	if x.ownResolver() {
		fd.NotRuledOut = append(fd.NotRuledOut, "local_policy")
	}
	j.Stopped = append(j.Stopped, stop...)
	x.survive(&fd)
	if len(stop) == 0 {
		j.conclude(fd, finding.Suspected)
		return
	}
	for _, r := range stop {
		noteBlind(&fd, r.Code)
	}
	lacking(&fd, stop...)
	j.Findings = append(j.Findings, fd)
}

// resolverLives returns an answer of the resolver over UDP while copies of the
// query went unanswered.
func (x dnsCase) resolverLives(last int64) (fact.DNSSample, bool) {
	samples := x.resolver().Samples
	i := slices.IndexFunc(samples, func(s fact.DNSSample) bool {
		return !s.TCP && s.Time >= x.at()-dnsNear && s.Time <= last+dnsNear
	})
	if i < 0 {
		return fact.DNSSample{}, false
	}
	return samples[i], true
}

// answeredSame reports that the resolver did answer for this name over UDP while it
// was asked, or just before or after.
func (x dnsCase) answeredSame(last int64) bool {
	return slices.ContainsFunc(x.said(), func(a fact.NameAnswer) bool {
		return a.Resolver == x.d.Resolver && !a.TCP && a.QType == x.d.QType && a.Time >= x.at()-dnsNear && a.Time <= last+dnsNear
	})
}
