package detect

import (
	"slices"
	"time"

	"chokepoint/classify/fact"
)

// limit is what limited a direction in a span of time (rate-and-calls, section 3).
type limit uint8

const (
	limitUnseen limit = iota // what could tell was not captured
	limitSilent              // nothing came, and nothing says that nothing was to come
	limitApp                 // the sender had no more to send
	limitWindow              // the receiver's window
	limitFloor               // the round trip: slow start, or a window of the sender's own
	limitQueue               // a queue on the way
	limitLoss                // losses without a queue
)

var limitTexts = [...]string{"not to be told", "silence", "the application", "the receiver's window", "the round trip", "a queue", "losses"}

func (l limit) String() string { return limitTexts[l] }

// limitNames are those of records; what has none is not told.
var limitNames = [...]string{limitApp: "application", limitWindow: "receiver_window", limitFloor: "round_trip", limitQueue: "queue", limitLoss: "loss"}

// limitCells is how many cells must be there for a word about the whole.
const limitCells = 3

// Limit names what limited the direction of a flow that moved most, for at least half of
// its time: application, receiver_window, round_trip, queue or loss; "" where none did, or
// it cannot be told.
func Limit(f *fact.Flow) string {
	var most *fact.Rate
	for _, r := range f.Rates {
		if r != nil && (most == nil || r.Bytes > most.Bytes) {
			most = r
		}
	}
	if most == nil || most.Datagram {
		return ""
	}
	p := paceOf(most)
	if l, share := p.limits(); len(p.cells) >= limitCells && share >= 0.5 {
		return limitNames[l]
	}
	return ""
}

// backlogged reports that the sender had more to send than the path took. Where
// nothing can be seen it may have been so.
func (l limit) backlogged() bool { return l == limitQueue || l == limitLoss || l == limitUnseen }

const (
	// idleShare of a cell without anything to send makes it the application's. Between
	// the parts of a file that is asked for part by part a sender rests a round trip.
	idleShare = 0.2
	// pushShare of segments with PSH does, too: a sender that is behind sets it on one
	// in two at most (Linux, on the last of what is handed to the card together).
	pushShare = 0.75
	// queueFactor is how much longer a round trip must be than the floor of the path to
	// show a queue (rate-and-calls, sections 2.4 and 3), and queueLeast how much at
	// least, s: an acknowledgement is held back for 40 ms, a radio wakes in 15 ms.
	queueFactor = 1.5
	queueLeast  = 0.020
	queueAcks   = 0.050
	// lossShare of a cell's segments is loss.
	lossShare = 0.01
	// cellPackets is how many packets a cell must have, at the median, to tell one rate
	// from another: at sixteen one more is 6 %.
	cellPackets = 16
	// tripReach is how far in time a round trip speaks for cells that have none, ns.
	tripReach = int64(3 * time.Second)
)

// cell is one or more bins of a direction.
type cell struct {
	fact.RateBin
	from, to int64   // ns
	bytes    float64 // IP bytes that the path carried
	bps      float64 // the same, as bits/s
	trip     float64 // of the longer leg, s; 0 unknown
	limit    limit
}

func (c *cell) seconds() float64 { return inSeconds(c.to - c.from) }

// pace is a direction cut into cells that have packets enough.
type pace struct {
	rate  *fact.Rate
	cells []cell
	leg   fact.Leg // the longer one: that of the queue, if there is one
	floor float64  // of it, s; 0 unknown
	trips int      // how many cells have a round trip
}

// paceOf cuts a direction into cells. Where the tap lies on the sender's side of the
// bottleneck, what was acknowledged is counted, and not what was sent into a queue.
func paceOf(r *fact.Rate) pace {
	p := pace{rate: r, leg: longerLeg(r)}
	p.floor = float64(r.Floor[p.leg]) / 1e6
	used := r.Used()
	bins := r.Bins[:used]
	n := cellWidth(bins)
	acked := ahead(r)
	p.cells = make([]cell, 0, used/n)
	for i := 0; i+n <= used; i += n {
		if end := r.Start + int64(i+n)*r.Width; end > r.Last && i+n > 1 {
			break // it goes on beyond what there was
		}
		p.add(bins[i:i+n], r.Start+int64(i)*r.Width, acked)
	}
	p.carry()
	for i := range p.cells {
		p.cells[i].limit = p.limitOf(&p.cells[i])
	}
	return p
}

// dataBytes is how long datagrams of a transfer are at the mean, at least: shorter ones
// only acknowledge.
const dataBytes = 1000

