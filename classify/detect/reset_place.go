package detect

import (
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// hopSlack is the uncertainty of one TTL: routes differ by a hop.
const hopSlack = 1

// place estimates from TTLs where the resets were made. Only distances that
// differ from the claimed sender's say anything: a rewritten packet shows the
// sender's own TTL, a made-up TTL no place at all.
func (c *resetCase) place(technique string) (*finding.Hops, finding.Segment) {
	sender := c.senderHops()
	if technique == "rewrite" {
		return serverOnly(c, sender), finding.UnknownSegment
	}
	injector := c.injectorHops()
	if injector == nil || sender == nil {
		return serverOnly(c, sender), finding.UnknownSegment
	}
	hops := &finding.Hops{Injector: injector}
	if c.dir == fact.Down {
		hops.Server = sender
	}
	// The box sits between the tap and the sender it speaks for, or its TTL
	// was chosen to look like anything; at zero hops it may be this very host.
	if injector[0] < 1 || injector[1] >= sender[0] {
		return hops, finding.UnknownSegment
	}
	if c.dir == fact.Up {
		return hops, finding.ClientSide
	}
	return hops, finding.ServerSide
}

func serverOnly(c *resetCase, sender *[2]int) *finding.Hops {
	if c.dir == fact.Up || sender == nil {
		return nil
	}
	return &finding.Hops{Server: sender}
}

// senderHops is the range of the claimed sender's own distances.
func (c *resetCase) senderHops() *[2]int {
	own := c.own()
	if !own.TTL.Ok {
		return nil
	}
	return hopRange(append(nonZero(own.TTLs[:]), own.TTL.V), 0)
}

// injectorHops is the range of the distances of resets (or of FINs, where
// there is no reset) that are not the claimed sender's.
func (c *resetCase) injectorHops() *[2]int {
	var ttls []uint8
	for i := range c.resets {
		if _, change, _ := c.nearest(c.resets[i].TTL); change == ttlOtherHops {
			ttls = append(ttls, c.resets[i].TTL)
		}
	}
	for i := range c.fins {
		if _, change, _ := c.nearest(c.fins[i].TTL); len(c.resets) == 0 && change == ttlOtherHops {
			ttls = append(ttls, c.fins[i].TTL)
		}
	}
	return hopRange(ttls, hopSlack)
}

// hopRange spans the distances of ttls, widened by slack; nil when there are
// none, or when they spread so far that they were made up.
func hopRange(ttls []uint8, slack int) *[2]int {
	var out *[2]int
	for _, t := range ttls {
		h, ok := hopDistance(t)
		if !ok {
			return nil
		}
		if out == nil {
			out = &[2]int{h, h}
		}
		out[0], out[1] = min(out[0], h), max(out[1], h)
	}
	if out == nil || out[1]-out[0] > hopsUnstable {
		return nil
	}
	return &[2]int{max(out[0]-slack, 0), out[1] + slack}
}

func nonZero(ttls []uint8) []uint8 {
	var out []uint8
	for _, t := range ttls {
		if t != 0 {
			out = append(out, t)
		}
	}
	return out
}
