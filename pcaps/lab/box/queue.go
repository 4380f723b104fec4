package box

import (
	"math/rand/v2"
	"time"
)

// ethernet is the length of an Ethernet II header. Links and queues count IP bytes.
const ethernet = 14

// size is the packet's length on an IP link, bytes.
func (p *Packet) size() int { return max(len(p.Frame)-ethernet, 0) }

// AQM is active queue management: it drops from a queue that is not full yet. One
// value serves one pipe.
type AQM interface {
	Refuse(q Standing) bool // a packet that arrives is dropped
	Expel(q Standing) bool  // a packet whose turn it is to be sent is dropped
}

// Standing is how a queue stands when a packet arrives or leaves it.
type Standing struct {
	Now   int64 // ns
	Bytes int   // that wait, without this packet
	// Packet by packet:
	Size   int           // of this packet, bytes
	Waited time.Duration // of this packet
	Rate   float64       // at which the queue drains, bits/s
	Rand   *rand.Rand
}

// line is the queue of a pipe with a rate, and who is being sent.
type line struct {
	list  []waiting
	head  int // of list: who is next
	bytes int
	busy  bool
}

type waiting struct {
	p     *Packet
	next  func(*Packet)
	since int64
}

func (q *line) push(w waiting) {
	q.list = append(q.list, w)
	q.bytes += w.p.size()
}

func (q *line) pop() (w waiting, ok bool) {
	if q.head == len(q.list) {
		q.list, q.head = q.list[:0], 0
		return w, false
	}
	w, q.list[q.head] = q.list[q.head], waiting{}
	q.bytes -= w.p.size()
	if q.head++; q.head >= 1024 && q.head*2 >= len(q.list) { // half of it is history
		n := copy(q.list, q.list[q.head:])
		clear(q.list[n:])
		q.list, q.head = q.list[:n], 0
	}
	return w, true
}

// enqueue puts the packet in line to be sent. Without a rate there is none.
func (l *Pipe) enqueue(b *Box, p *Packet, next func(*Packet)) {
	if l.Rate <= 0 && !l.line.busy {
		l.propagate(b, p, next)
		return
	}
	full := l.line.busy && l.Queue > 0 && l.line.bytes+p.size() > l.Queue
	if full || l.AQM != nil && l.AQM.Refuse(l.standing(b, p, b.now)) {
		b.lose(p)
		return
	}
	l.line.push(waiting{p, next, b.now})
	if !l.line.busy {
		l.serve(b)
	}
}

// serve sends who is next, and so on until nobody is.
func (l *Pipe) serve(b *Box) {
	w, ok := l.line.pop()
	for ok && l.AQM != nil && l.AQM.Expel(l.standing(b, w.p, w.since)) {
		b.lose(w.p)
		w, ok = l.line.pop()
	}
	l.line.busy = ok
	if !ok {
		return
	}
	takes := 0.0 // ns; the rate may have been lifted meanwhile
	if l.Rate > 0 {
		takes = float64(w.p.size()) * 8 / l.Rate * 1e9
	}
	b.After(time.Duration(takes+0.5), func() {
		l.propagate(b, w.p, w.next)
		l.serve(b)
	})
}

func (l *Pipe) standing(b *Box, p *Packet, since int64) Standing {
	return Standing{Now: b.now, Bytes: l.line.bytes, Size: p.size(), Waited: time.Duration(b.now - since), Rate: l.Rate, Rand: b.Rand}
}
