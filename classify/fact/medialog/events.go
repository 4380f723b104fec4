package medialog

import (
	"math"

	"chokepoint/classify/fact"
)

// Wants reports whether something was lost in a direction and there is no buffer to
// keep it in.
func (l *Log) Wants(d fact.Dir) bool { return l.ways[d].leapt && l.ways[d].events == nil }

// Lend gives a direction a buffer for events: it keeps to its capacity.
func (l *Log) Lend(d fact.Dir, buf []fact.MediaEvent) { l.ways[d].events = buf[:0] }

// Return takes the buffers back.
func (l *Log) Return() (out [2][]fact.MediaEvent) {
	for d := range l.ways {
		out[d], l.ways[d].events = l.ways[d].events, nil
	}
	return out
}

// Events reports whether the direction has a buffer.
func (l *Log) Events(d fact.Dir) bool { return l.ways[d].events != nil }

// log keeps a datagram that came; i is its source, -1 none.
func (w *way) log(g *Datagram, i int) {
	if w.events == nil {
		return
	}
	e := fact.MediaEvent{Time: g.Time, Num: g.Num, Len: uint16(min(g.Len, 1<<16-1))}
	if i >= 0 {
		e.Src, e.Seq = uint8(i+1), g.RTP.Seq
		e.Delay, e.Timed = w.delay(g, i)
	}
	w.keep(e)
}

// keep appends an event. The older half makes room.
func (w *way) keep(e fact.MediaEvent) {
	if len(w.events) == cap(w.events) {
		n := copy(w.events, w.events[len(w.events)/2:])
		w.events = w.events[:n]
	}
	w.events = append(w.events, e)
}

// lose keeps packets that a source leapt over: as large as what shows the hole, dated
// at the arrival before it (rate-and-calls, section 2.1).
func (w *way) lose(g *Datagram, i int, n uint32) {
	if len(w.events) == 0 || n > uint32(cap(w.events)/2) {
		return
	}
	last := w.events[len(w.events)-1]
	for k := n; k > 0; k-- {
		w.keep(fact.MediaEvent{
			Time: last.Time, Num: last.Num, Len: uint16(min(g.Len, 1<<16-1)), Src: uint8(i + 1), Seq: g.RTP.Seq - uint16(k), Lost: true,
		})
	}
}

// unlose takes back a loss that was none: the packet was only overtaken. The event it
// makes itself follows.
func (w *way) unlose(g *Datagram, i int) {
	for k := len(w.events) - 1; k >= 0 && k >= len(w.events)-4*reorder; k-- {
		if e := &w.events[k]; e.Lost && e.Src == uint8(i+1) && e.Seq == g.RTP.Seq {
			e.Void = true
			return
		}
	}
}

// delay is how much later a packet came than its timestamp says, beside an early one
// of its source, µs.
func (w *way) delay(g *Datagram, i int) (int32, bool) {
	s, b := &w.sources[i], &w.bases[i]
	if s.clock == 0 {
		return 0, false
	}
	if !b.set {
		*b = base{g.Time, g.RTP.Timestamp, true}
	}
	us := (g.Time-b.at)/1000 - int64(int32(g.RTP.Timestamp-b.stamp))*1_000_000/int64(s.clock)
	return int32(us), us > math.MinInt32 && us < math.MaxInt32
}
