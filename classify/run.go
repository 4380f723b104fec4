package classify

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/capture/defrag"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/service"
	"chokepoint/classify/track"
)

// numShards is how many parts flows are dealt into, by a fixed hash: what a
// shard sees does not depend on how many workers there are.
const numShards = 64

// run is one analysis under way.
type run struct {
	opt     Options
	sink    Sink
	src     capture.Source
	shards  [numShards]*shard
	crew    crew
	dec     decode.Decoder
	frags   *defrag.Table
	clock   clock
	ticked  int64 // the second of the last tick
	dealt   int   // packets since
	swept   int64 // and of the last sweep
	world   *fact.World
	seen    seen
	answers *answer.Builder
	out     emission
	stats   Stats
	merged  track.Observations
}

// Run reads src to its end, or until ctx is done, and tells sink what it finds.
// The error is the source's, ctx's or the sink's. Stats is valid in any case,
// and everything found up to an error of the source has been told.
func Run(ctx context.Context, src capture.Source, sink Sink, opt Options) (Stats, error) {
	r := newRun(src, sink, opt)
	defer r.crew.stop()
	err := r.read(ctx)
	if sinkErr := r.out.err; sinkErr != nil {
		return r.finalStats(), sinkErr
	}
	if err != io.EOF && !errors.Is(err, ctx.Err()) {
		r.world.Blind |= fact.BlindTruncated
	}
	r.finish()
	if err == io.EOF {
		err = nil
	}
	return r.finalStats(), errors.Join(err, r.out.err)
}

func newRun(src capture.Source, sink Sink, opt Options) *run {
	if opt.Memory <= 0 {
		opt.Memory = DefaultMemory
	}
	if opt.Rules == nil {
		opt.Rules = service.Default()
	}
	if opt.Seed == 0 {
		opt.Seed = rand.Uint64() | 1
	}
	r := &run{
		opt: opt, sink: sink, src: src, frags: defrag.NewTable(),
		dec:     decode.Decoder{Seed: opt.Seed},
		answers: answer.NewBuilder(opt.Rules, opt.Expect),
		world: &fact.World{
			Terse: true, Rules: opt.Rules, Resolvers: map[netipAddr]*fact.Resolver{}, Names: map[string]*fact.NameFact{},
			Servers: map[netipAddr]*fact.Server{},
		},
		seen: seen{bindings: newBindings(), votes: votes{clients: map[netipAddr]bool{}, nearClients: map[netipAddr]bool{}}},
	}
	if opt.Filter != nil {
		r.world.Blind |= fact.BlindHostFilter
	}
	r.world.Vantage = r.vantage()
	r.out.init(r)
	for i := range r.shards {
		r.shards[i] = newShard(r)
	}
	r.crew.start(r, opt.Workers)
	return r
}

// read takes in the source batch by batch.
func (r *run) read(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		b := r.crew.batch()
		err := r.src.Read(&b.Batch)
		r.batch(b)
		if err != nil {
			return err
		}
		if r.out.err != nil {
			return r.out.err
		}
	}
}

// batch decodes a batch and deals its packets to the shards, with ticks where
// packet time enters a new second.
func (r *run) batch(b *load) {
	for i := range b.Packets {
		p := &b.Packets[i]
		if !r.prepare(p) {
			continue
		}
		if sec := r.clock.now / second; sec != r.ticked && r.due(sec) {
			r.crew.flush(b)
			r.tick(sec)
		}
		r.crew.deal(b, uint16(i), p)
		r.dealt++
	}
	r.crew.flush(b)
	r.crew.done(b)
	r.drops()
}

const (
	// tickPackets is how many packets a tick waits for where many seconds have
	// few packets: a tick stops all workers, which costs as much as a hundred
	// packets do.
	tickPackets = 2048
	// tickWait is how many seconds of packet time it waits at most.
	tickWait = 4
)

// due reports whether the second just begun brings a tick.
func (r *run) due(sec int64) bool {
	return r.dealt >= tickPackets || sec-r.ticked >= tickWait || sec < r.ticked
}

