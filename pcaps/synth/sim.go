package synth

import (
	"container/heap"
	"math/rand/v2"
	"time"
)

// Sim is the clock and the event queue. Times are ns since the epoch.
type Sim struct {
	Rand  *rand.Rand
	now   int64
	start int64
	count uint64 // events made, breaks ties in the order they were asked for
	queue events
}

// Timer is an event that may be called off.
type Timer struct {
	at   int64
	tie  uint64
	call func() // nil: called off
}

// NewSim returns a simulation that begins at start. The seed decides
// everything that is random in it.
func NewSim(start time.Time, seed uint64) *Sim {
	// PCG is specified bit by bit, unlike the default source.
	return &Sim{Rand: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)), now: start.UnixNano(), start: start.UnixNano()}
}

// Now is the simulated time, ns since the epoch.
func (s *Sim) Now() int64 { return s.now }

// Since is the time since the beginning.
func (s *Sim) Since() time.Duration { return time.Duration(s.now - s.start) }

// After calls f once d has passed. A negative d counts as 0.
func (s *Sim) After(d time.Duration, f func()) *Timer {
	s.count++
	t := &Timer{at: s.now + int64(max(d, 0)), tie: s.count, call: f}
	heap.Push(&s.queue, t)
	return t
}

// At calls f when d has passed since the beginning.
func (s *Sim) At(d time.Duration, f func()) *Timer {
	return s.After(time.Duration(s.start+int64(d)-s.now), f)
}

// Stop calls the event off. A nil Timer is none.
func (t *Timer) Stop() {
	if t != nil {
		t.call = nil
	}
}

// pending reports whether the event is still to come.
func (t *Timer) pending() bool { return t != nil && t.call != nil }

// Run plays events until end has passed since the beginning; what is planned
// for later is never played.
func (s *Sim) Run(end time.Duration) {
	stop := s.start + int64(end)
	for len(s.queue) > 0 && s.queue[0].at <= stop {
		t := heap.Pop(&s.queue).(*Timer)
		s.now = t.at
		if f := t.call; f != nil {
			t.call = nil
			f()
		}
	}
	s.now = stop
}

// Jitter returns a random duration below d.
func (s *Sim) Jitter(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(s.Rand.Int64N(int64(d)))
}

// Bytes returns n random bytes.
func (s *Sim) Bytes(n int) []byte {
	b := make([]byte, n)
	for i := 0; i < n; i += 8 {
		v := s.Rand.Uint64()
		for k := i; k < min(i+8, n); k++ {
			b[k] = byte(v)
			v >>= 8
		}
	}
	return b
}

// events is a heap ordered by time, then by when they were asked for.
type events []*Timer

func (q events) Len() int      { return len(q) }
func (q events) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q events) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].tie < q[j].tie
}
func (q *events) Push(x any) { *q = append(*q, x.(*Timer)) }
func (q *events) Pop() any {
	old := *q
	t := old[len(old)-1]
	*q = old[:len(old)-1]
	return t
}
