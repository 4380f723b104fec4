package detect

import (
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// bothSides is R11: each side is reset in the other's name at once. An endpoint that
// is reset falls silent or answers without a socket; two sockets that abort of
// themselves within two round trips are hardly ever seen.
func (c *resetCase) bothSides() []resetSign {
	if len(c.resets) == 0 || c.f.Vantage == "host" || c.f.Vantage == "server" || c.f.Local != nil {
		return nil // one of the sides is the capturing host, and its resets are its own
	}
	a, b := c.first(), c.firstOf(c.dir.Other())
	up, down := c.f.RTTMin(fact.Up), c.f.RTTMin(fact.Down)
	if b == nil || !up.Ok || !down.Ok || !active(a) || !active(b) {
		return nil
	}
	apart := time.Duration(max(a.Time-b.Time, b.Time-a.Time))
	if apart > 2*(up.V+down.V) {
		return nil
	}
	return []resetSign{{code: "R11", family: finding.Multiplicity, class: finding.S, needs: needBoth | needClock | needSYN,
		clause: "came " + inMs(apart) + " apart from one to the other side, each as of a socket that aborts by itself",
		got:    "one to each side", want: "one of them", packets: []uint64{min(a.Num, b.Num), max(a.Num, b.Num)}}}
}

// active reports whether a reset has the shape of a socket that aborts.
func active(r *fact.Reset) bool {
	return r.HasAck && !r.SYNOnly && r.HandshakeOK && !finBefore(r)
}

// firstOf is the first reset that claims to come from a side; nil: none.
func (c *resetCase) firstOf(d fact.Dir) *fact.Reset {
	for i := range c.f.Resets {
		if r := &c.f.Resets[i]; r.Dir == d {
			return r
		}
	}
	return nil
}
