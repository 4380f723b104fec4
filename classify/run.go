package classify

import (
	"context"
	"io"
	"math/rand/v2"
	"net/netip"
	"sync/atomic"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/service"
	"chokepoint/classify/track"
)

// numShards is how many parts flows are dealt into, by a fixed hash: what a
// shard sees does not depend on how many workers there are.
const numShards = 64

// run is one analysis under way: what all workers share. It changes only while
// they stand still (see [worker.serial]).
type run struct {
	opt      Options
	sink     Sink
	src      capture.Source
	shards   [numShards]*shard
	crew     *crew
	world    *fact.World
	seen     seen
	whole    *answer.Builder // of the run
	lately   lately
	out      emission
	gathered gathered              // reused
	passed   []fact.Passage        // reused
	callers  map[fact.Passer]int64 // who has a call, and when that was told last, ns
	streams  []track.StreamSeen    // reused
	together together
	judged   []*verdicts  // reused
	over     []*ended     // reused
	more     bool         // flows are waiting to end
	taken    atomic.Int32 // shards that workers took since they stood still

	strays uint64 // kinds of packets dropped before the tap, ever remembered
	told   int64  // when the answers were told last, ns of packet time; 0 not yet

	dropsSeen bool // the source has lost packets
}

// Run reads src to its end, or until ctx is done, and tells sink what it finds.
// The error is the source's, ctx's or the sink's. Stats is valid in any case,
// and everything found up to an error of the source has been told.
func Run(ctx context.Context, src capture.Source, sink Sink, opt Options) (Stats, error) {
	r := newRun(src, sink, opt)
	err := r.crew.work(ctx)
	if err == io.EOF {
		err = nil
	}
	if r.out.err != nil {
		err = r.out.err
	}
	return r.finalStats(), err
}

func newRun(src capture.Source, sink Sink, opt Options) *run {
	if opt.Memory <= 0 {
		opt.Memory = DefaultMemory
	}
	if opt.Rules == nil {
		opt.Rules = service.Default()
	}
	opt.All = opt.All || opt.Asked != nil
	if opt.Seed == 0 {
		opt.Seed = rand.Uint64() | 1
	}
	r := &run{
		opt: opt, sink: sink, src: src,
		whole: answer.NewBuilder(opt.Rules, opt.Expect),
		world: &fact.World{
			Terse: true, MOS: opt.MOS, Strays: map[fact.StrayKey]*fact.Stray{}, Rules: opt.Rules, ForgedIPs: opt.ForgedIPs, Resolvers: map[netip.Addr]*fact.Resolver{},
			Names: map[string]*fact.NameFact{}, Servers: map[netip.Addr]*fact.Server{},
		},
		seen: seen{bindings: newBindings(), arranged: newArrangements(), sessions: newSessions(), secret: secretDNS{},
			votes: votes{clients: map[netip.Addr]bool{}, nearClients: map[netip.Addr]bool{}}},
	}
	r.world.Scarce = fact.ScarcityOf(opt.Memory)
	r.world.Attempts.Scarce = r.world.Scarce
	if opt.Filter != nil {
		r.world.Blind |= fact.BlindHostFilter
	}
	r.world.Vantage = r.vantage()
	r.out.init(r)
	for i := range r.shards {
		r.shards[i] = newShard(r)
	}
	r.crew = newCrew(r, opt.Workers)
	return r
}

// answer tells the services: everything has been judged.
func (r *run) answer() {
	r.out.release(true)
	r.services(r.whole, 0)
}

func (r *run) finalStats() Stats {
	s := r.stats()
	s.Source = r.src.Stats()
	return s
}

// stats is all but what the source counts. The workers stand still.
func (r *run) stats() Stats {
	w := r.crew.workers[0] // its clock and fragments are everybody's
	s := Stats{
		Defrag: w.frags.Counts(), Findings: r.out.count,
		Vantage: r.world.Vantage, Blind: r.world.Blind,
		Clients: len(r.seen.votes.clients), Controls: r.world.Parties(), Others: r.whole.Others(),
		EncryptedDNS: r.seen.secret.list(), Twins: len(r.seen.twins.of),
	}
	if w.first != 0 {
		s.First, s.Last = time.Unix(0, w.first).UTC(), time.Unix(0, w.clock.now).UTC()
	}
	for _, o := range r.crew.workers {
		s.Decode.Add(&o.dec.Counts)
		s.Filtered += o.filtered
		s.NoFlow += o.noFlow
	}
	for _, sh := range r.shards {
		s.Packets += sh.packets
		s.NoFlow += sh.orphans
		s.Copies += sh.track.Copies
		s.Sight.Add(&sh.track.Sight)
		s.Flows += sh.track.Flows
		s.Evicted += sh.track.Evicted
	}
	return s
}
