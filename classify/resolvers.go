package classify

import (
	"slices"

	"chokepoint/classify/detect"
	"chokepoint/classify/fact"
	"chokepoint/classify/track"
)

const (
	maxResolvers   = 1024
	maxNames       = 4096
	maxNameAnswers = 16
	// maxAsking is how many queries are waited for, of all names together.
	maxAsking = 4096
)

// DNS types whose answers are addresses, and that of text.
const (
	typeA    = 1
	typeTXT  = 16
	typeAAAA = 28
)

// asking is the queries whose answers are waited for, in the order they were sent.
type asking struct {
	queue []awaited
	flows map[fact.FlowID]track.Ref // of the queries that nothing answered
	order []fact.FlowID             // of flows, oldest first
}

type awaited struct {
	name  string
	query fact.NameQuery
}

// learnQuery waits for the answer to a query for a known party's name over UDP:
// over TCP the connection itself tells.
func (r *run) learnQuery(d *track.DNSAsked) {
	q := &d.Query
	if q.TCP || q.QType != typeA && q.QType != typeAAAA {
		return
	}
	n := r.name(d.QName)
	if n == nil || len(n.Open) >= fact.MaxOpen {
		return
	}
	n.Open = append(n.Open, *q)
	a := &r.seen.asking
	if a.flows == nil {
		a.flows = map[fact.FlowID]track.Ref{}
	}
	if len(a.queue) >= maxAsking {
		return
	}
	a.queue = append(a.queue, awaited{d.QName, *q})
	if _, known := a.flows[q.Flow]; known {
		return
	}
	if len(a.order) >= maxAsking {
		delete(a.flows, a.order[0])
		a.order = a.order[1:]
	}
	a.flows[q.Flow], a.order = d.Ref, append(a.order, q.Flow)
}

// openFor is how long an unanswered query is remembered, ns: longer than its flow.
const openFor = 600 * second

// missAnswers has the first query of a series judged when the last one's time is
// up: copies come from sockets of their own, and no flow knows of another.
func (r *run) missAnswers(now int64) {
	a := &r.seen.asking
	done := 0
	for ; done < len(a.queue) && a.queue[done].query.Time <= now-detect.DNSTimeout; done++ {
		x := &a.queue[done]
		n := r.world.Names[x.name]
		if n == nil {
			continue
		}
		n.Open = slices.DeleteFunc(n.Open, func(q fact.NameQuery) bool { return q.Time < now-openFor })
		series := n.Series(&x.query, detect.DNSSeries)
		if len(series) == 0 || !slices.ContainsFunc(series, func(q fact.NameQuery) bool { return q.Num == x.query.Num }) {
			continue // answered
		}
		if ref, ok := a.flows[series[0].Flow]; ok {
			r.wake(ref)
		}
	}
	a.queue = a.queue[done:]
}

// wake has a flow judged at this tick.
func (r *run) wake(ref track.Ref) { r.shards[ref.Shard].track.Wake(ref) }

// name returns what is known of a name that belongs to a known party, nil for
// others.
func (r *run) name(qname string) *fact.NameFact {
	if n := r.world.Names[qname]; n != nil {
		return n
	}
	if owner, _ := r.opt.Rules.OwnerOfName(qname); owner == "" && !r.opt.Rules.MustExist(qname) {
		return nil
	}
	if len(r.seen.nameAge) >= maxNames {
		delete(r.world.Names, r.seen.nameAge[0])
		r.seen.nameAge = r.seen.nameAge[1:]
	}
	n := &fact.NameFact{Name: qname}
	r.world.Names[qname] = n
	r.seen.nameAge = append(r.seen.nameAge, qname)
	return n
}

// learnAnswer takes in what an answer says of its name and of its resolver.
func (r *run) learnAnswer(d *track.DNSSeen) {
	odd := detect.Odd(r.world, &d.Query, &d.Answer)
	r.learnResolver(d, odd)
	if q := &d.Query; q.QType == typeA || q.QType == typeAAAA {
		r.learnName(d, odd)
	}
	if odd {
		r.wake(d.Ref)
	}
}

func (r *run) learnResolver(d *track.DNSSeen, odd bool) {
	w := r.world
	q, a := &d.Query, &d.Answer
	res := w.Resolvers[q.Resolver]
	if res == nil {
		if len(w.Resolvers) >= maxResolvers {
			return
		}
		at := q.Resolver
		res = &fact.Resolver{Addr: at, Private: at.IsPrivate() || at.IsLinkLocalUnicast() || at.IsLoopback()}
		res.Name, _ = r.opt.Rules.PublicResolver(at)
		w.Resolvers[at] = res
	}
	owner, _ := r.opt.Rules.OwnerOfName(q.QName)
	res.Add(fact.DNSSample{
		Num: a.Num, Time: a.Time, RTT: int64(a.RTT.V), Owner: owner, TTL: a.IPTTL, TCP: q.TCP, Gave: len(a.Addrs) > 0, Odd: odd,
		AskedEDNS: q.EDNS, EDNS: a.EDNS, AskedCookie: q.Cookie, Cookie: a.Cookie,
		AskedMixed: q.Mixed(), Mixed: !a.Recased, RA: a.RA, AA: a.AA,
	})
	if o, ok := detect.OutletIn(q, a); ok {
		res.Hear(o)
		r.wake(d.Ref)
	}
}

// learnName keeps what resolvers say of names that belong to services.
func (r *run) learnName(d *track.DNSSeen, odd bool) {
	q := &d.Query
	n := r.name(q.QName)
	if n == nil {
		return
	}
	n.Open = slices.DeleteFunc(n.Open, func(o fact.NameQuery) bool { return o.Flow == d.Flow && o.ID == q.ID && o.QType == q.QType })
	x := fact.NameAnswer{
		Resolver: q.Resolver, TCP: q.TCP, QType: q.QType, Rcode: d.Answer.Rcode, Addrs: d.Answer.Addrs, Odd: odd,
		Num: d.Answer.Num, Time: d.Answer.Time, Client: q.Client, Flow: d.Flow,
	}
	if len(n.Answers) >= maxNameAnswers {
		n.Answers = slices.Delete(n.Answers, n.Spare(&x), n.Spare(&x)+1)
	}
	n.Answers = append(n.Answers, x)
}
