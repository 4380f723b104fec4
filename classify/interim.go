package classify

import (
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
	"chokepoint/classify/track"
)

// maxOpen is how many flows of a shard count in the answers so far while they are
// alive; at the end all do.
const maxOpen = 1024

// interim tells the answers so far, every Options.Interval of packet time: of the
// flows that ended, and of those that are alive as they stand.
func (r *run) interim() {
	every, now := int64(r.opt.Interval), r.world.Now
	if every <= 0 {
		return
	}
	if r.told == 0 {
		r.told = now
	}
	if now-r.told < every {
		return
	}
	r.told = now
	so := r.answers.Clone()
	for _, s := range r.shards {
		s.alive(so)
	}
	r.services(so)
}

// services tells the answer for every service.
func (r *run) services(b *answer.Builder) {
	for _, s := range b.Services(r.world) {
		if r.out.err != nil {
			return
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
