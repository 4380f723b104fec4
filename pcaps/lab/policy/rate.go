package policy

import (
	"net/netip"
	"time"

	"chokepoint/pcaps/lab/box"
)

// Scope is what shares a rate. Each direction always has its own.
type Scope uint8

// All that the rule matches, each flow, each server.
const (
	PerRule Scope = iota
	PerFlow
	PerServer
)

// share is who shares a bucket or a queue.
type share struct {
	dir    box.Dir
	flow   *box.Flow
	server netip.Addr
}

func (s Scope) of(p *box.Packet) share {
	switch s {
	case PerFlow:
		return share{dir: p.Dir, flow: p.Flow}
	case PerServer:
		return share{dir: p.Dir, server: p.Server()}
	}
	return share{dir: p.Dir}
}

// size is the packet's length in IP bytes, which rates count.
func size(p *box.Packet) float64 { return float64(max(len(p.Frame)-ethernet, 0)) }

// Police is a token bucket: what comes too fast is dropped (RFC 2697 without
// colours).
type Police struct {
	Rate  float64 // bits/s of IP bytes
	Burst int     // bytes that may come at once; the bucket is full in the beginning
	Per   Scope

	buckets map[share]*bucket
}

type bucket struct {
	tokens float64 // bytes
	at     int64   // ns
}

// Throttle is a policer of each flow with the 20 kB or so that are reported to pass
// at once.
func Throttle(rate float64) *Police { return &Police{Rate: rate, Burst: 20_000, Per: PerFlow} }

// Act implements [box.Action].
func (a *Police) Act(b *box.Box, r *box.Rule, p *box.Packet) bool {
	if a.buckets == nil {
		a.buckets = map[share]*bucket{}
	}
	t := a.buckets[a.Per.of(p)]
	if t == nil {
		t = &bucket{float64(a.Burst), b.Now()}
		a.buckets[a.Per.of(p)] = t
	}
	t.tokens = min(float64(a.Burst), t.tokens+a.Rate/8*float64(b.Now()-t.at)/1e9)
	t.at = b.Now()
	if t.tokens < size(p) {
		return finish(b, r, p, true)
	}
	t.tokens -= size(p)
	return true
}

// Shape is a queue that is drained at a rate: what comes too fast waits, and is
// dropped where too much waits already. What waited is not shown to the rules that
// follow.
type Shape struct {
	Rate  float64 // bits/s of IP bytes
	Queue int     // bytes that may wait; 0: any number
	Burst int     // bytes that may leave at once after a pause
	Per   Scope

	queues map[share]*int64
}

// Act implements [box.Action].
func (a *Shape) Act(b *box.Box, r *box.Rule, p *box.Packet) bool {
	if a.queues == nil {
		a.queues = map[share]*int64{}
	}
	sent := a.queues[a.Per.of(p)] // when all so far will have been sent without a burst
	if sent == nil {
		sent = new(int64)
		a.queues[a.Per.of(p)] = sent
	}
	ns := 8e9 / a.Rate // a byte
	from := max(*sent, b.Now())
	leaves := from + int64(size(p)*ns+0.5)
	wait := time.Duration(leaves - int64(float64(a.Burst)*ns) - b.Now())
	if a.Queue > 0 && float64(wait)/ns > float64(a.Queue)+size(p) { // who is being sent does not wait
		return finish(b, r, p, true)
	}
	if *sent = leaves; wait <= 0 {
		return true
	}
	b.Note(r, box.Delayed, p)
	b.After(wait, func() { b.Forward(p) })
	return false
}

// Delay holds each packet for By and up to Jitter more. With a jitter packets
// overtake each other. They are not shown to the rules that follow.
type Delay struct {
	By, Jitter time.Duration
}

// Act implements [box.Action].
func (a Delay) Act(b *box.Box, r *box.Rule, p *box.Packet) bool {
	wait := a.By
	if a.Jitter > 0 {
		wait += time.Duration(b.Rand.Int64N(int64(a.Jitter)))
	}
	b.Note(r, box.Delayed, p)
	b.After(wait, func() { b.Forward(p) })
	return false
}
