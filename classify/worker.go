package classify

import (
	"context"
	"errors"
	"io"
	"math"

	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/capture/defrag"
	"chokepoint/classify/fact"
)

// worker goes through all packets and keeps the flows of its own shards. It
// decodes those that a glance shows to be its own, and all that a glance does not
// tell: that costs less than handing decoded packets from core to core. What
// depends on every packet (the clock, fragments) each worker works out alike, so
// that all come to a tick at the same packet without being told.
type worker struct {
	run   *run
	index int
	own   [numShards]bool

	dec    decode.Decoder // counts what this worker answers for
	spare  decode.Decoder // counts what others answer for, too
	frags  *defrag.Table
	local  capture.Packet // decoded here when others read the batch too
	clock  clock
	ticked int64 // the second of the last tick
	swept  int64 // and of the last sweep
	dealt  int   // packets since the last tick, whatever they are

	first    int64  // time of the first packet, ns
	begun    bool   // the clock runs: there was a packet, or a note
	over     bool   // the input has ended
	filtered uint64 // packets that the expression does not match, of those it answers for
	noFlow   uint64 // packets that belong to no flow, of those it answers for
}

func newWorker(r *run, i, of int) *worker {
	w := &worker{run: r, index: i, frags: defrag.NewTable(), dec: decode.Decoder{Seed: r.opt.Seed}, spare: decode.Decoder{Seed: r.opt.Seed}}
	for s := i; s < numShards; s += of {
		w.own[s] = true
		r.shards[s].clock = &w.clock
	}
	return w
}

// batch takes in the packets of a batch, with ticks where packet time enters a
// new second.
func (w *worker) batch(b *load) {
	notes := b.Notes
	if len(w.run.crew.workers) == 1 {
		for i := range b.Packets {
			p := &b.Packets[i]
			notes = w.notesUntil(notes, p.Time)
			w.advance(p.Time)
			w.packet(p, &w.dec)
		}
	} else {
		notes = w.share(b)
	}
	w.notesUntil(notes, math.MaxInt64)
	if len(b.Packets) == 0 && b.err == nil { // otherwise the packets' own times count
		w.idle(b.Now)
	}
	if b.drops && w.index == 0 {
		w.run.dropsSeen = true
	}
	if b.err != nil && b.err != io.EOF && !errors.Is(b.err, context.Canceled) && !errors.Is(b.err, context.DeadlineExceeded) {
		w.serial(func() { w.run.world.Blind |= fact.BlindTruncated })
	}
}

// advance moves the clock on to the next packet, with ticks where they are due.
func (w *worker) advance(time int64) {
	if w.first == 0 {
		w.first = time
	}
	w.begun = true
	w.clock.see(time)
	w.catchUp()
	w.dealt++
}

// idle moves the clock on when a live source says how late it is. Before the
// first packet or note there is nothing to be late for.
func (w *worker) idle(now int64) {
	if !w.begun || now <= w.clock.now {
		return
	}
	w.clock.now = now
	w.catchUp()
}

// catchUp brings the ticks up to the clock. A second without packets has its tick
// as one with them has: what is judged does not depend on whether the clock or the
// next packet tells that it is over.
func (w *worker) catchUp() {
	sec := w.clock.now / second
	if sec == w.ticked {
		return
	}
	if sec < w.ticked || sec-w.ticked > maxCatchUp {
		w.tick(sec, sec*second)
		return
	}
	for s := w.ticked + 1; s <= sec; s++ {
		if w.due(s) {
			w.tick(s, s*second)
		}
	}
}

// notesUntil gives the notes before a moment to their flows and returns the rest:
// the kernel speaks of a packet after it passed the tap.
func (w *worker) notesUntil(notes []capture.Note, time int64) []capture.Note {
	for len(notes) > 0 && notes[0].Time < time {
		n := &notes[0]
		w.begun = true // nothing may ever pass the tap
		if s := n.Key.Hash(0) % numShards; w.own[s] {
			w.run.shards[s].note(n)
		}
		notes = notes[1:]
	}
	return notes
}

// share goes through a batch that other workers go through too. It returns the
// notes that are left.
func (w *worker) share(b *load) []capture.Note {
	p, notes := &w.local, b.Notes
	for i := range b.list {
		g := &b.list[i]
		notes = w.notesUntil(notes, g.time)
		w.advance(g.time)
		switch {
		case g.decoded:
			*p = b.Packets[i]
			w.packet(p, w.decoder())
			continue
		case g.known && !w.own[g.shard%numShards]:
			continue
		}
		p.Num, p.Time, p.Frame, p.WireLen, p.If, p.Link, p.Has = g.num, g.time, g.frame, g.wireLen, g.ifc, g.link, 0
		if g.segs != 0 {
			p.Segs, p.Has = g.segs, capture.HasSegs
		}
		if g.known {
			w.packet(p, &w.dec)
		} else {
			w.packet(p, w.decoder())
		}
	}
	return notes
}

const (
	// tickPackets is how many packets a tick waits for where many seconds have
	// few packets: a tick stops all workers, which costs as much as a hundred
	// packets do.
	tickPackets = 2048
	// tickWait is how many seconds of packet time it waits at most.
	tickWait = 4
	// maxCatchUp is how many seconds of silence have ticks of their own: by then
	// every question that silence answers has been asked (HalfOpenLife and UDPLife
	// of the tracker are shorter).
	maxCatchUp = 300
	// sweepEvery is how many seconds of packet time lie between two looks for
	// flows whose time is up, and between two comparisons of all there is.
	sweepEvery = 5
	// wave is how many flows of a shard may end before what they left is
	// emitted: it bounds the memory that ended flows take.
	wave = 64
	// spareFlows is how many of them keep their memory for those that end next: where
	// each shard kept a wave for good, that of a burst once in a while was 7 MB.
	spareFlows = 16
)

