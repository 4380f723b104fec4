package track

import (
	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/fact/medialog"
	"chokepoint/classify/flow"
	"chokepoint/classify/service"
	"chokepoint/classify/stream"
	"chokepoint/classify/wire/dns"
	"chokepoint/classify/wire/http"
	"chokepoint/classify/wire/quic"
	"chokepoint/classify/wire/rtp"
	"chokepoint/classify/wire/stun"
	"chokepoint/classify/wire/tls"
)

// Lifetimes of flows, ns (the house's decisions). Established TCP lives until
// its memory is needed.
const (
	HalfOpenLife = 130_000_000_000 // a SYN is retried for 127 s (Linux tcp_syn_retries 6)
	ClosedLife   = 60_000_000_000  // life after a reset is evidence
	UDPLife      = 180_000_000_000
	// QuietAfter is when an established flow without packets is looked at for
	// unmet demand: twice the silence the freeze detector asks for.
	QuietAfter = 10_000_000_000
)

// The queues of the flow table.
const (
	QHalf flow.Queue = iota
	QActive
	QQuiet
	QClosed
	QUDP
	numQueues
)

// Config is what a tracker needs from outside.
type Config struct {
	Memory int    // budget, bytes
	Seed   uint64 // of Packet.Hash
	// KnownServer reports whether an address belongs to a service: it tells
	// client from server where the handshake was not seen. nil: none does.
	KnownServer func(a [16]byte) bool
	// Recognise appends the rules that a payload satisfies. nil: there are none.
	Recognise func(p *service.Payload, out []service.Sign) []service.Sign
	// Pages recognises answers in the clear that are on lists. nil: there are none.
	Pages Pages
	// NoRates and NoCalls leave out what is kept for the detectors of rates, and for
	// those of calls.
	NoRates, NoCalls bool
	// OnEnd is told of every flow that ends, before its record goes.
	OnEnd func(id flow.ID, why fact.End)
}

// Tracker keeps the flows of one shard.
type Tracker struct {
	Table   *flow.Table[Flow]
	Out     Observations
	Dirty   []flow.ID // to be judged at the next tick
	Flows   uint64    // ever begun
	Evicted uint64    // of them, ended for lack of memory
	Copies  uint64    // duplicated packets dropped
	Stolen  uint64    // works taken for want of memory
	Sight   Sight

	conf      Config
	copies    copies
	extras    []*extra // index 0 unused
	freeX     []uint32
	names     []*[nameSlab]names // index 1 is the first
	freeNames []uint32
	usedNames uint32
	works     pool[work]
	marks     spares[marks]
	fins      spares[parting]
	speeches  pool[speech]
	vigils    pool[vigil]
	calls     pool[call]
	events    eventPool
	callers   []fact.Passer
	passed    passages
	streams   []StreamSeen
	bulks     bulkPool
	rates     pool[rate]
	ratesDue  int64 // when one of them is to be looked at next, ns
	spare     []*stream.Buffer
	spareQUIC []*quic.Client
	perFlow   int
	side      int // bytes in extras, names, trouble, DNS
	buffered  int // bytes in streams being parsed

	hello    tls.ClientHello
	flight   tls.ServerFlight
	request  http.Request
	response http.Response
	message  dns.Message
	stun     stun.Message
	rtp      rtp.Header
	rtcp     rtp.RTCP
	packet   quic.Packet
	signs    []service.Sign
	payload  service.Payload
}

// New returns an empty tracker.
func New(c Config) *Tracker {
	if c.KnownServer == nil {
		c.KnownServer = func([16]byte) bool { return false }
	}
	if c.Recognise == nil {
		c.Recognise = func(_ *service.Payload, out []service.Sign) []service.Sign { return out }
	}
	table := flow.NewTable[Flow](int(numQueues), c.Seed)
	return &Tracker{
		Table:    table,
		perFlow:  table.PerEntry(),
		conf:     c,
		extras:   make([]*extra, 1),
		works:    pool[work]{limit: c.Memory / worksShare / int(workMost)},
		speeches: pool[speech]{limit: c.Memory / speechShare / int(speechSize)},
		vigils:   pool[vigil]{limit: c.Memory / vigilShare / int(vigilSize)},
		calls:    pool[call]{limit: c.Memory / callShare / int(callSize)},
		events:   eventPool{limit: c.Memory / eventsShare / medialog.MaxEvents / int(eventSize)},
		bulks:    bulkPool{limit: c.Memory / bulksShare},
		rates:    pool[rate]{limit: c.Memory / rateShare / int(rateSize)},
	}
}

// Packet books a packet on its flow and reports whether it belongs to one:
// TCP, UDP, a tunnel without ports, or an ICMP error that quotes a known flow.
func (t *Tracker) Packet(p *capture.Packet) bool {
	if p.Has&capture.HasQuoted != 0 {
		return t.icmp(p)
	}
	sealed := p.Sealed()
	if !sealed && (p.Has&capture.HasPorts == 0 || p.Has&(capture.HasTCP|capture.HasUDP) == 0) {
		return false
	}
	if copied, routed := t.copies.seen(p); copied {
		t.Copies++
		if routed {
			t.Sight.Routed++
		}
		return true
	}
	id, e, reverse := t.Table.Find(&p.Key, p.Hash)
	var left *prior
	if e != nil && t.reused(e, p, reverse) {
		left = e.Rec.leaves()
		t.end(id, fact.EndReuse)
		e = nil
	}
	if e == nil {
		id, e, reverse = t.begin(p)
		t.succeed(&e.Rec, left)
	}
	d := fact.Up
	if reverse {
		d = fact.Down
	}
	if p.Time < e.Rec.last()-1_000_000_000 {
		e.Rec.flags |= clockStep
	}
	switch {
	case sealed:
		t.sealed(id, e, d, p)
	case p.Has&capture.HasTCP != 0:
		t.tcp(id, e, d, p)
	default:
		t.udp(id, e, d, p)
	}
	return true
}

