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

// echoed returns the round trip to the sender that this packet completes, µs.
// Retransmissions give none: one that waited for a timer echoes late.
func (l *Log) echoed(p *capture.Packet) uint32 {
	if p.Has&capture.HasTS == 0 {
		return 0
	}
	at, ok := l.echo.echoed(p.TSecr)
	if !ok || before(p.Seq, l.next) {
		return 0
	}
	return l.sample(fact.LegUp, p.Time-at)
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
