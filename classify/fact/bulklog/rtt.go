package bulklog

import (
	"chokepoint/capture"
	"chokepoint/classify/fact"
)

const (
	// maxEchoes is how many timestamps may be on their way at once.
	maxEchoes = 16
	// staleEcho is when one that was never echoed is given up, ns.
	staleEcho = 10_000_000_000
)

// echoes are the timestamps the receiver sent and the sender has yet to echo,
// oldest first. Of several packets with one value the first counts, so that a
// sample is too long by at most one tick of that clock.
type echoes struct {
	n   int
	val [maxEchoes]uint32
	at  [maxEchoes]int64
}

func (e *echoes) sent(val uint32, now int64) {
	if e.n > 0 && now-e.at[0] > staleEcho {
		e.n = 0
	}
	if e.n == maxEchoes || e.n > 0 && !before(e.val[e.n-1], val) {
		return
	}
	e.val[e.n], e.at[e.n] = val, now
	e.n++
}

// echoed takes an echo and returns when its timestamp was sent, once.
func (e *echoes) echoed(val uint32) (at int64, ok bool) {
	k := 0
	for ; k < e.n && !before(val, e.val[k]); k++ {
		at, ok = e.at[k], e.val[k] == val
	}
	if k > 0 {
		e.n = copy(e.val[:], e.val[k:e.n])
		copy(e.at[:], e.at[k:k+e.n])
	}
	return at, ok
}

// cleanTrip is up to how many tenths of the shortest round trip one is near it: from
// where on the published detector calls a round trip inflated
// (INFLATED_RTT_THRESHOLD, Flach et al. 2016).
const cleanTrip = 13

// timer is the shortest retransmission timer of a sender, ns (TCP_RTO_MIN of Linux).
const timer = 200_000_000

// echoed returns the round trip to the sender that this packet completes, µs. A
// retransmission, what comes after a silence (as the copy of what was lost at the end
// does), and what is sent while a loss waits for repair, may have waited
// for a timer (RFC 8985, section 7.3) and then echoes late: of those only one near
// the shortest counts, as who waited takes longer. None shorter: a copy that was sent
// needlessly may take the place of its original in a capture put together later.
func (l *Log) echoed(p *capture.Packet) uint32 {
	if p.Has&capture.HasTS == 0 {
		return 0
	}
	at, ok := l.echo.echoed(p.TSecr)
	silent := l.minRTT[fact.LegUp] != 0 && p.Time-l.lastTime >= max(timer, 2000*int64(l.rtt()))
	waits := silent || p.Seq != l.next || l.cur.open > 0 || l.hasPrev && l.prev.open > 0
	if !ok || waits && !l.near(fact.LegUp, p.Time-at) {
		return 0
	}
	return l.sample(fact.LegUp, p.Time-at)
}

// near reports whether a round trip, ns, is about the shortest of its leg.
func (l *Log) near(leg fact.Leg, ns int64) bool {
	us, low := ns/1000, int64(l.minRTT[leg])
	return us >= low && us <= low*cleanTrip/10
}

// sample books a clean round trip, ns, and returns it in µs, at least 1.
func (l *Log) sample(leg fact.Leg, ns int64) uint32 {
	if ns < 0 {
		return 0
	}
	us := uint32(min(max(ns/1000, 1), 1<<32-1))
	if m := l.minRTT[leg]; m == 0 || us < m {
		l.minRTT[leg] = us
	}
	return us
}
