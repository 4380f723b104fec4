package classify

import (
	"sync"
	"sync/atomic"

	"chokepoint/capture"
)

// inFlight is how many batches there are: the one being read, one a worker is
// on, one it can go on with. A batch has at most 65536 packets.
const inFlight = 3

// load is a batch with the packets that each worker has to take.
type load struct {
	capture.Batch
	todo  [][]uint16 // packets dealt, by worker
	given []int      // how many of them were handed out
	users atomic.Int32
}

// crew deals packets to shards: at once, or to workers that own some shards
// each.
type crew struct {
	run     *run
	workers int
	jobs    []chan job
	idle    sync.WaitGroup // jobs handed out and not done
	ended   sync.WaitGroup
	free    chan *load
	own     *load
	fault   atomic.Pointer[any] // what a worker panicked with
}

// job is a batch's packets, or something to do with each shard.
type job struct {
	load  *load
	todo  []uint16
	shard func(*shard)
}

func (c *crew) start(r *run, workers int) {
	c.run, c.workers = r, min(max(workers, 1), numShards)
	if c.workers == 1 {
		c.own = &load{}
		return
	}
	c.free = make(chan *load, inFlight)
	for range inFlight {
		c.free <- &load{todo: make([][]uint16, c.workers), given: make([]int, c.workers)}
	}
	c.jobs = make([]chan job, c.workers)
	for w := range c.jobs {
		c.jobs[w] = make(chan job, 2*inFlight)
		c.ended.Add(1)
		go c.work(w)
	}
}

// work is a worker: it owns the shards whose number leaves w.
func (c *crew) work(w int) {
	defer c.ended.Done()
	for j := range c.jobs[w] {
		c.do(w, &j)
	}
}

// do does a job. A panic is kept for the reader's goroutine, where the caller
// of Run can recover it.
func (c *crew) do(w int, j *job) {
	defer c.idle.Done()
	defer func() {
		if fault := recover(); fault != nil {
			c.fault.CompareAndSwap(nil, &fault)
		}
	}()
	if j.load == nil {
		for i := w; i < numShards; i += c.workers {
			j.shard(c.run.shards[i])
		}
		return
	}
	defer c.release(j.load)
	for _, i := range j.todo {
		p := &j.load.Packets[i]
		c.run.shards[p.Shard%numShards].packet(p)
	}
}

// batch returns a batch to read into.
func (c *crew) batch() *load {
	if c.workers == 1 {
		return c.own
	}
	b := <-c.free
	b.users.Store(1)
	for w := range b.todo {
		b.todo[w], b.given[w] = b.todo[w][:0], 0
	}
	return b
}

// deal gives a packet to its shard, or notes it for the shard's worker.
func (c *crew) deal(b *load, i uint16, p *capture.Packet) {
	if c.workers == 1 {
		c.run.shards[p.Shard%numShards].packet(p)
		return
	}
	w := int(p.Shard%numShards) % c.workers
	b.todo[w] = append(b.todo[w], i)
}

// flush hands out what was dealt.
func (c *crew) flush(b *load) {
	if c.workers == 1 {
		return
	}
	for w := range b.todo {
		todo := b.todo[w][b.given[w]:]
		if len(todo) == 0 {
			continue
		}
		b.given[w] += len(todo)
		b.users.Add(1)
		c.idle.Add(1)
		c.jobs[w] <- job{load: b, todo: todo}
	}
}

// done says that nothing more will be dealt of a batch.
func (c *crew) done(b *load) {
	if c.workers > 1 {
		c.release(b)
	}
}

// release gives a batch back when its last user is done.
func (c *crew) release(b *load) {
	if b.users.Add(-1) == 0 {
		c.free <- b
	}
}

// wait waits until the packets dealt so far have been taken in.
func (c *crew) wait() {
	if c.workers == 1 {
		return
	}
	c.idle.Wait()
	if fault := c.fault.Load(); fault != nil {
		panic(*fault)
	}
}

// each runs f on every shard and waits. Packets dealt before come first.
func (c *crew) each(f func(*shard)) {
	if c.workers == 1 {
		for _, s := range c.run.shards {
			f(s)
		}
		return
	}
	for w := range c.jobs {
		c.idle.Add(1)
		c.jobs[w] <- job{shard: f}
	}
	c.wait()
}

func (c *crew) stop() {
	for w := range c.jobs {
		close(c.jobs[w])
	}
	c.ended.Wait()
}