// prepare decodes a packet, joins fragments and applies the expression. It
// reports whether the packet goes to a flow.
func (r *run) prepare(p *capture.Packet) bool {
	if p.Has&capture.Decoded == 0 {
		r.dec.Decode(p)
	}
	if r.stats.First.IsZero() {
		r.stats.First = time.Unix(0, p.Time).UTC()
	}
	r.clock.see(p.Time)
	if p.Has&capture.IsFragment != 0 && !r.join(p) {
		r.stats.NoFlow++
		return false
	}
	if !r.opt.Filter.Match(p) {
		r.stats.Filtered++
		return false
	}
	if p.Has&capture.HasQuoted != 0 {
		p.Shard = p.Quoted.Key.Hash(0)
	} else if p.Has&(capture.HasTCP|capture.HasUDP) == 0 || p.Has&capture.HasPorts == 0 {
		r.stats.NoFlow++
		return false
	}
	return true
}

// join adds a fragment to its datagram, and makes p the whole of it when this
// was the last one missing.
func (r *run) join(p *capture.Packet) bool {
	d, ok := decode.FragmentOf(p)
	if !ok {
		return false
	}
	f := defrag.Fragment{
		Src: p.Key.Src, Dst: p.Key.Dst, V6: p.Has&capture.HasIPv6 != 0, Proto: d.Next, If: p.If, ID: d.ID,
		Off: int(p.FragOff), More: d.More, Time: p.Time,
		Header: d.IP[:d.HeaderLen], NextAt: d.NextAt, Data: p.Payload, Len: int(p.PayloadLen),
	}
	whole, ok := r.frags.Add(&f)
	if ok {
		r.dec.DecodeIP(p, whole)
	}
	return ok
}

// drops takes over what the source says the kernel lost.
func (r *run) drops() {
	s := r.src.Stats()
	if s.Dropped+s.Lost > 0 {
		r.world.Blind |= fact.BlindKernelDrops
	}
}

// wave is how many flows of a shard may end before what they left is emitted:
// it bounds the memory that ended flows take.
const wave = 64

// tick is the moment between two seconds of packet time: what the shards
// learnt is merged, flows whose time is up end, flows that want it are judged,
// and findings are emitted.
func (r *run) tick(sec int64) {
	r.crew.wait()
	r.ticked, r.dealt = sec, 0
	r.world.Now = r.clock.now
	if r.clock.stepped {
		r.world.Blind |= fact.BlindClockStep
	}
	r.frags.Expire(r.clock.now)
	r.mergeAll()
	r.crew.each((*shard).judgeDirty)
	r.emit()
	if sec-r.swept >= sweepEvery {
		r.swept = sec
		r.sweep()
	}
	r.out.repeat()
}

// sweepEvery is how many seconds of packet time lie between two looks for
// flows whose time is up.
const sweepEvery = 5

// sweep ends the flows whose time is up.
func (r *run) sweep() {
	r.crew.each(func(s *shard) { s.more = s.track.Tick(r.clock.now, wave) })
	r.emit()
	for r.anyMore() {
		r.crew.each(func(s *shard) {
			if s.more {
				s.more = s.track.Tick(r.clock.now, wave)
			}
		})
		r.emit()
	}
}

func (r *run) anyMore() bool {
	for _, s := range r.shards {
		if s.more {
			return true
		}
	}
	return false
}

// finish ends all flows and tells the answers.
func (r *run) finish() {
	r.tick(r.clock.now/second + 1)
	for more := true; more; more = r.anyMore() {
		r.crew.each(func(s *shard) { s.more = s.track.EndSome(wave) })
		r.emit()
	}
	r.out.repeat()
	r.out.release(true)
	for _, s := range r.answers.Services(r.world) {
		if r.out.err != nil {
			return
		}
		r.out.err = r.sink.Service(&s)
	}
}

func (r *run) finalStats() Stats {
	s := &r.stats
	s.Source = r.src.Stats()
	s.Decode, s.Defrag = r.dec.Counts, r.frags.Counts()
	s.Packets, s.Copies, s.Flows, s.Evicted = 0, 0, 0, 0
	for _, sh := range r.shards {
		s.Packets += sh.packets
		s.NoFlow += sh.orphans
		s.Copies += sh.track.Copies
		s.Flows += sh.track.Flows
		s.Evicted += sh.track.Evicted
	}
	s.Findings = r.out.count
	s.Last = time.Unix(0, r.clock.now).UTC()
	if s.First.IsZero() {
		s.Last = s.First
	}
	s.Vantage, s.Blind = r.world.Vantage, r.world.Blind
	s.Clients = len(r.seen.votes.clients)
	s.Controls = r.world.Parties()
	s.Others = r.answers.Others()
	return *s
}
