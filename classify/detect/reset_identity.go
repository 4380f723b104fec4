package detect

import (
	"fmt"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// Bounds of R6 (resets-and-drops, R6 and section 3.1).
const (
	hopsModerate = 2    // hops between reset and sender that count
	hopsStrong   = 5    // that are strong
	hopsUnstable = 4    // spread of the sender's own TTLs: no baseline
	ipidJump     = 4096 // between packets of one counter
	ipidTiny     = 15   // 1..15 without DF: ids older boxes make up
	longFlow     = 8    // packets that make a baseline of options and DSCP
)

// identity is R6: the reset does not look like its claimed sender. All of it is
// one family and never more than suspicion. The first reset is asked: after it,
// boxes that keep state may answer in the endpoint's place.
func (c *resetCase) identity() []resetSign {
	if len(c.resets) == 0 {
		return nil
	}
	var out []resetSign
	for _, feature := range []func(*fact.Reset) (resetSign, bool){
		c.distance, c.ipidOff, c.ipidMadeUp, c.dscp, c.dontFragment, c.bareOptions,
	} {
		if s, ok := feature(c.first()); ok {
			out = append(out, s)
		}
	}
	return out
}

func identitySign(r *fact.Reset, class finding.Class, clause, got, want string) resetSign {
	return resetSign{code: "R6", family: finding.Identity, class: class, needs: needHeaders,
		clause: clause, got: got, want: want, packets: []uint64{r.Num}}
}

// distance compares hop counts with the sender's nearest baseline.
func (c *resetCase) distance(r *fact.Reset) (resetSign, bool) {
	own := c.own()
	hops, change, base := c.nearest(r.TTL)
	want := fmt.Sprintf("TTL %d", base)
	got := fmt.Sprintf("TTL %d", r.TTL)
	rawTool := c.dir == fact.Up && echo(r) // the program sets its own TTL, the kernel does not follow
	switch {
	case change == ttlSame || change == ttlNoBase || rawTool:
		return resetSign{}, false
	case change == ttlInitShift:
		return identitySign(r, finding.W, "starts from another TTL at the same distance ("+got+", its sender "+want+")", got, want), true
	case change == ttlOutOfBand:
		class := finding.M
		if c.wanders() {
			class = finding.S
		}
		return identitySign(r, class, got+" fits no initial TTL within 40 hops (its sender: "+want+")", got, want), true
	}
	class := finding.W
	switch unstable := int(own.TTLMax)-int(own.TTLMin) > hopsUnstable; {
	case hops >= hopsStrong && !unstable:
		class = finding.S
	case hops >= hopsModerate && !unstable:
		class = finding.M
	}
	clause := fmt.Sprintf("shows another distance: %s against its sender's %s, %d hops apart", got, want, hops)
	return identitySign(r, class, clause, got, want), true
}

// wanders reports whether the resets have several TTLs that fit no initial TTL:
// made up anew for each packet.
func (c *resetCase) wanders() bool {
	ttls := map[uint8]bool{}
	for i := range c.resets {
		if _, ok := hopDistance(c.resets[i].TTL); !ok {
			ttls[c.resets[i].TTL] = true
		}
	}
	return len(ttls) > 1
}

// nearest compares a TTL with every baseline of the claimed sender (routes may
// alternate) and returns the most innocent outcome.
func (c *resetCase) nearest(ttl uint8) (hops int, change ttlChange, base uint8) {
	own := c.own()
	if !own.TTL.Ok || ttl == 0 {
		return 0, ttlNoBase, 0
	}
	base = own.TTL.V
	hops, change = ttlDelta(ttl, base)
	for _, b := range own.TTLs {
		if b == 0 {
			continue
		}
		if h, ch := ttlDelta(ttl, b); ch < change || ch == change && h < hops {
			hops, change, base = h, ch, b
		}
	}
	return hops, change, base
}

func (c *resetCase) ipidOff(r *fact.Reset) (resetSign, bool) {
	last := c.own().LastIPID
	if c.own().IPID != fact.IPIDCounter || !last.Ok || !r.IPID.Ok || r.IPID.V == 0 {
		return resetSign{}, false // 0 with DF is what Linux answers with
	}
	d := int(int16(r.IPID.V - last.V))
	if max(d, -d) <= ipidJump {
		return resetSign{}, false
	}
	return identitySign(r, finding.W, fmt.Sprintf("has IP id %d, its sender counts at %d", r.IPID.V, last.V),
		fmt.Sprint(r.IPID.V), "IP id of the counter"), true
}

func (c *resetCase) ipidMadeUp(r *fact.Reset) (resetSign, bool) {
	if !r.IPID.Ok || r.IPID.V == 0 || r.IPID.V > ipidTiny || r.DF {
		return resetSign{}, false
	}
	if last := c.own().LastIPID; last.Ok && last.V-r.IPID.V+64 < 128 {
		return resetSign{}, false // the sender's own counter is there
	}
	return identitySign(r, finding.M, fmt.Sprintf("has IP id %d without DF", r.IPID.V), fmt.Sprint(r.IPID.V), "IP id of its sender"), true
}

// dscp: a reply without a socket copies the offender's DSCP, so only a reset
// that claims a socket can be moderate. ECN bits are left out: RST never has them.
func (c *resetCase) dscp(r *fact.Reset) (resetSign, bool) {
	tos := c.own().TOS
	if !tos.Ok || tos.V>>2 == r.TOS>>2 {
		return resetSign{}, false
	}
	class := finding.W
	if c.spoke() >= longFlow && r.HasAck && r.Window != 0 {
		class = finding.M
	}
	return identitySign(r, class, fmt.Sprintf("has DSCP %d, its sender %d", r.TOS>>2, tos.V>>2), fmt.Sprint(r.TOS>>2), "DSCP of its sender"), true
}

func (c *resetCase) dontFragment(r *fact.Reset) (resetSign, bool) {
	df := c.own().DF
	if !r.IPID.Ok || !df.Ok || df.V == r.DF {
		return resetSign{}, false
	}
	return identitySign(r, finding.W, fmt.Sprintf("has DF %t, its sender %t", r.DF, df.V), fmt.Sprint(r.DF), "DF of its sender"), true
}

// bareOptions: a socket that negotiated timestamps puts them on its own reset
// (RFC 7323 section 3.2), a reply without a socket does not.
func (c *resetCase) bareOptions(r *fact.Reset) (resetSign, bool) {
	both := c.own().TSOK && c.peer().TSOK
	fromSocket := r.HasAck && r.Window != 0 && r.SeqAhead.Ok && r.SeqAhead.V == 0
	if !both || !fromSocket || r.TSval.Ok || c.spoke() <= longFlow {
		return resetSign{}, false
	}
	return identitySign(r, finding.M, "has a window like a socket's but none of its timestamps", "no timestamps", "timestamps"), true
}
