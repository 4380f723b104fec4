package track

import (
	"unsafe"

	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
	"chokepoint/classify/service"
)

const (
	// rateFrom is how much payload a direction must have sent for its throughput to be
	// followed, bytes: what is smaller never leaves slow start.
	rateFrom = 16 << 10
	// rateShare is the part of the budget that throughputs may take.
	rateShare = 32
	// rateBusy is the silence that ends a busy time, ns, once it has been told of. It
	// is also how long a direction must be silent to lose its place to another.
	rateBusy = 10_000_000_000
	// rateSettled is how long a direction must be silent to be told of as it stands,
	// ns, and rateGrown by how much it must have grown else, in halves.
	rateSettled = 1_000_000_000
	rateGrown   = 1
	// rateJudged is how long a direction must have been busy to be judged by itself,
	// ns: half of what a plateau should last (rate-and-calls, section 2.4).
	rateJudged = 5_000_000_000
	// maxRatesTold is how many throughputs a shard tells of at a tick.
	maxRatesTold = 8
)

const rateSize = unsafe.Sizeof(rate{})

// rate follows the throughput of one direction.
type rate struct {
	place
	dir fact.Dir
	rateEnds
	fact.Rate // last: of a short flow only the front is touched
}

// rateEnds is what the packets so far said of the two ends.
type rateEnds struct {
	lastNew int64  // when payload came that was new, ns
	longest uint32 // payload of its longest segment that was not merged, bytes
	short   bool   // the last new payload was less than full segments: there was no more to send
	pushed  bool   // it bore PSH
	missing bool   // losses go on from the packet before

	holes, again uint32    // of the side, as seen last
	latest       [2]uint32 // round trip per leg, µs; 0 none
	shortest     [2]uint32 // per leg, µs; 0 none

	acked  uint32 // the highest acknowledgement
	hasAck bool

	stamp stampProbe
	data  dataProbe
	spin  spin

	told, judged uint64 // bytes when it was told of last, and judged
	waits        bool   // TellRates looked at it since the last packet
}

// rateOf returns the throughput of a direction, making one; nil where there is no
// room.
func (t *Tracker) rateOf(id flow.ID, f *Flow, d fact.Dir, now int64) *rate {
	x := t.needExtra(f)
	if r := x.rate[d]; r != nil {
		if r.waits {
			r.waits = false
			t.rates.links[r.slot].look, t.ratesDue = 0, 0
		}
		if r.stale(now) {
			r.used = now
			t.rates.touch(r.slot)
		}
		return r
	}
	r, at := t.rates.get(id, now)
	if r == nil {
		old := t.rates.at(t.rates.oldest)
		if now-old.used < rateBusy {
			return nil
		}
		t.freeRate(t.extras[t.Table.At(t.rates.victim()).Rec.x], old.dir)
		r, at = t.rates.get(id, now)
	}
	r.place, r.dir, r.rateEnds = at, d, rateEnds{}
	t.ratesDue = 0
	r.begin(f, now)
	x.rate[d] = r
	return r
}

// begin starts the bins anew.
func (r *rate) begin(f *Flow, now int64) {
	s := &f.sides[r.dir]
	r.Begin(now, s.payload+uint64(s.headers))
	r.lastNew, r.told, r.judged = now, 0, 0
	r.holes, r.again = s.holes, s.retrans
	r.short, r.pushed, r.missing = false, false, false
	r.data.on, r.stamp.on, r.hasAck, r.spin = false, false, false, spin{}
}

func (t *Tracker) freeRate(x *extra, d fact.Dir) {
	if r := x.rate[d]; r != nil {
		t.rates.put(r.slot)
		x.rate[d] = nil
	}
}

// RateSeen is how the throughput of a direction stands. The engine fills in what it is
// of.
type RateSeen struct {
	Num    uint64
	Start  int64 // of the flow, ns
	Series *fact.RateSeries
	Signs  []service.Sign
}

