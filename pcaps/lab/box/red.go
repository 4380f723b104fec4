package box

import (
	"cmp"
	"math"
)

// RED is random early detection (Floyd and Jacobson 1993): what arrives is dropped
// with a probability that grows with the average queue, from Min to Max bytes.
type RED struct {
	Min, Max int     // bytes
	MaxP     float64 // probability at Max; 0: 0.1. Above Max everything is dropped
	Weight   float64 // of the queue in the average; 0: 0.002

	avg   float64
	count int   // packets let in since the last drop
	idle  int64 // since when the queue is empty, ns; 0: it is not
}

// The paper's advice, and the packet that it ages the average by when idle.
const (
	redMaxP    = 0.1
	redWeight  = 0.002
	redPacket  = 1500
	noREDDrops = -1
)

// Refuse implements [AQM].
func (c *RED) Refuse(q Standing) bool {
	c.MaxP, c.Weight = cmp.Or(c.MaxP, redMaxP), cmp.Or(c.Weight, redWeight)
	c.average(q)
	switch {
	case c.avg < float64(c.Min):
		c.count = noREDDrops
		return false
	case c.avg >= float64(c.Max):
		c.count = 0
		return true
	}
	c.count++
	// The probability grows with each packet let in, so that drops are evenly apart.
	p := c.MaxP * (c.avg - float64(c.Min)) / float64(c.Max-c.Min)
	p /= max(1-float64(c.count)*p, 1e-9)
	if q.Rand.Float64() < p {
		c.count = 0
		return true
	}
	return false
}

// average follows the queue. While it is empty, the average falls as if packets
// had met it.
func (c *RED) average(q Standing) {
	if q.Bytes == 0 && c.idle > 0 {
		m := float64(q.Now-c.idle) / 1e9 * q.Rate / 8 / redPacket
		c.avg *= math.Pow(1-c.Weight, m)
	}
	if c.idle = 0; q.Bytes == 0 {
		c.idle = q.Now
	}
	c.avg += c.Weight * (float64(q.Bytes) - c.avg)
}

// Expel implements [AQM]: RED drops on arrival only.
func (c *RED) Expel(q Standing) bool {
	if q.Bytes == 0 {
		c.idle = q.Now
	}
	return false
}
