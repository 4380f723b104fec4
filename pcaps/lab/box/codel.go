package box

import (
	"cmp"
	"math"
	"time"
)

// CoDel is the AQM of RFC 8289: once packets have waited for more than Target all
// through an Interval it drops, ever more often until they do not. It drops also
// what could have been marked (ECN).
type CoDel struct {
	Target   time.Duration // 0: 5 ms (section 4.4)
	Interval time.Duration // 0: 100 ms (section 4.3)

	above    int64 // when the wait will have been over Target for an Interval, ns; 0: it is not
	dropping bool
	next     int64 // when to drop next, ns
	count    int   // drops since dropping began
	before   int   // count when dropping began last
}

// The defaults of RFC 8289, and how many bytes may wait without harm: one packet
// (section 5.3, maxpacket).
const (
	codelTarget   = 5 * time.Millisecond
	codelInterval = 100 * time.Millisecond
	codelSpare    = 1500
)

// Refuse implements [AQM]: CoDel takes all.
func (c *CoDel) Refuse(Standing) bool { return false }

// Expel implements [AQM] (RFC 8289 section 5.5, one packet a call).
func (c *CoDel) Expel(q Standing) bool {
	c.Target, c.Interval = cmp.Or(c.Target, codelTarget), cmp.Or(c.Interval, codelInterval)
	bad := c.bad(q)
	switch {
	case !bad:
		c.dropping = false
		return false
	case !c.dropping:
		c.begin(q.Now)
		return true
	case q.Now < c.next:
		return false
	}
	c.count++
	c.next = c.law(c.next)
	return true
}

// bad reports whether there has been a standing queue for an interval.
func (c *CoDel) bad(q Standing) bool {
	switch {
	case q.Waited < c.Target || q.Bytes <= codelSpare:
		c.above = 0
	case c.above == 0:
		c.above = q.Now + int64(c.Interval)
	default:
		return q.Now >= c.above
	}
	return false
}

// begin enters the dropping state, at the pace of the last time if that is not
// long ago.
func (c *CoDel) begin(now int64) {
	lately := c.count - c.before
	c.dropping, c.count = true, 1
	if lately > 1 && now-c.next < 16*int64(c.Interval) {
		c.count = lately
	}
	c.next, c.before = c.law(now), c.count
}

// law is the control law: the time between drops shrinks with the square root of
// their number.
func (c *CoDel) law(t int64) int64 {
	return t + int64(float64(c.Interval)/math.Sqrt(float64(c.count)))
}