// nextRate returns a place for one more: those of the ticks before are used again.
func (o *Observations) nextRate() *RateSeen {
	n := len(o.Rates)
	if n < cap(o.Rates) {
		o.Rates = o.Rates[:n+1]
	} else {
		o.Rates = append(o.Rates, nil)
	}
	if o.Rates[n] == nil {
		o.Rates[n] = &RateSeen{Series: &fact.RateSeries{}}
	}
	return o.Rates[n]
}

// TellRates tells of throughputs that grew or came to rest, and has those judged that
// lasted; all is at the end of the input.
func (t *Tracker) TellRates(now int64, all bool) {
	if now < t.ratesDue && !all {
		return
	}
	t.ratesDue = never
	for slot := t.rates.oldest; slot != 0; slot = t.rates.links[slot].newer {
		l := &t.rates.links[slot]
		if l.look > now && !all {
			t.ratesDue = min(t.ratesDue, l.look)
			continue
		}
		r := t.rates.at(slot)
		r.waits = true
		rests := all || now-r.Last >= rateSettled
		switch {
		case r.Bytes == r.told:
			l.look = never
		case !rests && r.Bytes <= r.told+r.told*rateGrown/2:
			l.look = r.Last + rateSettled
		case len(t.Out.Rates) < maxRatesTold || all:
			l.look = never
			t.tellRate(l.owner, r, rests)
		}
		t.ratesDue = min(t.ratesDue, l.look)
	}
}

// tellRate tells of one of them.
func (t *Tracker) tellRate(id flow.ID, r *rate, rests bool) {
	r.told = r.Bytes
	e := t.Table.At(id)
	f := &e.Rec
	r.settle(f)
	o := t.Out.nextRate()
	o.Num, o.Start, o.Signs = f.Num+uint64(f.lastN), f.start, t.signsOf(f)
	s := o.Series // thousands of bytes: filled in place
	s.Flow, s.Dir, s.If, s.Name, s.QUIC = fact.FlowID(f.Num), r.dir, f.ifc, t.Name(f), t.appOf(f) == appQUIC
	s.Client, s.Server, s.Port, s.Proto = e.Key.SrcAddr(), e.Key.DstAddr(), e.Key.DstPort, e.Key.Proto
	s.Openings = t.openings(f, r.dir)
	r.CopyTo(&s.Rate)
	if r.lasts() && (rests || r.Bytes > r.judged+r.judged*rateGrown/2) {
		r.judged = r.Bytes
		t.markBulk(id, f)
	}
}

// openings are what the round trips of a direction were until it first lost something,
// if all of it was seen.
func (t *Tracker) openings(f *Flow, d fact.Dir) (out [2]fact.Opening) {
	x := t.extraOf(f)
	if x == nil || x.bulk[d] == nil || f.flags&handshake == 0 {
		return out
	}
	b := x.bulk[d].Snapshot()
	for leg := range out {
		out[leg] = b.Opening(fact.Leg(leg))
	}
	return out
}

func (r *rate) lasts() bool { return r.Last-r.Start >= rateJudged }

// settle fills in what is known only of the flow as a whole.
func (r *rate) settle(f *Flow) {
	r.Floor = [2]uint32{fact.LegDown: f.rtt(r.dir), fact.LegUp: f.rtt(r.dir.Other())}
	for leg, us := range r.shortest {
		if us != 0 && (r.Floor[leg] == 0 || us < r.Floor[leg]) {
			r.Floor[leg] = us
		}
	}
	r.Datagram = f.flags&isTCP == 0
	r.OneWay = f.sides[r.dir.Other()].packets == 0
	r.Stamped = r.stamp.seen
}

// ratesOf writes out the throughputs of a flow.
func (f *Flow) ratesOf(x *extra, to *fact.Flow) {
	for d, r := range x.rate {
		if r != nil {
			r.settle(f)
			to.Rates[d] = &r.Rate
		}
	}
}

// lasted reports whether a direction was busy for long enough to be judged at the end.
func (x *extra) lasted() bool {
	for _, r := range x.rate {
		if r != nil && r.lasts() {
			return true
		}
	}
	return false
}