// due reports whether a second that begins brings a tick.
func (w *worker) due(sec int64) bool {
	return w.dealt >= tickPackets || sec-w.ticked >= tickWait
}

// decoder is that of packets which every worker decodes: the first one answers
// for them.
func (w *worker) decoder() *decode.Decoder {
	if w.index == 0 {
		return &w.dec
	}
	return &w.spare
}

// packet decodes a packet, joins fragments, applies the expression and gives
// what is left to its flow, if that is one of the worker's.
func (w *worker) packet(p *capture.Packet, d *decode.Decoder) {
	if p.Has&capture.Decoded == 0 {
		d.Decode(p)
	}
	mine := d == &w.dec // answered for by this worker
	if p.Has&capture.IsFragment != 0 && !w.join(p, d) {
		w.noFlow += count(mine)
		return
	}
	if !w.run.opt.Filter.Match(p) {
		w.filtered += count(mine)
		return
	}
	if p.Has&capture.HasQuoted != 0 {
		p.Shard = p.Quoted.Key.Hash(0)
	} else if p.Sealed() {
		p.Shard, p.Hash = p.Key.Hash(0), p.Key.Hash(w.run.opt.Seed)
	} else if p.Has&(capture.HasTCP|capture.HasUDP) == 0 || p.Has&capture.HasPorts == 0 {
		w.noFlow += count(mine)
		return
	}
	if s := p.Shard % numShards; w.own[s] {
		w.run.shards[s].packet(p)
	}
}

func count(yes bool) uint64 {
	if yes {
		return 1
	}
	return 0
}

// join adds a fragment to its datagram, and makes p the whole of it when this
// was the last one missing.
func (w *worker) join(p *capture.Packet, d *decode.Decoder) bool {
	f, ok := defrag.Of(p)
	if !ok {
		return false
	}
	whole, ok := w.frags.Add(&f)
	if ok {
		d.DecodeIP(p, whole)
	}
	return ok
}

// serial waits for all workers, has f run by the first one while the others
// stand still, and lets them go on, with all shards to be taken.
func (w *worker) serial(f func()) {
	meet := w.run.crew.meet
	if !meet.wait() {
		panic(stopped{})
	}
	if w.index == 0 {
		f()
		w.run.taken.Store(0)
	}
	if !meet.wait() {
		panic(stopped{})
	}
}

// each runs f on the worker's own shards.
func (w *worker) each(f func(*shard)) {
	for i, s := range w.run.shards {
		if w.own[i] {
			f(s)
		}
	}
}

// any runs f on all shards, each by the worker that has time for it. It stands between
// two calls of serial.
func (w *worker) any(f func(*shard)) {
	for {
		i := int(w.run.taken.Add(1)) - 1
		if i >= numShards {
			return
		}
		f(w.run.shards[i])
	}
}

// tick is the moment between two seconds of packet time: what the shards
// learnt is merged, flows that want it are judged, flows whose time is up end,
// and findings are told.
func (w *worker) tick(sec, now int64) {
	r := w.run
	w.ticked, w.dealt = sec, 0
	w.frags.Expire(now)
	w.each(func(s *shard) {
		s.track.Attend(now)
		s.track.TellRates(now, w.over)
	})
	w.serial(func() { r.begin(&w.clock, now) })
	w.any((*shard).judgeDirty)
	if sec-w.swept < sweepEvery {
		w.serial(func() { r.conclude(false) })
		return
	}
	w.swept = sec
	w.serial(r.emit)
	w.waves(func(s *shard) bool { return s.track.Tick(now, wave) }, func() { r.conclude(true) })
}

// waves lets flows end on all shards, some at a time, until end says of every
// shard that there are no more. last follows, while the workers stand still.
func (w *worker) waves(end func(*shard) bool, last func()) {
	r := w.run
	first := true
	for {
		w.any(func(s *shard) {
			if first || s.more {
				s.more = end(s)
			}
		})
		first = false
		w.serial(func() {
			if r.emit(); !r.more {
				last()
			}
		})
		if !r.more {
			return
		}
	}
}

// finish ends all flows; the first worker tells the answers.
func (w *worker) finish() {
	w.over = true
	w.tick(w.clock.now/second+1, w.clock.now)
	w.serial(func() {
		w.run.join(true)
		w.run.out.overall(true)
	})
	w.waves(func(s *shard) bool { return s.track.EndSome(wave) }, func() {
		w.run.out.overall(true)
		w.run.answer()
	})
}

// begin starts a tick: the world learns.
func (r *run) begin(c *clock, now int64) {
	w := r.world
	w.Now = now
	if c.stepped {
		w.Blind |= fact.BlindClockStep
	}
	if r.dropsSeen {
		w.Blind |= fact.BlindKernelDrops
	}
	r.reload()
	r.mergeAll()
	r.learnMedia(now)
	r.missAnswers(now)
	r.mergeStrays()
}

// reload takes up new rules, if there are any. At a tick nobody is reading the
// old ones.
func (r *run) reload() {
	select {
	case rules := <-r.opt.Reload:
		if rules != nil {
			r.opt.Rules, r.world.Rules = rules, rules
			for _, a := range r.answers() {
				a.Reload(rules)
			}
		}
	default:
	}
}

// conclude ends a tick, and a sweep.
func (r *run) conclude(sweep bool) {
	r.judgeStrays()
	r.emit()
	r.join(false)
	r.out.overall(sweep)
	r.interim()
}
