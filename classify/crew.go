package classify

import (
	"context"
	"sync"
	"sync/atomic"

	"chokepoint/capture"
	"chokepoint/capture/decode"
)

// inFlight is how many batches there are when several workers share them: one
// being read, one they are on, and two between so that nobody waits for long.
const inFlight = 4

// load is a batch that all workers go through, each for the flows of its own
// shards. They only read it.
type load struct {
	capture.Batch
	list  []glance // of Packets, for several workers
	err   error    // how the source ended; nil: it did not
	drops bool     // the source has lost packets by now
	users atomic.Int32
}

// glance is the part of a packet that a worker needs to see that it is another's.
// It fills a cache line: the whole packet is seven, and would travel to each core.
type glance struct {
	frame   []byte
	time    int64
	num     uint64
	shard   uint64
	wireLen uint32
	ifc     uint16
	link    capture.LinkType
	segs    uint16 // 0: the source does not know
	known   bool   // shard is; otherwise all workers decode the packet
	decoded bool   // by the source: the whole packet counts
}

// look makes the list.
func (b *load) look() {
	b.list = b.list[:0]
	for i := range b.Packets {
		p := &b.Packets[i]
		g := glance{frame: p.Frame, time: p.Time, num: p.Num, wireLen: p.WireLen, ifc: p.If, link: p.Link}
		if p.Has&capture.HasSegs != 0 {
			g.segs = p.Segs
		}
		if g.decoded = p.Has&capture.Decoded != 0; !g.decoded {
			g.shard, g.known = decode.Peek(p)
		}
		b.list = append(b.list, g)
	}
}

// crew reads ahead and shares out batches. With one worker there is no other
// goroutine.
type crew struct {
	src     capture.Source
	workers []*worker
	meet    *barrier
	queues  []chan *load // by worker
	free    chan *load
	quit    chan struct{}
	ended   sync.WaitGroup
	once    sync.Once           // closes quit
	fault   atomic.Pointer[any] // what a goroutine panicked with
}

func newCrew(r *run, workers int) *crew {
	n := min(max(workers, 1), numShards)
	c := &crew{src: r.src, meet: newBarrier(n), quit: make(chan struct{})}
	for i := range n {
		c.workers = append(c.workers, newWorker(r, i, n))
	}
	return c
}

// work goes through the source on all workers; the first one runs on the
// caller's goroutine, where sinks are called and faults surface.
func (c *crew) work(ctx context.Context) error {
	if len(c.workers) == 1 {
		return c.alone(ctx)
	}
	c.free = make(chan *load, inFlight)
	for range inFlight {
		c.free <- &load{}
	}
	for range c.workers {
		c.queues = append(c.queues, make(chan *load, inFlight))
	}
	c.ended.Add(len(c.workers))
	go c.readAhead(ctx)
	for i := 1; i < len(c.workers); i++ {
		go c.follow(i)
	}
	defer c.stop()
	return c.loop(0)
}

// alone reads and works in turn.
func (c *crew) alone(ctx context.Context) error {
	var b load
	for {
		c.fill(ctx, &b)
		c.workers[0].batch(&b)
		if c.workers[0].run.out.err != nil {
			return nil // nobody listens
		}
		if b.err != nil {
			c.workers[0].finish()
			return b.err
		}
	}
}

// fill reads the next batch.
func (c *crew) fill(ctx context.Context, b *load) {
	if b.err = ctx.Err(); b.err != nil {
		b.Packets = b.Packets[:0]
		return
	}
	b.err = c.src.Read(&b.Batch)
	s := c.src.Stats()
	b.drops = s.Dropped+s.Lost > 0
}

// readAhead reads until the source ends or the crew stops.
func (c *crew) readAhead(ctx context.Context) {
	defer c.ended.Done()
	defer c.caught()
	for {
		var b *load
		select {
		case b = <-c.free:
		case <-c.quit:
			return
		}
		c.fill(ctx, b)
		b.look()
		b.users.Store(int32(len(c.workers)))
		for _, q := range c.queues {
			q <- b // never full: there are no more loads than places
		}
		if b.err != nil {
			return
		}
	}
}

// follow is the goroutine of all workers but the first.
func (c *crew) follow(i int) {
	defer c.ended.Done()
	defer c.caught()
	_ = c.loop(i) // the first worker tells
}

// loop goes through the loads as worker i.
func (c *crew) loop(i int) error {
	for {
		var b *load
		select {
		case b = <-c.queues[i]:
		case <-c.quit:
			panic(stopped{})
		}
		err := b.err
		c.workers[i].batch(b)
		if i == 0 && c.workers[0].run.out.err != nil {
			panic(stopped{}) // nobody listens
		}
		if b.users.Add(-1) == 0 {
			c.free <- b
		}
		if err != nil {
			c.workers[i].finish()
			return err
		}
	}
}

// stopped is what workers unwind with when one of them cannot go on.
type stopped struct{}

// fail ends all workers. What one of them panicked with surfaces on the
// caller's goroutine.
func (c *crew) fail(with any) {
	if _, ok := with.(stopped); !ok {
		c.fault.CompareAndSwap(nil, &with)
	}
	c.once.Do(func() { close(c.quit) })
	c.meet.stop()
}

// caught ends a goroutine of the crew.
func (c *crew) caught() {
	if x := recover(); x != nil {
		c.fail(x)
	}
}

// stop ends the crew when the first worker leaves, however it does.
func (c *crew) stop() {
	if x := recover(); x != nil {
		c.fail(x)
	}
	c.ended.Wait()
	if fault := c.fault.Load(); fault != nil {
		panic(*fault)
	}
}
