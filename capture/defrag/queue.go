package defrag

// queue is the datagrams of one IP version in the order they began, which is
// the order their time is up in.
type queue struct {
	oldest, newest *datagram
}

func (q *queue) push(d *datagram) {
	d.older = q.newest
	if q.newest == nil {
		q.oldest = d
	} else {
		q.newest.newer = d
	}
	q.newest = d
}

func (q *queue) drop(d *datagram) {
	if d.older == nil {
		q.oldest = d.newer
	} else {
		d.older.newer = d.newer
	}
	if d.newer == nil {
		q.newest = d.older
	} else {
		d.newer.older = d.older
	}
	d.older, d.newer = nil, nil
}
