package classify

import (
	"time"

	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
	"chokepoint/classify/track"
)

// maxOpen is how many flows of a shard count in the answers so far while they are
// alive; at the end all do.
const maxOpen = 1024

// window is how far back the answers so far go at least, and half of how far at
// most, ns: long enough for a connection to be tried again and again, short enough
// to be about now. The answers at the end are about all of the run.
const window = 600 * second

// lately is what the answers so far are made of: two builders, begun a window
// apart. The older one answers until the newer is a window old.
type lately struct {
	older, newer *answer.Builder // nil: not begun
	from, since  int64           // when they began, ns
}

// answers lists the builders under way.
func (r *run) answers() []*answer.Builder {
	l := &r.lately
	switch {
	case l.newer != nil:
		return []*answer.Builder{r.whole, l.older, l.newer}
	case l.older != nil:
		return []*answer.Builder{r.whole, l.older}
	}
	return []*answer.Builder{r.whole}
}

// pass lets windows pass.
func (l *lately) pass(now int64, begin func() *answer.Builder) {
	switch {
	case l.older == nil:
		l.older, l.from, l.since = begin(), now, now
	case now-l.since < window:
	case l.newer == nil:
		l.newer, l.since = begin(), now
	default:
		l.older, l.from = l.newer, l.since
		l.newer, l.since = begin(), now
	}
}

// perFlow is how much longer than Options.Interval the answers so far wait for
// each flow in the table, ns: to look at one takes about a tenth of that.
const perFlow = 10_000

// interim tells the answers so far, every Options.Interval of packet time: of the
// flows that ended lately, and of those that are alive as they stand.
func (r *run) interim() {
	every, now := int64(r.opt.Interval), r.world.Now
	if every <= 0 {
		return
	}
	r.lately.pass(now, func() *answer.Builder { return answer.NewBuilder(r.opt.Rules, r.opt.Expect) })
	if r.told == 0 {
		r.told = now
	}
	for _, s := range r.shards {
		every += perFlow * int64(s.track.Table.Len())
	}
	if now-r.told < every {
		return
	}
	r.told = now
	so := r.lately.older.Clone()
	for _, s := range r.shards {
		s.alive(so)
	}
	r.services(so, r.lately.from)
	if r.opt.Counted != nil {
		counted := r.stats()
		r.opt.Counted(&counted)
	}
}

// services tells the answer for every service, with what it covers if that is not
// all of the run.
func (r *run) services(b *answer.Builder, from int64) {
	for _, s := range b.Services(r.world) {
		if r.out.err != nil {
			return
		}
		if from != 0 {
			at := time.Unix(0, from).UTC()
			s.CoversFrom = &at
		}
		r.out.err = r.sink.Service(&s)
	}
}

// alive adds the flows that have not ended, as far as they are of a service.
func (s *shard) alive(to *answer.Builder) {
	n := 0
	s.track.Table.Each(func(id flow.ID, e *flow.Entry[track.Flow]) {
		if n >= maxOpen || !e.Rec.Suspect() && !s.mayBelong(e) {
			return
		}
		n++
		s.track.Snapshot(id, &s.facts, s.run.world.Now, fact.StillOpen)
		s.complete(&s.facts)
		if s.facts.Label.Service != "" || len(s.facts.DNS) > 0 {
			to.Flow(&s.facts)
		}
	})
}

// mayBelong reports whether a flow is of a service, or may be.
func (s *shard) mayBelong(e *flow.Entry[track.Flow]) bool {
	f := &e.Rec
	l := labelled{
		sni: s.track.Name(f), client: e.Key.SrcAddr(), server: e.Key.DstAddr(),
		port: e.Key.DstPort, proto: e.Key.Proto, start: f.Start(),
	}
	return s.track.HasMore(f) || s.run.opt.Rules.Offered(s.track.Offered(f)) || !s.run.stranger(l, &e.Key)
}
