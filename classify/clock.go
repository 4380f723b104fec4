package classify

const (
	second = 1_000_000_000
	// leap is how far ahead of the clock a packet may be to be believed alone
	// (the house's decision): one wrong time stamp must not end every flow.
	leap = 60 * second
	// stepBack is how far behind the clock a packet may be before it counts as
	// a step of the capturing host's clock.
	stepBack = 1 * second
)

// clock is packet time: the highest time seen.
type clock struct {
	now     int64 // ns; 0 before the first packet
	doubted int64 // a time far ahead that waits for a second packet
	stepped bool
}

// see moves the clock on by a packet's time.
func (c *clock) see(t int64) {
	switch {
	case c.now == 0:
		c.now = t
	case t <= c.now:
		if c.now-t > stepBack {
			c.stepped = true
		}
	case t-c.now <= leap:
		c.now = t
	case c.doubted != 0 && t >= c.doubted-leap:
		c.now, c.doubted = t, 0
		return
	default:
		c.doubted = t
		return
	}
	c.doubted = 0
}
