package detect

import (
	"fmt"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

const (
	// dnsCopies is how many copies of a query must have gone unanswered
	// (resets-and-drops, N8).
	dnsCopies = 3
	// dnsTimeout is how long a resolver may take, ns: the default of common stub
	// resolvers.
	dnsTimeout = int64(5 * time.Second)
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
	j.needs("copies", fmt.Sprintf("%d copies of a query and %s without an answer", dnsCopies, spellNs(dnsTimeout)))
	j.needs("live_resolver", "the same resolver answers for other names meanwhile")
	for _, x := range dnsCases(f, w) {
		if len(x.d.Answers) > 0 || x.d.More > 0 || x.d.TCP || x.d.QType != dnsTypeA || !x.owned() {
			continue
		}
		x.judgeSilence(&j)
	}
	return j
}

func (x dnsCase) judgeSilence(j *Judgement) {
	waited := x.f.Now - x.d.Query.Time
	switch {
	case x.d.Query.Num == 0 || x.d.Copies < dnsCopies:
		j.stop("too_few", "the query for %s was sent %d time(s)", x.name(), x.d.Copies)
		return
	case waited < dnsTimeout:
		j.stop("too_soon", "the query for %s is %s old", x.name(), spellNs(waited))
		return
	case x.answeredSame():
		j.stop("answered", "%s answered another query for %s", x.d.Resolver, x.name())
		return
	}
	fd := x.start(finding.DNSUnanswered)
	fd.Direction = finding.ToServer
	fd.Summary = fmt.Sprintf("%d copies of the query for %s to %s, no answer", x.d.Copies, x.name(), x.d.Resolver)
	fd.For = append(fd.For, finding.Evidence{Code: "N8", Family: finding.Demand, Class: finding.M,
		Text: fmt.Sprintf("the query was sent %d times, and %s went by", x.d.Copies, spellNs(waited)), Packets: fd.Packets})
	stop := dropVetoes(x.f, x.w)
	if x.resolverLives() {
		fd.For = append(fd.For, finding.Evidence{Code: "N8", Family: finding.Control, Class: finding.M,
			Text: fmt.Sprintf("%s answers other queries meanwhile", x.d.Resolver)})
		fd.RuledOut = append(fd.RuledOut, "dead_resolver")
	} else {
		stop = append(stop, finding.Reason{Code: "no_control", Text: "the resolver was not seen to answer anything meanwhile"})
		fd.NotRuledOut = append(fd.NotRuledOut, "dead_resolver")
	}
	fd.NotRuledOut = append(fd.NotRuledOut, "dead_zone")
	ceiling := finding.Suspected
	for _, r := range stop {
		ceiling = finding.Inconclusive
		noteBlind(&fd, r.Code)
	}
	j.Stopped = append(j.Stopped, stop...)
	if ceiling == finding.Inconclusive {
		Conclude(&fd, ceiling)
		j.Findings = append(j.Findings, fd)
		return
	}
	j.conclude(fd, ceiling)
}

// resolverLives reports another answer of the resolver around the query's time.
func (x dnsCase) resolverLives() bool {
	if x.answersOthers() {
		return true
	}
	for i := range x.f.DNS {
		for k := range x.f.DNS[i].Answers {
			if x.isNear(x.f.DNS[i].Answers[k].Time) {
				return true
			}
		}
	}
	last := x.resolver().Last
	return last >= x.at() && last <= x.at()+4*dnsNear
}

// answeredSame reports that the resolver did answer for this name around that
// time, to another query.
func (x dnsCase) answeredSame() bool {
	for _, a := range x.said() {
		if a.Resolver == x.d.Resolver && x.isNear(a.Time) {
			return true
		}
	}
	return false
}
