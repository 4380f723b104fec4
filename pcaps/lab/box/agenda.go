package box

import "time"

// After calls f once d has passed. A negative d counts as 0.
func (b *Box) After(d time.Duration, f func()) {
	b.queue.push(event{b.now + int64(max(d, 0)), b.queue.count, f})
}

// Next returns when the next thing is due.
func (b *Box) Next() (at int64, ok bool) {
	if len(b.queue.list) == 0 {
		return 0, false
	}
	return b.queue.list[0].at, true
}

// Start begins the box's time: [Box.Elapsed] counts from here. Without it, the
// first frame or Run begins it.
func (b *Box) Start(now int64) {
	b.began = now
	b.Run(now)
}

// Elapsed is how long ago the box's time began.
func (b *Box) Elapsed() time.Duration { return time.Duration(b.now - b.began) }

// Run does everything that is due at a time, in order.
func (b *Box) Run(now int64) {
	if b.began == 0 {
		b.began = now
	}
	for len(b.queue.list) > 0 && b.queue.list[0].at <= now {
		e := b.queue.pop()
		b.now = max(b.now, e.at)
		e.call()
	}
	b.now = max(b.now, now)
}

// agenda is a heap by time, then by when it was asked for. It is written out here
// because container/heap puts each event on Go's heap once more.
type agenda struct {
	list  []event
	count uint64
}

type event struct {
	at   int64
	tie  uint64
	call func()
}

func (e *event) before(o *event) bool { return e.at < o.at || e.at == o.at && e.tie < o.tie }

func (q *agenda) push(e event) {
	q.count++
	q.list = append(q.list, e)
	i := len(q.list) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !e.before(&q.list[up]) {
			break
		}
		q.list[i] = q.list[up]
		i = up
	}
	q.list[i] = e
}

func (q *agenda) pop() event {
	first, last := q.list[0], len(q.list)-1
	e := q.list[last]
	q.list[last] = event{}
	q.list = q.list[:last]
	if last > 0 {
		q.sink(e)
	}
	return first
}

// sink puts e where the first event was and lets it go down to its place.
func (q *agenda) sink(e event) {
	i := 0
	for {
		down := 2*i + 1
		if down >= len(q.list) {
			break
		}
		if down+1 < len(q.list) && q.list[down+1].before(&q.list[down]) {
			down++
		}
		if !q.list[down].before(&e) {
			break
		}
		q.list[i] = q.list[down]
		i = down
	}
	q.list[i] = e
}