// transfers reports that a direction without sequence numbers carries data.
func transfers(r *fact.Rate) bool { return r.Bytes >= dataBytes*r.Packets }

// longerLeg is the one on which a bottleneck is likelier to be.
func longerLeg(r *fact.Rate) fact.Leg {
	if r.Floor[fact.LegUp] > r.Floor[fact.LegDown] {
		return fact.LegUp
	}
	return fact.LegDown
}

// ahead reports that the tap lies on the sender's side, and acknowledgements tell what
// passed the rest of the way.
func ahead(r *fact.Rate) bool {
	return longerLeg(r) == fact.LegDown && slices.ContainsFunc(r.Bins[:r.Used()], func(b fact.RateBin) bool { return b.Acked > 0 })
}

// carried is how many IP bytes the path carried in a span of time.
func carried(r *fact.Rate, b *fact.RateBin, acked bool) float64 {
	if acked && r.Payload > 0 {
		return float64(b.Acked) * float64(r.Bytes) / float64(r.Payload) // with headers
	}
	return float64(b.Bytes)
}

// cellWidth is how many bins make a cell.
func cellWidth(bins []fact.RateBin) int {
	packets := make([]float64, 0, len(bins))
	for i := range bins {
		if n := bins[i].Packets; n > 0 {
			packets = append(packets, float64(n))
		}
	}
	n := 1
	if len(packets) > 0 {
		for m := medianOf(packets); n < 8 && float64(n)*m < cellPackets; n *= 2 {
		}
	}
	return n
}

// add appends a cell.
func (p *pace) add(bins []fact.RateBin, from int64, acked bool) {
	c := cell{from: from, to: from + int64(len(bins))*p.rate.Width}
	for i := range bins {
		c.Add(&bins[i])
	}
	c.bytes = carried(p.rate, &c.RateBin, acked)
	c.bps = 8 * c.bytes / c.seconds()
	if n := c.RTTs[p.leg]; n > 0 {
		c.trip = float64(c.RTT[p.leg]) / float64(n) / 1e6
		p.trips++
	}
	p.cells = append(p.cells, c)
}

// carry gives cells without a round trip that of the nearest one that has one.
func (p *pace) carry() {
	if p.trips == 0 || p.trips == len(p.cells) {
		return
	}
	had := make([]float64, len(p.cells))
	for i := range p.cells {
		had[i] = p.cells[i].trip
	}
	for i := range p.cells {
		near := tripReach
		for k, trip := range had {
			if d := max(p.cells[k].from-p.cells[i].from, p.cells[i].from-p.cells[k].from); trip > 0 && d < near {
				p.cells[i].trip, near = trip, d
			}
		}
	}
}

// limitOf says what limited a cell.
func (p *pace) limitOf(c *cell) limit {
	idle := float64(c.Idle) / 1e6 / c.seconds()
	switch {
	case idle > idleShare, !p.rate.Datagram && float64(c.Pushed) > pushShare*float64(c.Packets):
		return limitApp
	case c.Packets == 0 && c.Acked == 0:
		return limitSilent
	case c.Windows > 0 && 2*c.FullWins >= c.Windows:
		return limitWindow
	case c.trip > 0 && p.queued(c.trip):
		return limitQueue
	case float64(c.Lost) > lossShare*float64(c.Packets):
		return limitLoss
	case c.trip > 0:
		return limitFloor
	}
	return limitUnseen
}

// queued reports whether a round trip of the longer leg shows a queue.
func (p *pace) queued(trip float64) bool {
	least := queueLeast
	if p.leg == fact.LegDown {
		least = queueAcks
	}
	return p.floor > 0 && trip >= queueFactor*p.floor && trip >= p.floor+least
}

// backloggedShare is the part of the bytes that came while the sender was held up.
func (p *pace) backloggedShare() float64 {
	var all, held float64
	for i := range p.cells {
		all += p.cells[i].bytes
		if p.cells[i].limit.backlogged() {
			held += p.cells[i].bytes
		}
	}
	if all == 0 {
		return 0
	}
	return held / all
}

// limits lists what limited the cells, the commonest first, with their share.
func (p *pace) limits() (first limit, share float64) {
	var n [len(limitTexts)]int
	for i := range p.cells {
		n[p.cells[i].limit]++
	}
	for l, k := range n {
		if k > n[first] {
			first = limit(l)
		}
	}
	return first, float64(n[first]) / float64(max(len(p.cells), 1))
}
