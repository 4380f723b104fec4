package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// The budgets of live capture (design, "Budgets").
const (
	mustRecord    = 200_000               // records per second without loss
	aimRecord     = 400_000               // the same, aimed at
	mustUser      = 300 * time.Nanosecond // user CPU per record, ring to Packet
	mustAggregate = 110 * time.Nanosecond // in the kernel, counted only
	mustHeader    = 200 * time.Nanosecond // in the kernel, header record with TCP options
	patience      = 20 * time.Second      // for a child to get ready
)

// balance says what became of the packets that were sent.
type balance struct {
	Sent    uint64 // by the sender
	Dropped uint64 // by the cable, on the way
	Packets uint64 // delivered
	Lost    uint64 // found the ring full
	Unseen  uint64 // counted on their flow
}

// astray is how many packets nobody can account for; negative: that came from
// nowhere.
func (b balance) astray() int64 {
	return int64(b.Sent) - int64(b.Dropped+b.Packets+b.Lost+b.Unseen)
}

// check is an error where sent is not received and counted, or nothing was.
func (b balance) check() error {
	if b.Sent == 0 || b.Packets == 0 {
		return fmt.Errorf("nothing was sent, or nothing received: %+v", b)
	}
	if n := b.astray(); n != 0 {
		return fmt.Errorf("%d packets astray: %+v", n, b)
	}
	return nil
}

// spent is CPU time.
type spent struct{ User, System time.Duration }

// less returns what was spent beyond another measurement, at least nothing.
func (s spent) less(idle spent) spent {
	return spent{max(0, s.User-idle.User), max(0, s.System-idle.System)}
}

// flow is one round: packets at a rate, and what they took.
type flow struct {
	balance
	spent
	Measured uint64        // packets that spent is for
	Took     time.Duration // of sending
}

// rate is packets per second as they were sent.
func (f flow) rate() float64 { return float64(f.Sent) / f.Took.Seconds() }

// each is a time per packet that was measured.
func (f flow) each(d time.Duration) time.Duration {
	return time.Duration(float64(d) / float64(max(1, f.Measured)))
}

// best picks the round with the fewest packets lost and counted, and among those that
// with the least user CPU: a busy machine only adds to either.
func best(rounds []flow) flow {
	return slices.MinFunc(rounds, func(a, b flow) int {
		return cmp.Or(cmp.Compare(a.Lost+a.Unseen, b.Lost+b.Unseen), cmp.Compare(a.each(a.User), b.each(b.User)))
	})
}

// pace holds a sender to a rate.
type pace struct {
	rate  int // packets per second, 0: as fast as it goes
	began time.Time
}

// wait is how long to wait before the packet after so many.
func (p pace) wait(sent uint64, now time.Time) time.Duration {
	if p.rate == 0 {
		return 0
	}
	due := time.Duration(float64(sent) / float64(p.rate) * float64(time.Second))
	return max(0, due-now.Sub(p.began))
}
