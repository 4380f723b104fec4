package track

import (
	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
)

const (
	// fullWindow is the part of the receiver's window that must be outstanding for the
	// window to limit (rate-and-calls, section 3), in tenths.
	fullWindow = 9
	// ackOnly is the longest datagram that is taken for an acknowledgement alone,
	// bytes: it does not say that the sender has no more data.
	ackOnly = 128
)

// stampProbe is a timestamp of the receiver that waits for its echo (RFC 7323).
type stampProbe struct {
	on     bool
	seen   bool   // last is valid
	val    uint32 // that waits
	last   uint32 // the latest there was
	ack    uint32 // what was acknowledged with it
	window int64  // and allowed beyond, bytes; 0 unknown
	at     int64  // ns
}

// dataProbe is data that waits for its acknowledgement.
type dataProbe struct {
	on  bool
	end uint32
	at  int64 // ns
}

// rateData books a segment with payload on the throughput of its direction.
func (t *Tracker) rateData(id flow.ID, f *Flow, d fact.Dir, p *capture.Packet, n novelty, m merged) {
	s := &f.sides[d]
	if s.payload < rateFrom || n == keepalive {
		return
	}
	r := t.rateOf(id, f, d, p.Time)
	if r == nil {
		return
	}
	b := r.book(f, p, m.segs)
	r.lose(b, f, n, m.segs)
	if p.Flags&capture.PSH != 0 {
		b.Pushed++
	}
	if n != fresh {
		if n == again {
			r.data.on = false // Karn
		}
		return
	}
	if r.short || r.pushed && p.Time-r.lastNew > 1000*int64(r.around(f)) {
		r.Idled(r.lastNew, p.Time)
		r.stamp.on = false // its echo waited for the sender
	}
	r.echoed(f, b, p)
	if o := &f.sides[d.Other()]; o.flags&hasAck != 0 && (!r.data.on || p.Time-r.data.at > 1000*staleProbe) {
		r.data = dataProbe{on: true, end: m.first, at: p.Time}
		if !r.stamp.seen {
			r.hold(b, p.SeqEnd()-o.ack, f.allowed(d.Other()))
		}
	}
	if m.segs == 1 {
		r.longest = max(r.longest, p.PayloadLen)
	}
	r.short = !r.full(p.PayloadLen, f.unit(d))
	r.pushed, r.lastNew = p.Flags&capture.PSH != 0, p.Time
}

// full reports whether a payload is that of full segments alone. A path may be narrower
// than the ends agreed, though hardly by a fifth: its longest segments are full, too.
func (r *rate) full(payload, unit uint32) bool {
	if unit > 0 && payload%unit == 0 {
		return true
	}
	return r.longest > 0 && 5*r.longest >= 4*unit && payload%r.longest == 0
}

// around is the round trip from end to end of late, µs. A leg that was not measured
// counts as long as it is at least.
func (r *rate) around(f *Flow) (us uint32) {
	for leg, d := range [...]fact.Dir{fact.LegDown: r.dir, fact.LegUp: r.dir.Other()} {
		if r.latest[leg] != 0 {
			us += r.latest[leg]
		} else {
			us += f.rtt(d)
		}
	}
	return us
}

// allowed is the window that a side advertises, bytes; 0 where its scale is not known.
func (f *Flow) allowed(d fact.Dir) int64 {
	if f.sides[0].flags&f.sides[1].flags&hasISN == 0 || f.sides[d].flags&plainWin != 0 {
		return 0
	}
	return f.windowOf(d)
}

// book counts a packet in the bin of its time: in a new busy time, if the last one is
// long over and was told of.
func (r *rate) book(f *Flow, p *capture.Packet, segs uint32) *fact.RateBin {
	if p.Time-r.Last > rateBusy && r.told == r.Bytes {
		r.begin(f, p.Time)
	}
	b := r.At(p.Time)
	r.Last = max(r.Last, p.Time)
	bytes := uint64(p.IPLen)
	if segs > 1 {
		bytes += uint64(p.IPLen-min(p.IPLen, p.PayloadLen)) * uint64(segs-1)
	}
	if b.Num == 0 {
		b.Num = p.Num
	}
	b.Bytes += bytes
	b.Payload += uint64(p.PayloadLen)
	b.Packets += segs
	r.Bytes += bytes
	r.Payload += uint64(p.PayloadLen)
	r.Packets += uint64(segs)
	return b
}

// lose counts what a segment shows of losses.
func (r *rate) lose(b *fact.RateBin, f *Flow, n novelty, segs uint32) {
	s := &f.sides[r.dir]
	if n == filling && s.holes == r.holes {
		r.Filled += segs
	}
	if s.holes < r.holes { // they were only overtaken
		back := r.holes - s.holes
		b.Lost -= min(b.Lost, back)
		r.Lost[fact.LegUp] -= min(r.Lost[fact.LegUp], back)
		r.Runs -= min(r.Runs, 1)
		r.holes = s.holes
		r.Late += back
	}
	holes, again := s.holes-r.holes, s.retrans-r.again
	r.holes, r.again = s.holes, s.retrans
	if holes+again > 0 && !r.missing {
		r.Runs++
		r.rise(f, holes > 0)
	}
	r.missing = again > 0
	b.Lost += holes + again
	r.Lost[fact.LegUp] += holes
	r.Lost[fact.LegDown] += again
}