// begin makes a flow of its first packet seen.
func (t *Tracker) begin(p *capture.Packet) (flow.ID, *flow.Entry[Flow], bool) {
	t.makeRoom()
	k, reverse, guess := t.orient(p)
	q := QUDP
	if p.Has&capture.HasTCP != 0 {
		q = QHalf
	}
	id, e := t.Table.Add(k, p.Hash, q, p.Time)
	f := &e.Rec
	f.Num, f.start, f.ifc = p.Num, p.Time, p.If
	if guess {
		f.flags |= inferred
	}
	if p.Has&capture.HasTCP != 0 {
		f.flags |= isTCP
		if p.Flags&capture.SYN == 0 {
			f.flags |= midstream
		}
		t.opened(e, p)
	}
	t.Flows++
	return id, e, reverse
}

// Tick lets flows end whose time is up at now, ns, at most limit of them, and
// reports whether there are more. It looks at those that fell silent, and keeps
// to the budget what flows came to hold since they began.
func (t *Tracker) Tick(now int64, limit int) (more bool) {
	limit -= t.expire(QHalf, now-HalfOpenLife, limit)
	limit -= t.expire(QClosed, now-ClosedLife, limit)
	limit -= t.expire(QUDP, now-UDPLife, limit)
	for ; limit > 0 && t.full(0); limit-- {
		t.evict()
	}
	if limit <= 0 {
		return true
	}
	t.quieten(now)
	t.tickBulks()
	return false
}

// expire ends the flows of a queue whose last packet was before then, at most
// limit of them, and returns how many.
func (t *Tracker) expire(q flow.Queue, then int64, limit int) (n int) {
	for n < limit {
		id, placed := t.Table.Oldest(q)
		if id == 0 || placed >= then {
			break
		}
		e := t.Table.At(id)
		if last := e.Rec.last(); last >= then {
			t.Table.Touch(id, e, q, max(last, placed+1_000_000_001))
			continue
		}
		why := fact.EndIdle
		if q == QClosed {
			why = e.Rec.end()
		}
		t.end(id, why)
		n++
	}
	return n
}

// quieten moves established flows that fell silent to a queue of their own and
// has those judged that are owed something.
func (t *Tracker) quieten(now int64) {
	for {
		id, placed := t.Table.Oldest(QActive)
		if id == 0 || placed >= now-QuietAfter {
			return
		}
		e := t.Table.At(id)
		if last := e.Rec.last(); last >= now-QuietAfter {
			t.Table.Touch(id, e, QActive, max(last, placed+1_000_000_001))
			continue
		}
		t.Table.Touch(id, e, QQuiet, now)
		if e.Rec.owed(t.extraOf(&e.Rec)) {
			t.mark(id, &e.Rec)
		}
	}
}

// mark has a flow judged at the next tick.
func (t *Tracker) mark(id flow.ID, f *Flow) {
	t.enlist(id, f)
	f.flags |= suspect | dirty
}

// markBulk has the transmission logs of a flow judged at the next tick.
func (t *Tracker) markBulk(id flow.ID, f *Flow) {
	t.enlist(id, f)
	f.flags |= suspect | dirtyBulk
}

func (t *Tracker) enlist(id flow.ID, f *Flow) {
	if f.flags&(dirty|dirtyBulk) == 0 {
		t.Dirty = append(t.Dirty, id)
	}
}

// end closes a flow and frees what it holds.
func (t *Tracker) end(id flow.ID, why fact.End) {
	if x := t.extraOf(&t.Table.At(id).Rec); x != nil && x.lasted() {
		t.Table.At(id).Rec.flags |= suspect
	}
	// What is owed at the end is a question too, if not yet an answer.
	if f := &t.Table.At(id).Rec; f.flags&(isTCP|suspect) == isTCP && f.end() == fact.StillOpen && f.owed(t.extraOf(f)) {
		f.flags |= suspect
	}
	t.callEnds(&t.Table.At(id).Rec)
	if t.conf.OnEnd != nil {
		t.conf.OnEnd(id, why)
	}
	if e := t.Table.At(id); e.Rec.flags&isTCP != 0 {
		t.Sight.count(e)
	}
	t.release(&t.Table.At(id).Rec)
	t.Table.Remove(id)
}

// EndSome ends up to limit flows, because the input is over, and reports
// whether there are more.
func (t *Tracker) EndSome(limit int) (more bool) {
	for q := flow.Queue(0); q < numQueues; q++ {
		for {
			id, _ := t.Table.Oldest(q)
			if id == 0 {
				break
			}
			if limit--; limit < 0 {
				return true
			}
			why := t.Table.At(id).Rec.end()
			if why == fact.StillOpen {
				why = fact.EndOfCapture
			}
			t.end(id, why)
		}
	}
	return false
}
