//go:build linux

package live

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// slew is how much slower the time of packets may move towards the wall clock
	// than time itself: 1 % distorts no rate and no round trip that matters, and
	// the time of packets never steps back for a step of the wall clock.
	slew = 100
	// leap is from where on a step of the wall clock is taken over at once, ns.
	leap = int64(time.Second)
)

// clock turns the boot clock, which the kernel's records carry, into the time of
// packets: it follows the wall clock smoothly.
type clock struct {
	at     uint64 // boot clock, from when on
	offset int64  // real - boot at that time
	goal   int64  // what it moves to
	last   uint64 // the latest time that was asked for
}

// real returns ns since the epoch. It is monotonic, and continuous but for leaps.
func (c *clock) real(boot uint64) int64 {
	return int64(boot) + c.offsetAt(boot)
}

func (c *clock) offsetAt(boot uint64) int64 {
	if boot <= c.at || c.offset == c.goal {
		return c.offset
	}
	moved := int64((boot - c.at) / slew)
	switch d := c.goal - c.offset; {
	case d > moved:
		return c.offset + moved
	case d < -moved:
		return c.offset - moved
	}
	return c.goal
}

// reached says that packets of that time are out: what comes after must follow on.
func (c *clock) reached(boot uint64) { c.last = max(c.last, boot) }

// compare takes a reading of both clocks. It returns by how much the wall clock
// stepped, ns, where that was too much to follow smoothly.
func (c *clock) compare(boot uint64, real int64) (step int64) {
	target := real - int64(boot)
	first := c.at == 0
	if d := target - c.offsetAt(boot); first || d > leap || d < -leap {
		*c = clock{at: boot, offset: target, goal: target, last: c.last}
		if !first {
			step = d
		}
		return step
	}
	// From the last packet on, not from now: packets before now are still to come.
	c.offset, c.at, c.goal = c.offsetAt(c.last), max(c.last, 1), target
	return 0
}

// stepped tells of a step.
func stepped(ns int64) string {
	return fmt.Sprintf("the wall clock stepped by %v: the time of packets steps with it", time.Duration(ns).Round(time.Millisecond))
}

// clocks reads both clocks as nearly at once as can be had in three attempts.
func clocks() (boot uint64, real int64) {
	best := int64(1 << 62)
	for range 3 {
		a, r, b := nanos(unix.CLOCK_BOOTTIME), nanos(unix.CLOCK_REALTIME), nanos(unix.CLOCK_BOOTTIME)
		if b-a < best {
			best, boot, real = b-a, uint64(a+(b-a)/2), r
		}
	}
	return boot, real
}

func nanos(id int32) int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(id, &ts); err != nil {
		panic(fmt.Sprintf("clock %d: %v", id, err)) // both exist since Linux 2.6.39
	}
	return ts.Nano()
}
