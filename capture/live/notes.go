//go:build linux

package live

import (
	"cmp"
	"slices"

	"chokepoint/capture"
)

// notes are what is to be told with the packets of its time.
type notes struct {
	waiting []capture.Note
}

func (q *notes) add(n capture.Note) { q.waiting = append(q.waiting, n) }

// release gives the batch the notes up to its time, in order.
func (q *notes) release(b *capture.Batch) {
	if len(q.waiting) == 0 {
		return
	}
	slices.SortStableFunc(q.waiting, func(a, b capture.Note) int { return cmp.Compare(a.Time, b.Time) })
	n := 0
	for n < len(q.waiting) && q.waiting[n].Time <= b.Now {
		n++
	}
	b.Notes = append(b.Notes, q.waiting[:n]...)
	q.waiting = slices.Delete(q.waiting, 0, n)
}