// rise notes how far the round trip stood above the shortest when packets were lost, on
// the leg on which they were: in a queue that runs full it does.
func (r *rate) rise(f *Flow, upstream bool) {
	leg, d := fact.LegDown, r.dir
	if upstream {
		leg, d = fact.LegUp, r.dir.Other()
	}
	us, floor := r.latest[leg], r.shortest[leg]
	if us == 0 {
		return
	}
	if hs := f.rtt(d); hs != 0 && hs < floor {
		floor = hs
	}
	r.Rises[leg].Add(us - min(us, floor))
}

// echoed closes a measurement of the way to the sender and back, and holds what is
// outstanding against the window that the sender knew of.
func (r *rate) echoed(f *Flow, b *fact.RateBin, p *capture.Packet) {
	q := &r.stamp
	if !q.on || p.Has&capture.HasTS == 0 || before(p.TSecr, q.val) {
		return
	}
	q.on = false
	if p.TSecr == q.val && r.sample(f, b, fact.LegUp, p.Time-q.at) {
		r.hold(b, p.SeqEnd()-q.ack, q.window)
	}
}

// rateAck shows a packet to the throughput of the direction that it acknowledges.
func (t *Tracker) rateAck(f *Flow, d fact.Dir, p *capture.Packet) {
	x := t.extraOf(f)
	if x == nil || x.rate[d] == nil || p.Flags&capture.ACK == 0 || p.Flags&(capture.SYN|capture.RST) != 0 {
		return
	}
	r := x.rate[d]
	if p.Time >= r.Start {
		r.delivered(p)
	}
	if q := &r.data; q.on && !before(p.Ack, q.end) {
		q.on = false
		if p.Time >= r.Start {
			r.sample(f, r.At(p.Time), fact.LegDown, p.Time-q.at)
		}
	}
	if p.Has&capture.HasTS == 0 {
		return
	}
	q := &r.stamp
	if q.seen && !before(q.last, p.TSval) {
		return // the first with a value counts
	}
	if q.last, q.seen = p.TSval, true; !q.on || p.Time-q.at > 1000*staleProbe {
		q.on, q.val, q.at, q.ack, q.window = true, p.TSval, p.Time, p.Ack, f.allowed(d.Other())
	}
}

// delivered counts what an acknowledgement says has come: by the highest byte that was
// acknowledged, selectively too. What is missing below it is little, and comes later.
func (r *rate) delivered(p *capture.Packet) {
	top := p.Ack
	if p.Has&capture.HasSACK != 0 {
		for _, s := range p.SACK[:p.NSACK] {
			top = later(top, s[1])
		}
	}
	switch ahead := top - r.acked; {
	case !r.hasAck:
		r.acked, r.hasAck = top, true
	case ahead < maxLeap:
		r.At(p.Time).Acked += uint64(ahead)
		r.acked = top
	}
}

// sample books a round trip of a leg, ns.
func (r *rate) sample(f *Flow, b *fact.RateBin, leg fact.Leg, ns int64) bool {
	us := ns / 1000
	if us < 0 || us > staleProbe || b.RTTs[leg] == 1<<16-1 {
		return false
	}
	b.RTT[leg] += uint32(us) // no two overlap: their sum is hardly longer than the bin
	b.RTTs[leg]++
	if m := &r.shortest[leg]; *m == 0 || uint32(us) < *m {
		*m = max(uint32(us), 1)
	}
	r.latest[leg] = max(uint32(us), 1)
	if far := f.rtt(r.dir) < f.rtt(r.dir.Other()); far == (leg == fact.LegUp) { // the longer leg tells
		r.Trips.Add(r.around(f))
	}
	return true
}

// hold holds what is outstanding against the receiver's window, bytes. A segment more
// would not have fitted.
func (r *rate) hold(b *fact.RateBin, out uint32, window int64) {
	if window <= 0 || int32(out) <= 0 || b.Windows == 1<<16-1 {
		return
	}
	b.Windows++
	b.Out += uint64(out)
	if 10*int64(out) >= fullWindow*window || int64(out)+int64(r.longest) > window {
		b.FullWins++
	}
}

// rateDatagram books a datagram.
func (t *Tracker) rateDatagram(id flow.ID, f *Flow, d fact.Dir, p *capture.Packet) {
	if x := t.extraOf(f); x != nil && len(p.Payload) > 0 && t.appOf(f) == appQUIC {
		x.spun(f, d, p)
	}
	s := &f.sides[d]
	if s.payload < rateFrom || p.PayloadLen == 0 {
		return
	}
	r := t.rateOf(id, f, d, p.Time)
	if r == nil {
		return
	}
	segs := max(uint32(p.Segs), 1)
	r.book(f, p, segs)
	if p.PayloadLen <= ackOnly {
		return
	}
	if r.short {
		r.Idled(r.lastNew, p.Time)
	}
	r.longest = max(r.longest, (p.PayloadLen+segs-1)/segs)
	r.short, r.lastNew = !r.full(p.PayloadLen, 0), p.Time
}
