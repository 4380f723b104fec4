package track

import (
	"net/netip"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/fact/bulklog"
	"chokepoint/classify/flow"
)

const (
	// bulkFrom is how much payload a direction must have sent to be logged,
	// bytes. The smallest policers that are known let 16 kB through at once
	// (rate-and-calls, section 2.5). What they drop when the log has not begun is
	// repaired when it has, and a repair that is dropped, too, then passes for one
	// that went through: from 32 kB on, a bucket of 140 kbit/s came out at 149.
	bulkFrom = 12 << 10
	// maxLogs is how many transmission logs a shard keeps at a time: 64 shards
	// of them are the thousand rings of rate-and-calls section 2.2, and more.
	maxLogs = 32
	// spareLogs is how many empty ones are kept for the next flows.
	spareLogs = 4
	// bulkGrowth is by how much, in halves, the losses of a log must have grown
	// since it was last judged to be judged again while its flow lives: the
	// replay is dear, and a few more losses change little.
	bulkGrowth = 1
)

// bulkPool holds the transmission logs of a shard.
type bulkPool struct {
	limit  int // bytes
	bytes  int // as of the last look
	logs   []bulkRef
	news   bool   // packets were logged, or logs given up, since Bulks listed them
	fresh  logSet // which of them it was, of those that are still there
	unseen logSet // what was logged to since the last look
	free   []*bulk
}

// bulk is a transmission log that knows its place in the list: what is done with all of
// them at ticks touches only those that were written to.
type bulk struct {
	bulklog.Log
	at int
}

// logSet is some of a shard's logs, by place.
type logSet uint32

func (s logSet) has(i int) bool { return s>>i&1 != 0 }

// move gives what is at a place the one of another, which is gone.
func (s *logSet) move(from, to int) {
	moved := *s >> from & 1
	*s &^= 1<<from | 1<<to
	if from != to {
		*s |= moved << to
	}
}

// wrote notes that a log was shown a packet.
func (b *bulkPool) wrote(l *bulk) {
	b.news = true
	b.fresh |= 1 << l.at
	b.unseen |= 1 << l.at
}

type bulkRef struct {
	BulkRef
	log    *bulk
	judged uint32 // losses when it was last judged
	bytes  int    // memory it held when it was last looked at
}

// bulkData logs a packet with payload, if its direction is bulk.
func (t *Tracker) bulkData(id flow.ID, f *Flow, d fact.Dir, p *capture.Packet, n novelty) {
	s := &f.sides[d]
	if s.payload < bulkFrom {
		return
	}
	x := t.extras[f.x]
	l := x.bulk[d]
	if l == nil {
		if n != fresh || f.flags&noBulk != 0 {
			return
		}
		l = t.newLog(id, d)
		if l == nil {
			return
		}
		x.bulk[d] = l
		l.Start(s.origin(f, d, p.Seq))
	}
	t.bulks.wrote(l)
	l.Data(p, f.mssOption(d))
}

// origin is where a log begins that has next for its first byte. What was sent
// again by then had been lost, and counts once.
func (s *side) origin(f *Flow, d fact.Dir, next uint32) bulklog.Origin {
	o := bulklog.Origin{ISN: s.isn, Next: next, Contig: next, Start: f.at(s.firstData), MSS: f.mssOption(d),
		RTT: [2]uint32{fact.LegDown: f.rtt(d), fact.LegUp: f.rtt(d.Other())}}
	if s.flags&holed != 0 && before(s.contig, next) {
		o.Contig = s.contig
	}
	o.Before = min(s.payload, uint64(next-s.isn)) + uint64(s.headers)
	return o
}

// bulkAck shows a packet to the log of the direction it acknowledges.
func (t *Tracker) bulkAck(f *Flow, logged fact.Dir, p *capture.Packet) {
	if x := t.extraOf(f); x != nil && x.bulk[logged] != nil {
		t.bulks.wrote(x.bulk[logged])
		x.bulk[logged].Ack(p)
	}
}

