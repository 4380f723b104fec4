package box

import (
	"cmp"
	"time"
)

// PIE is the AQM of RFC 8033: what arrives is dropped with a probability that a
// proportional-integral controller adjusts to hold the wait at Target.
type PIE struct {
	Target time.Duration // 0: 15 ms (QDELAY_REF)

	prob   float64
	spared time.Duration // burst allowance left
	wait   time.Duration // of the packet that left last (section 5.2 allows to measure it so)
	old    time.Duration // wait at the last update
	due    int64         // next update, ns; 0: none yet
}

// The constants of RFC 8033 section 4: T_UPDATE, MAX_BURST, alpha and beta in Hz.
const (
	pieTarget = 15 * time.Millisecond
	pieUpdate = 15 * time.Millisecond
	pieBurst  = 150 * time.Millisecond
	pieAlpha  = 0.125
	pieBeta   = 1.25
	pieSpare  = 2 * 1500 // bytes that may wait without harm: two packets
)

// Refuse implements [AQM] (RFC 8033 section 4.1).
func (c *PIE) Refuse(q Standing) bool {
	c.update(q.Now)
	if q.Bytes == 0 {
		c.wait = 0
	}
	if c.spared > 0 || c.old < c.Target/2 && c.prob < 0.2 || q.Bytes <= pieSpare {
		return false
	}
	return q.Rand.Float64() < c.prob
}

// Expel implements [AQM]: PIE drops on arrival only.
func (c *PIE) Expel(q Standing) bool {
	c.update(q.Now)
	c.wait = q.Waited
	return false
}

// update catches up with the periodic updates.
func (c *PIE) update(now int64) {
	if c.due == 0 || now-c.due > int64(time.Minute) { // idle that long is new
		*c = PIE{Target: cmp.Or(c.Target, pieTarget), spared: pieBurst, due: now + int64(pieUpdate)}
	}
	for ; c.due <= now; c.due += int64(pieUpdate) {
		c.adjust()
	}
}

// adjust is one update of the probability (section 4.2) and of the burst allowance
// (section 4.4).
func (c *PIE) adjust() {
	p := pieAlpha*(c.wait-c.Target).Seconds() + pieBeta*(c.wait-c.old).Seconds()
	p /= c.tune()
	if c.prob >= 0.1 {
		p = min(p, 0.02)
	}
	c.prob += p
	if c.wait == 0 && c.old == 0 {
		c.prob *= 0.98
	}
	c.prob = min(max(c.prob, 0), 1)
	c.spared = max(0, c.spared-pieUpdate)
	if c.prob == 0 && c.wait < c.Target/2 && c.old < c.Target/2 {
		c.spared = pieBurst
	}
	c.old = c.wait
}

// tune is by how much smaller steps are while the probability is small.
func (c *PIE) tune() float64 {
	for _, s := range [...]struct{ below, by float64 }{
		{1e-6, 2048}, {1e-5, 512}, {1e-4, 128}, {1e-3, 32}, {1e-2, 8}, {1e-1, 2},
	} {
		if c.prob < s.below {
			return s.by
		}
	}
	return 1
}
