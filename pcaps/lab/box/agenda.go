package box

import (
	"container/heap"
	"time"
)

// After calls f once d has passed. A negative d counts as 0.
func (b *Box) After(d time.Duration, f func()) {
	b.queue.count++
	heap.Push(&b.queue, event{b.now + int64(max(d, 0)), b.queue.count, f})
}

// Next returns when the next thing is due.
func (b *Box) Next() (at int64, ok bool) {
	if len(b.queue.list) == 0 {
		return 0, false
	}
	return b.queue.list[0].at, true
}

// Run does everything that is due at a time, in order.
func (b *Box) Run(now int64) {
	for len(b.queue.list) > 0 && b.queue.list[0].at <= now {
		e := heap.Pop(&b.queue).(event)
		b.now = max(b.now, e.at)
		e.call()
	}
	b.now = max(b.now, now)
}

// agenda is a heap by time, then by when it was asked for.
type agenda struct {
	list  []event
	count uint64
}

type event struct {
	at   int64
	tie  uint64
	call func()
}

func (q *agenda) Len() int      { return len(q.list) }
func (q *agenda) Swap(i, j int) { q.list[i], q.list[j] = q.list[j], q.list[i] }
func (q *agenda) Less(i, j int) bool {
	a, b := &q.list[i], &q.list[j]
	return a.at < b.at || a.at == b.at && a.tie < b.tie
}
func (q *agenda) Push(x any) { q.list = append(q.list, x.(event)) }
func (q *agenda) Pop() any {
	last := len(q.list) - 1
	e := q.list[last]
	q.list[last] = event{}
	q.list = q.list[:last]
	return e
}