// newLog hands out a log. When all are taken, the one without suspicion that
// was silent for longest is given up; without one, nil.
func (t *Tracker) newLog(id flow.ID, d fact.Dir) *bulk {
	b := &t.bulks
	if len(b.logs) >= maxLogs {
		victim := -1
		for i := range b.logs {
			if !b.logs[i].log.Suspect() && (victim < 0 || t.lastOf(b.logs[i].ID) < t.lastOf(b.logs[victim].ID)) {
				victim = i
			}
		}
		if victim < 0 {
			return nil
		}
		t.dropLog(victim)
	}
	var l *bulk
	if n := len(b.free); n > 0 {
		l, b.free = b.free[n-1], b.free[:n-1]
	} else {
		l = &bulk{}
	}
	l.at = len(b.logs)
	e := t.Table.At(id)
	b.logs = append(b.logs, bulkRef{log: l, BulkRef: BulkRef{
		ID: id, Flow: fact.FlowID(e.Rec.Num), Client: e.Key.SrcAddr(), If: e.Rec.ifc, Dir: d,
	}})
	return l
}

func (t *Tracker) lastOf(id flow.ID) int64 { return t.Table.At(id).Rec.last() }

// dropLog takes a log from a flow that goes on without.
func (t *Tracker) dropLog(i int) {
	f := &t.Table.At(t.bulks.logs[i].ID).Rec
	f.flags |= noBulk
	t.freeBulk(t.extras[f.x], t.bulks.logs[i].Dir)
}

// freeBulk gives a flow's log back.
func (t *Tracker) freeBulk(x *extra, d fact.Dir) {
	l := x.bulk[d]
	if l == nil {
		return
	}
	x.bulk[d] = nil
	b := &t.bulks
	b.news = true
	last := len(b.logs) - 1
	b.logs[last].log.at = l.at
	b.logs[l.at] = b.logs[last]
	b.logs = b.logs[:last]
	b.fresh.move(last, l.at)
	b.unseen.move(last, l.at)
	if l.Bytes() < 64<<10 && len(b.free) < spareLogs {
		l.Reset()
		b.free = append(b.free, l)
	}
}

// tickBulks has the logs judged that lost enough, and keeps to the budget:
// logs without suspicion go first.
func (t *Tracker) tickBulks() {
	b := &t.bulks
	b.bytes = 0
	since := b.unseen
	b.unseen = 0
	for i := range b.logs {
		r := &b.logs[i]
		if !since.has(i) {
			b.bytes += r.bytes
			continue // nothing new
		}
		r.bytes = r.log.Bytes()
		b.bytes += r.bytes
		if n := r.log.Losses(); r.log.Suspect() && n > r.judged+r.judged*bulkGrowth/2 {
			r.judged = n
			t.markBulk(r.ID, &t.Table.At(r.ID).Rec)
		}
	}
	for b.bytes > b.limit && len(b.logs) > 0 {
		victim := 0
		for i := range b.logs {
			if less(&b.logs[i], &b.logs[victim]) {
				victim = i
			}
		}
		b.bytes -= b.logs[victim].log.Bytes()
		t.dropLog(victim)
	}
}

// less orders logs by who has to go first.
func less(a, b *bulkRef) bool {
	if s := a.log.Suspect(); s != b.log.Suspect() {
		return !s
	}
	return a.log.Bytes() > b.log.Bytes()
}

// BulkRef names a transmission log, with what there is to say of its flow without a look at it.
type BulkRef struct {
	ID     flow.ID
	Flow   fact.FlowID
	Client netip.Addr
	If     uint16
	Dir    fact.Dir
	Losses uint32
	Lossy  bool // it had some, at some time
}

// Rejudge has the transmission logs of a flow judged at the next tick if there
// were findings about it.
func (t *Tracker) Rejudge(id flow.ID) {
	if f := &t.Table.At(id).Rec; f.WasFound() {
		t.markBulk(id, f)
	}
}

// Bulks lists the logs, in the order in which they were begun or
// moved up for one that was given up: it depends on the packets alone.
func (t *Tracker) Bulks(to []BulkRef) []BulkRef {
	b := &t.bulks
	for i := range b.logs {
		r := &b.logs[i]
		if b.fresh.has(i) {
			r.Losses, r.Lossy = r.log.Losses(), r.log.Lossy()
		}
		to = append(to, r.BulkRef)
	}
	b.news, b.fresh = false, 0
	return to
}

// BulkNews reports whether the logs may have changed since they were listed.
func (t *Tracker) BulkNews() bool { return t.bulks.news }
