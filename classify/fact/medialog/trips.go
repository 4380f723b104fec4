package medialog

import (
	"time"

	"chokepoint/classify/fact"
)

const (
	// openAsks is how many questions of a flow may be open at a time.
	openAsks = 4
	// answerLate is after how long a question is given up, ns: STUN's clients ask
	// again within that (RFC 8489, section 6.2.1).
	answerLate = 2_000_000_000
	// Round trips are kept in buckets each a fifth wider than the one before, from a
	// quarter of a millisecond on: the last begins at 1.3 s.
	tripBuckets = 48
	tripLeast   = 250_000 // ns
)

// trips follows questions and answers by transaction.
type trips struct {
	open       [openAsks]ask
	next       uint8
	n          uint32
	unanswered uint32
	floor      int64 // ns, 0 none
	buckets    [tripBuckets]uint16
}

type ask struct {
	id uint32
	at int64 // ns, 0: answered
}

// ask notes a question. The same again makes the answer ambiguous (Karn): it is dropped.
func (t *trips) ask(id uint32, at int64) {
	for i := range t.open {
		if t.open[i].at != 0 && t.open[i].id == id {
			t.open[i].at = 0
			return
		}
	}
	o := &t.open[t.next%openAsks]
	t.next++
	if o.at != 0 {
		t.unanswered++
	}
	*o = ask{id, at}
}

// answer notes an answer.
func (t *trips) answer(id uint32, at int64) {
	for i := range t.open {
		o := &t.open[i]
		if o.at == 0 || o.id != id {
			continue
		}
		if d := at - o.at; d >= 0 && d < answerLate {
			t.add(d)
		}
		o.at = 0
		return
	}
}

func (t *trips) add(d int64) {
	t.n++
	if t.floor == 0 || d < t.floor {
		t.floor = max(d, 1)
	}
	b := 0
	for edge := int64(tripLeast); b < tripBuckets-1 && d >= edge; b++ {
		edge += edge / 5
	}
	if t.buckets[b] < 1<<16-1 {
		t.buckets[b]++
	}
}

// fact writes the round trips out as of a time.
func (t *trips) fact(now int64) fact.MediaTrips {
	out := fact.MediaTrips{N: t.n, Unanswered: t.unanswered, Floor: time.Duration(t.floor)}
	for _, o := range t.open {
		if o.at != 0 && now-o.at > answerLate {
			out.Unanswered++
		}
	}
	all := 0
	for _, n := range t.buckets {
		all += int(n)
	}
	left, edge := (all+9)/10, int64(tripLeast) // the slowest tenth
	edges := [tripBuckets]int64{}
	for b := range edges {
		edges[b] = edge
		edge += edge / 5
	}
	for b := tripBuckets - 1; b >= 0 && all > 0; b-- {
		if left -= int(t.buckets[b]); left <= 0 {
			out.P90 = time.Duration(edges[b])
			break
		}
	}
	return out
}
